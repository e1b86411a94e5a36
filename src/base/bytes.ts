/**
 * Small work on bytes in place: compare, copy, read and write numbers. ASCII only; no strings are made on the
 * hot path.
 */

/** Makes bytes of an ASCII or Latin-1 text; characters above 255 are not allowed. For constants and tests. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** All parts, one behind another, in bytes of their own. */
export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Latin-1 text of `bytes[start..end)`. For rare paths: logs, explanations, regex rules. */
export function textOf(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** The value of a hexadecimal digit in ASCII, of either case. Anything else gives nonsense. */
export function hexDigitOf(character: number): number {
  return character < 0x3a ? character - 0x30 : (character & 0x0f) + 9;
}

/** True if `bytes[start..end)` are exactly those of `other`. */
export function equalsBytes(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let index = 0; index < other.length; index++) {
    if (bytes[start + index] !== other[index]) return false;
  }
  return true;
}

/** True if `bytes[start..end)` are the characters of `text`, which is ASCII or Latin-1. */
export function equalsText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/**
 * True if `bytes[start..end)` are the letters of `lower`, in any case. `lower` holds lower-case letters,
 * digits and `-` only.
 */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  start: number,
  end: number,
  lower: Uint8Array,
): boolean {
  if (end - start !== lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    if ((bytes[start + index]! | 0x20) !== lower[index]) return false;
  }
  return true;
}

/** True if two stretches hold the same bytes, ASCII letters in any case. */
export function sameIgnoringCase(
  one: Uint8Array,
  oneStart: number,
  oneEnd: number,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (oneEnd - oneStart !== otherEnd - otherStart) return false;
  for (let index = oneEnd - oneStart - 1; index >= 0; index--) {
    if (lowerCased(one[oneStart + index]!) !== lowerCased(other[otherStart + index]!)) return false;
  }
  return true;
}

function lowerCased(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/**
 * Below this many bytes a loop is quicker than the native copy (measured: a native call costs about 25 ns).
 */
const LOOP_BYTES_MAX = 24;

/**
 * Copies `source[start..end)` to `target[at…]` and returns where the copy ends. The stretches must not
 * overlap.
 */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length > LOOP_BYTES_MAX) {
    if (source === target) target.copyWithin(at, start, end);
    else target.set(source.subarray(start, end), at);
  } else {
    for (let index = 0; index < length; index++) target[at + index] = source[start + index]!;
  }
  return at + length;
}

/** Copies a whole constant to `target[at…]` and returns where it ends. */
export function putBytes(target: Uint8Array, at: number, constant: Uint8Array): number {
  target.set(constant, at);
  return at + constant.length;
}

const HEX = bytesOf("0123456789abcdef");

/** Writes a whole number ≥ 0 below 2^31 in lower-case hexadecimal and returns where it ends. */
export function putHexadecimal(target: Uint8Array, at: number, value: number): number {
  let shift = 0;
  while (shift < 28 && value >>> (shift + 4) !== 0) shift += 4;
  let end = at;
  for (; shift >= 0; shift -= 4) target[end++] = HEX[(value >>> shift) & 15]!;
  return end;
}
