/**
 * Bytes that both ends of a test can make for themselves, so that a transfer can be checked by its SHA-256.
 */
import { createHash } from "node:crypto";

/** A prime, so that no buffer size divides it: bytes that are lost or doubled always show. */
const PERIOD_BYTES = 65_521;
const PATTERN: Buffer = Buffer.from(
  Array.from({ length: PERIOD_BYTES }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff),
);

/** Bytes `start` to `end` of the endless content. */
export function contentSlice(start: number, end: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = start; at < end;) {
    const offset = at % PERIOD_BYTES;
    const part = PATTERN.subarray(offset, Math.min(PERIOD_BYTES, offset + end - at));
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}

/** The SHA-256 of the first `bytes` bytes, in hex. */
export function contentHash(bytes: number): string {
  const hash = createHash("sha256");
  for (let at = 0; at < bytes; at += PERIOD_BYTES)
    hash.update(contentSlice(at, Math.min(bytes, at + PERIOD_BYTES)));
  return hash.digest("hex");
}
