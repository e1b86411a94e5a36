/**
 * Reads version 1 of the header, one line of text (section 2.1):
 *
 * ```text
 *  PROXY TCP4 192.0.2.1 198.51.100.7 56324 443␍␊
 *  PROXY UNKNOWN anything␍␊
 * ```
 *
 * Strict where the specification is: single spaces, canonical numbers, and CR LF.
 */
import { type Address, parseAddress, unmapped } from "../base/address.ts";
import { textOf } from "../base/bytes.ts";
import {
  INCOMPLETE,
  LINE_BYTES_MAX,
  LINE_PREFIX,
  type ProxyAddresses,
  type ProxyHeaderRead,
  violation,
} from "./header.ts";

const CR = 0x0d;
const LF = 0x0a;
const UNKNOWN = /^UNKNOWN(?: |$)/;

/** `bytes[start..end)` begins with `LINE_PREFIX`. */
export function readLine(bytes: Uint8Array, start: number, end: number): ProxyHeaderRead {
  const limit = Math.min(end, start + LINE_BYTES_MAX);
  let at = start + LINE_PREFIX.length;
  while (at < limit && bytes[at] !== CR && bytes[at] !== LF) at++;
  if (at < limit && bytes[at] === LF) return violation("PP_BAD_LINE");
  if (at + 1 >= limit) return end - start < LINE_BYTES_MAX ? INCOMPLETE : violation("PP_LINE_TOO_LONG");
  if (bytes[at + 1] !== LF) return violation("PP_BAD_LINE");
  const text = textOf(bytes, start + LINE_PREFIX.length, at);
  if (UNKNOWN.test(text)) return { kind: "header", end: at + 2, addresses: undefined };
  const addresses = parseAddresses(text);
  return addresses === undefined ? violation("PP_BAD_LINE") : { kind: "header", end: at + 2, addresses };
}

function parseAddresses(text: string): ProxyAddresses | undefined {
  const [protocol, sourceIp, destinationIp, sourcePort, destinationPort, ...more] = text.split(" ");
  if (destinationPort === undefined || more.length > 0) return undefined;
  const source = parseEnd(protocol, sourceIp, sourcePort);
  const destination = parseEnd(protocol, destinationIp, destinationPort);
  return source && destination && { source, destination };
}

function parseEnd(
  protocol: string | undefined,
  ip: string | undefined,
  port: string | undefined,
): Address | undefined {
  const isTcp6 = protocol === "TCP6";
  if (!isTcp6 && protocol !== "TCP4") return undefined;
  const address = parseAddress(isTcp6 ? `[${ip}]:${port}` : `${ip}:${port}`);
  return address?.family === (isTcp6 ? 6 : 4) ? unmapped(address) : undefined;
}
