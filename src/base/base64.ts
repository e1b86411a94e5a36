/**
 * Base64 (RFC 4648 section 4) to bytes: how DER travels in JSON. Not for what a stranger sends: it takes
 * texts that were made by an encoder.
 */
import { assert } from "./assert.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

/** The bytes of a whole base64 text, padded or not. Anything else is a defect of ours. */
export function decodeBase64(text: string): Uint8Array {
  const length = text.endsWith("==") ? text.length - 2 : text.endsWith("=") ? text.length - 1 : text.length;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let index = 0; index < length; index++) {
    const value = VALUES[text.charCodeAt(index)] ?? -1;
    assert(value >= 0, "no base64");
    bits = ((bits << 6) | value) & 0xffffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[at++] = (bits >>> bitCount) & 0xff;
  }
  return bytes;
}

/** `bytes[start..end)` as base64 text, padded. */
export function encodeBase64(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  const pieces: string[] = [];
  let text = "";
  for (let at = start; at < end; at += 3) {
    const [first, second, third] = [bytes[at]!, bytes[at + 1], bytes[at + 2]];
    const left = end - at;
    const bits = (first << 16) | (left > 1 ? second! << 8 : 0) | (left > 2 ? third! : 0);
    text += ALPHABET[bits >> 18]! + ALPHABET[(bits >> 12) & 63]!;
    text += left > 1 ? ALPHABET[(bits >> 6) & 63]! : "=";
    text += left > 2 ? ALPHABET[bits & 63]! : "=";
    if (text.length < 4_096) continue;
    pieces.push(text);
    text = "";
  }
  return pieces.join("") + text;
}
