/**
 * The host name that a client asks for in `server_name` (RFC 6066 section 3), in the one form that names are
 * compared in: lower case, without a dot at its end.
 */
import { parseAddress } from "../base/address.ts";
import { textOf } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { ByteCursor } from "./byte-cursor.ts";
import { RecentNames } from "./recent-names.ts";
import { type TlsViolation, violation } from "./violations.ts";

const HOST_NAME = 0;
/** A name as text (RFC 1035 section 2.3.4), without the dot that may end it. */
const NAME_BYTES_MAX = 253;
const LABEL_BYTES_MAX = 63;

const DOT = 0x2e;

const recent = new RecentNames();

/**
 * The name in a `server_name` extension. `undefined` where it says none that can be looked for: an IP address
 * is not permitted there, but is sent, and is as good as no name.
 */
export function parseServerName(extension: ByteCursor): Result<string | undefined, TlsViolation> {
  const list = extension.vector16();
  if (!extension.isSpent || list.left === 0) return fail(violation("TLS_MALFORMED_EXTENSION"));
  let found: ByteCursor | undefined;
  while (list.left > 0) {
    const type = list.uint8();
    // Names of other types begin with a length of 16 bits too (RFC 6066 section 3), so they can be skipped.
    const name = list.vector16();
    if (list.isOverrun || name.left === 0) return fail(violation("TLS_MALFORMED_EXTENSION"));
    if (type !== HOST_NAME) continue;
    if (found !== undefined) return fail(violation("TLS_REPEATED_SERVER_NAME"));
    found = name;
  }
  return found === undefined ? ok(undefined) : parseHostName(found.bytes, found.at, found.end);
}

/** The name that a client sends for a host, as a URL has it without its port: none for an IP address. */
export function serverNameFor(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, "");
  return name === "" || isIpAddress(name) ? undefined : name;
}

/**
 * Reads `bytes[start..end)` as a host name: labels of letters, digits, hyphens and the underscores that names
 * in use have.
 */
function parseHostName(
  bytes: Uint8Array,
  start: number,
  end: number,
): Result<string | undefined, TlsViolation> {
  const nameEnd = end - start > 1 && bytes[end - 1] === DOT ? end - 1 : end;
  if (nameEnd - start > NAME_BYTES_MAX) return fail(violation("TLS_BAD_SERVER_NAME"));
  const known = recent.find(bytes, start, nameEnd);
  if (known !== undefined) return ok(known);
  const text = textOf(bytes, start, nameEnd).toLowerCase();
  if (isIpAddress(text)) return ok(undefined);
  if (!isHostName(bytes, start, nameEnd)) return fail(violation("TLS_BAD_SERVER_NAME"));
  recent.keep(bytes, start, nameEnd, text);
  return ok(text);
}

function isHostName(bytes: Uint8Array, start: number, end: number): boolean {
  let labelStart = start;
  for (let at = start; at <= end; at++) {
    if (at < end && bytes[at] !== DOT) {
      if (!isLabelByte(bytes[at]!)) return false;
      continue;
    }
    if (at === labelStart || at - labelStart > LABEL_BYTES_MAX) return false;
    labelStart = at + 1;
  }
  return true;
}

function isLabelByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d /* - */ ||
    byte === 0x5f /* _ */
  );
}

/** IPv4, and IPv6 with or without brackets. Most names end in a letter and have no colon. */
function isIpAddress(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  const isLikeOne = (last >= 0x30 && last <= 0x39) || text.includes(":");
  if (!isLikeOne) return false;
  const host = text.includes(":") && !text.startsWith("[") ? `[${text}]` : text;
  return parseAddress(`${host}:1`) !== undefined;
}
