/**
 * Request ids: ULIDs (26 characters, Crockford's base 32), 10 of time in milliseconds and 16 that begin at
 * random and count up, so that ids of one worker are unique and sort by time. Pure: the time and the seed
 * come in.
 */
import type { Prng } from "../base/prng.ts";
import { bytesOf, joinBytes, textOf } from "../base/bytes.ts";
import { CLASS, TOKEN } from "../http/characters.ts";
import { FIELD } from "../http/fields.ts";
import type { Head } from "../http/head.ts";

const DIGITS = bytesOf("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
const VALUES = new Uint8Array(256);
for (const [value, digit] of DIGITS.entries()) VALUES[digit] = value;

const REQUEST_ID_BYTES = 26;
const TIME_DIGITS = 10;
/** The longest id of a client that is kept. */
export const CLIENT_REQUEST_ID_BYTES_MAX = 128;

/** `X-Request-Id: `, which an id's line begins with. */
const LINE_START = bytesOf("X-Request-Id: ");
const LINE_END = bytesOf("\r\n");

/** A line for an id that is written into it again and again. */
export function createRequestIdLine(): Uint8Array {
  return requestIdLineOf(new Uint8Array(REQUEST_ID_BYTES), 0, REQUEST_ID_BYTES);
}

/** The line for an id that a client sent: `bytes[start..end)`. */
export function requestIdLineOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return joinBytes(LINE_START, bytes.subarray(start, end), LINE_END);
}

/** The id in a line. */
export function requestIdOf(line: Uint8Array): string {
  return textOf(line, LINE_START.length, line.length - 2);
}

export class RequestIds {
  readonly #current = new Uint8Array(REQUEST_ID_BYTES);
  #timeMs = -1;

  constructor(prng: Prng) {
    for (let at = TIME_DIGITS; at < REQUEST_ID_BYTES; at++) this.#current[at] = DIGITS[prng.below(32)]!;
  }

  /** Writes the next id, for `timeMs` since 1970, into a line of `createRequestIdLine`. */
  next(timeMs: number, line: Uint8Array): void {
    const current = this.#current;
    if (timeMs !== this.#timeMs) this.#setTime(timeMs);
    for (let at = REQUEST_ID_BYTES - 1; at >= TIME_DIGITS; at--) {
      const value = VALUES[current[at]!]! + 1;
      current[at] = DIGITS[value & 31]!;
      if (value < 32) break;
    }
    line.set(current, LINE_START.length);
  }

  #setTime(timeMs: number): void {
    this.#timeMs = timeMs;
    let rest = Math.floor(timeMs);
    for (let at = TIME_DIGITS - 1; at >= 0; at--) {
      this.#current[at] = DIGITS[rest % 32]!;
      rest = Math.floor(rest / 32);
    }
  }
}

/**
 * Index of the field whose value serves as this request's id: the client's own, if it is well formed; else
 * -1.
 */
export function findClientRequestId(head: Head): number {
  const index = head.findField(FIELD.xRequestId);
  if (index === -1 || head.hasRepeated(FIELD.xRequestId)) return -1;
  const start = head.valueStart[index]!;
  const end = head.valueEnd[index]!;
  if (start === end || end - start > CLIENT_REQUEST_ID_BYTES_MAX) return -1;
  for (let at = start; at < end; at++) {
    if ((CLASS[head.bytes[at]!]! & TOKEN) === 0) return -1;
  }
  return index;
}
