/**
 * Values as DER (ITU-T X.690), as far as a certificate of our own needs them. It writes only, and knows no
 * certificates.
 */
import { assert } from "../../base/assert.ts";

const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: 0xa0,
} as const;
/** From this year on, dates need four digits (RFC 5280 section 4.1.2.5). */
const GENERALIZED_YEAR = 2050;

export function writeSequence(...parts: readonly Uint8Array[]): Buffer {
  return writeValue(TAGS.sequence, Buffer.concat(parts));
}

export function writeSet(...parts: readonly Uint8Array[]): Buffer {
  return writeValue(TAGS.set, Buffer.concat(parts));
}

/** `[number]`, explicit: around a whole value. */
export function writeContext(number: number, value: Uint8Array): Buffer {
  return writeValue(TAGS.context | number, value);
}

export function writeTrue(): Buffer {
  return writeValue(TAGS.boolean, Uint8Array.of(0xff));
}

/** A number of 0 or more, its highest byte first. */
export function writeInteger(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
  // A first bit that is set would make it negative.
  const padding = digits[0]! >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0);
  return writeValue(TAGS.integer, Buffer.concat([padding, digits]));
}

/** As in `1.2.840.10045.2.1`. */
export function writeObjectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  return writeValue(TAGS.objectId, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

export function writeUtf8String(text: string): Buffer {
  return writeValue(TAGS.utf8String, Buffer.from(text));
}

export function writeOctetString(bytes: Uint8Array): Buffer {
  return writeValue(TAGS.octetString, bytes);
}

/** Whole bytes: no bit of the last one is unused. */
export function writeBitString(bytes: Uint8Array): Buffer {
  return writeValue(TAGS.bitString, Buffer.concat([Uint8Array.of(0), bytes]));
}

/** A moment in milliseconds since 1970, to the second. The years 1950 to 9999. */
export function writeTime(ms: number): Buffer {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  assert(year >= 1950 && year <= 9999, "a year that a certificate cannot say");
  const digits = date.toISOString().replaceAll(/\.\d+|[-:T]/g, "");
  return year < GENERALIZED_YEAR
    ? writeValue(TAGS.utcTime, Buffer.from(digits.slice(2)))
    : writeValue(TAGS.generalizedTime, Buffer.from(digits));
}

function writeValue(tag: number, contents: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(tag, ...lengthBytes(contents.length)), contents]);
}

/** Short in one byte; from 128 on, how many bytes follow, then the length in them. */
function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return [0x80 | bytes.length, ...bytes];
}

/** Seven bits in each byte; all but the last have their highest bit set. */
function base128(value: number): readonly number[] {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128))
    bytes.unshift(0x80 | (left % 128));
  return bytes;
}
