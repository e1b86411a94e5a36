/**
 * Reads the header that begins a connection, in either version.
 *
 * Rules of this file:
 *  1. Bytes in, a value out, whatever the bytes. It keeps nothing: called again from the first byte when more
 *     are there.
 *  2. It never guesses: what is not a header is a violation as soon as that is certain.
 */
import { INCOMPLETE, LINE_PREFIX, SIGNATURE, type ProxyHeaderRead, violation } from "./header.ts";
import { readLine } from "./read-line.ts";
import { readBinary } from "./read-binary.ts";

/**
 * The largest header that is read unless said otherwise: what fits in the smallest segment that every TCP
 * must take (section 2).
 */
export const PROXY_HEADER_BYTES_MAX_DEFAULT = 536;

/**
 * Reads the header at `bytes[start..end)`. `bytesMax` (at least 107) bounds version 2, additions (TLVs) and
 * all; version 1 has its own bound.
 */
export function readProxyHeader(
  bytes: Uint8Array,
  start: number,
  end: number,
  bytesMax: number = PROXY_HEADER_BYTES_MAX_DEFAULT,
): ProxyHeaderRead {
  if (beginsWith(bytes, start, end, LINE_PREFIX)) {
    return end - start < LINE_PREFIX.length ? INCOMPLETE : readLine(bytes, start, end);
  }
  if (beginsWith(bytes, start, end, SIGNATURE)) {
    return end - start < SIGNATURE.length ? INCOMPLETE : readBinary(bytes, start, end, bytesMax);
  }
  return violation("PP_NO_HEADER");
}

/** Whether the bytes are those of `prefix`, as far as both go. */
function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  const length = Math.min(end - start, prefix.length);
  for (let index = 0; index < length; index++) if (bytes[start + index] !== prefix[index]) return false;
  return true;
}
