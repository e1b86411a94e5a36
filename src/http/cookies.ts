/**
 * The cookies of a request, read in place: the values that one name has in its Cookie fields, in the order
 * sent. User agents send `name=value` pairs with `; ` between them (RFC 6265 section 4.2.1); HTTP/2 may
 * spread them over several fields.
 *
 * Nothing is refused here. A pair without `=` is passed over, white space around names and values does not
 * count, and neither does a pair of quotes around a value: cookies come from everywhere, and what is not
 * ours is none of our business.
 */
import { bytesOf, equalsBytes, equalsIgnoringCase } from "../base/bytes.ts";
import { FIELD } from "./fields.ts";
import type { Head } from "./head.ts";

const COOKIE = bytesOf("cookie");
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

/** Who looks at values. */
export interface CookieReader<Found> {
  /** What it makes of `bytes[start..end)`; `undefined` lets the search go on. */
  readValue(bytes: Uint8Array, start: number, end: number): Found | undefined;
}

/** What `reader` makes of the first value of cookie `name` (case-sensitive) that it makes something of. */
export function findCookie<Found>(
  head: Head,
  name: Uint8Array,
  reader: CookieReader<Found>,
): Found | undefined {
  for (let index = 0; index < head.fieldCount; index++) {
    if (!isCookieField(head, index)) continue;
    const found = findInField(head, index, name, reader);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Cookie is no known field: who does not ask for it should not pay for it. */
function isCookieField(head: Head, index: number): boolean {
  return (
    head.fieldId[index] === FIELD.other &&
    equalsIgnoringCase(head.bytes, head.nameStart[index]!, head.nameEnd[index]!, COOKIE)
  );
}

function findInField<Found>(
  head: Head,
  index: number,
  name: Uint8Array,
  reader: CookieReader<Found>,
): Found | undefined {
  const bytes = head.bytes;
  const end = head.valueEnd[index]!;
  for (let at = head.valueStart[index]!; at < end; at++) {
    const pairStart = at;
    while (at < end && bytes[at] !== SEMICOLON) at++;
    const found = readPair(bytes, pairStart, at, name, reader);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Reads the pair `bytes[start..end)`, which holds no semicolon. */
function readPair<Found>(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
  reader: CookieReader<Found>,
): Found | undefined {
  const nameStart = behindSpace(bytes, start, end);
  const nameEnd = nameStart + name.length;
  if (nameEnd >= end || !equalsBytes(bytes, nameStart, nameEnd, name)) return undefined;
  const equals = behindSpace(bytes, nameEnd, end);
  if (equals === end || bytes[equals] !== EQUALS) return undefined;
  let valueStart = behindSpace(bytes, equals + 1, end);
  let valueEnd = end;
  while (valueEnd > valueStart && isSpace(bytes[valueEnd - 1]!)) valueEnd--;
  if (valueEnd - valueStart >= 2 && bytes[valueStart] === QUOTE && bytes[valueEnd - 1] === QUOTE) {
    valueStart++;
    valueEnd--;
  }
  return reader.readValue(bytes, valueStart, valueEnd);
}

function behindSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
