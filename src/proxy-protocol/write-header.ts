/**
 * Writes the header that begins a connection. Two IPv4 addresses go as IPv4; where one is IPv6 both go as
 * IPv6, the other one mapped. Without addresses it is UNKNOWN in version 1 and LOCAL in version 2.
 */
import { type Address, formatIp, mappedIpOf, unmapped } from "../base/address.ts";
import { bytesOf, putBytes } from "../base/bytes.ts";
import type { ProxyProtocolVersion } from "../model/objects.ts";
import {
  COMMAND,
  FAMILY,
  LINE_BYTES_MAX,
  LINE_PREFIX,
  type ProxyAddresses,
  SIGNATURE,
  TCP4_BYTES,
  TCP6_BYTES,
  VERSION_2,
} from "./header.ts";

/** The most that is written, in either version. */
export const WRITTEN_BYTES_MAX: number = LINE_BYTES_MAX;

/** Writes it to `target[at…]`, which has room for `WRITTEN_BYTES_MAX`, and returns where it ends. */
export function writeProxyHeader(
  target: Uint8Array,
  at: number,
  version: ProxyProtocolVersion,
  addresses: ProxyAddresses | undefined,
): number {
  const ends = addresses && endsOf(addresses);
  return version === "v1" ? writeLine(target, at, ends) : writeBinary(target, at, ends);
}

/** Both ends in one family. */
interface Ends {
  readonly family: 4 | 6;
  readonly ips: readonly [source: Uint8Array, destination: Uint8Array];
  readonly ports: readonly [source: number, destination: number];
}

function endsOf(addresses: ProxyAddresses): Ends {
  const source = unmapped(addresses.source);
  const destination = unmapped(addresses.destination);
  const family = source.family === 4 && destination.family === 4 ? 4 : 6;
  const ipOf = (address: Address): Uint8Array => (family === 4 ? address.ip : mappedIpOf(address));
  return { family, ips: [ipOf(source), ipOf(destination)], ports: [source.port, destination.port] };
}

function writeLine(target: Uint8Array, at: number, ends: Ends | undefined): number {
  const end = putBytes(target, at, LINE_PREFIX);
  if (ends === undefined) return putBytes(target, end, bytesOf("UNKNOWN\r\n"));
  const { family, ips, ports } = ends;
  return putBytes(target, end, bytesOf(`TCP${family} ${ips.map(formatIp).join(" ")} ${ports.join(" ")}\r\n`));
}

function writeBinary(target: Uint8Array, at: number, ends: Ends | undefined): number {
  let end = putBytes(target, at, SIGNATURE);
  if (ends === undefined) {
    target[end++] = VERSION_2 | COMMAND.local;
    target[end++] = FAMILY.unspecified;
    return putUint16(target, end, 0);
  }
  const { family, ips, ports } = ends;
  target[end++] = VERSION_2 | COMMAND.proxy;
  target[end++] = family === 4 ? FAMILY.tcp4 : FAMILY.tcp6;
  end = putUint16(target, end, family === 4 ? TCP4_BYTES : TCP6_BYTES);
  for (const ip of ips) end = putBytes(target, end, ip);
  for (const port of ports) end = putUint16(target, end, port);
  return end;
}

function putUint16(target: Uint8Array, at: number, value: number): number {
  target[at] = value >> 8;
  target[at + 1] = value & 0xff;
  return at + 2;
}
