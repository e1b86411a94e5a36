/**
 * Reads version 2 of the header, binary (section 2.2):
 *
 * ```text
 *  [ signature 12 | version, command 1 | family, transport 1 | length 2 | addresses | additions (TLVs) ]
 *                                                                        └──────── length ───────────┘
 * ```
 *
 * Additions are passed over unread. What is valid and no TCP over IP (UDP, Unix sockets) is taken as if the
 * addresses were not given, as the specification asks of a reader that has no use for them.
 */
import { addressOf, unmapped } from "../base/address.ts";
import {
  COMMAND,
  FAMILY,
  FIXED_BYTES,
  INCOMPLETE,
  type ProxyAddresses,
  type ProxyHeaderRead,
  SIGNATURE,
  TCP4_BYTES,
  TCP6_BYTES,
  VERSION_2,
  violation,
} from "./header.ts";

const IP4_BYTES = 4;
const IP6_BYTES = 16;
/** Two paths of 108 bytes. */
const UNIX_BYTES = 216;

/** Families with their transports, and how many bytes their addresses take. */
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [FAMILY.unspecified, 0],
  [FAMILY.tcp4, TCP4_BYTES],
  [FAMILY.tcp6, TCP6_BYTES],
  [0x12, TCP4_BYTES],
  [0x22, TCP6_BYTES],
  [0x31, UNIX_BYTES],
  [0x32, UNIX_BYTES],
]);

/** `bytes[start..end)` begins with `SIGNATURE`. */
export function readBinary(bytes: Uint8Array, start: number, end: number, bytesMax: number): ProxyHeaderRead {
  const at = start + SIGNATURE.length;
  if (at === end) return INCOMPLETE;
  const command = bytes[at]! - VERSION_2;
  if (command !== COMMAND.local && command !== COMMAND.proxy) return violation("PP_BAD_COMMAND");
  if (end - start < FIXED_BYTES) return INCOMPLETE;
  const family = bytes[at + 1]!;
  const length = readUint16(bytes, at + 2);
  const headerEnd = start + FIXED_BYTES + length;
  if (headerEnd - start > bytesMax) return violation("PP_TOO_LARGE");
  // LOCAL: whatever is behind it, addresses and family are not to be looked at.
  const needed = command === COMMAND.local ? 0 : ADDRESS_BYTES.get(family);
  if (needed === undefined) return violation("PP_BAD_FAMILY");
  if (length < needed) return violation("PP_TOO_SHORT");
  if (headerEnd > end) return INCOMPLETE;
  const addresses = command === COMMAND.local ? undefined : readAddresses(bytes, start + FIXED_BYTES, family);
  return { kind: "header", end: headerEnd, addresses };
}

function readAddresses(bytes: Uint8Array, at: number, family: number): ProxyAddresses | undefined {
  if (family !== FAMILY.tcp4 && family !== FAMILY.tcp6) return undefined;
  const size = family === FAMILY.tcp4 ? IP4_BYTES : IP6_BYTES;
  const ports = at + 2 * size;
  return {
    source: unmapped(addressOf(bytes.slice(at, at + size), readUint16(bytes, ports))),
    destination: unmapped(addressOf(bytes.slice(at + size, ports), readUint16(bytes, ports + 2))),
  };
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
