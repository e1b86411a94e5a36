/**
 * Frames on the command socket: JSON objects in UTF-8, each ended by one zero byte. State files and the
 * channel between main and workers use them too.
 *
 * Rules of this file:
 *  1. Bytes in, frames out, and back. It knows no socket, no clock, and not what an order means.
 *  2. Whatever the bytes, `push` and `next` return; only a broken invariant throws.
 *  3. It never holds more than `frameBytesMax` bytes of one frame, in memory of at most twice that.
 */
import { assert } from "../base/assert.ts";
import { decodeUtf8, decodeUtf8Leniently } from "../base/text.ts";
import { findFrameId } from "./frame-id.ts";
import { FRAME_BYTES_MAX } from "./limits.ts";

const ZERO = 0x00;
const PENDING_BYTES_MIN = 1_024;
/** What a reader keeps for the next frame; more is given back, since large frames are rare. */
const PENDING_BYTES_KEPT_MAX = 65_536;
const EMPTY: Uint8Array = new Uint8Array(0);

/** What a connection's bytes turned out to be, in order. */
export type Frame =
  | { readonly kind: "object"; readonly value: Readonly<Record<string, unknown>> }
  /** `id` is the order's where it can be read. */
  | {
      readonly kind: "malformed";
      readonly code: "BAD_FRAME";
      readonly reason: string;
      readonly id: string | null;
    }
  /** Nothing can be read after it: the caller answers and closes. */
  | { readonly kind: "too-large"; readonly code: "FRAME_TOO_LARGE"; readonly bytesMax: number };

/** One frame's text, with its zero byte, to be sent as UTF-8. JSON escapes zero, so there is no other. */
export function frameText(value: object): string {
  return `${JSON.stringify(value)}\0`;
}

/**
 * Splits a stream of bytes into frames. One per connection.
 *
 * ```text
 *  pending  [ {"id":"1","ty ]              received before, no zero byte yet
 *  given    [ pe":"STATUS"}␀{"id":"2",... ] → frame 1; the rest becomes pending
 * ```
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  #pending: Uint8Array = EMPTY;
  #pendingBytes = 0;
  #given: Uint8Array = EMPTY;
  #at = 0;
  #overflowed = false;

  constructor(options: { frameBytesMax?: number } = {}) {
    this.#frameBytesMax = options.frameBytesMax ?? FRAME_BYTES_MAX;
  }

  /** How many bytes of an unfinished frame are held. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** True if `next` has nothing more to give of the bytes that were given. */
  get isSpent(): boolean {
    return this.#given.length === 0;
  }

  /** Takes the next bytes (borrowed until it returns) and gives the frames that they complete. */
  push(bytes: Uint8Array): readonly Frame[] {
    this.give(bytes);
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  /**
   * Takes the next bytes (borrowed until `next` has given the last frame of them), for who reads frames one
   * at a time: a packet has room for thousands, and each takes its time. Those given before must be spent.
   */
  give(bytes: Uint8Array): void {
    assert(!this.#overflowed, "more bytes after a frame that was too large");
    assert(this.isSpent, "more bytes before the last ones were read");
    this.#given = bytes;
    this.#at = 0;
  }

  /** The next frame of the bytes that were given; `undefined` when they are spent. */
  next(): Frame | undefined {
    const bytes = this.#given;
    while (this.#at < bytes.length) {
      if (this.#pendingBytes === 0 && bytes[this.#at] === ZERO) {
        this.#at++;
        continue;
      }
      const zero = bytes.indexOf(ZERO, this.#at);
      const part = bytes.subarray(this.#at, zero === -1 ? bytes.length : zero);
      if (this.#exceeds(part.length)) return this.#overflow();
      this.#at += part.length + 1;
      if (zero === -1) this.#keep(part);
      const frame = zero === -1 ? undefined : readFrame(this.#take(part));
      if (frame !== undefined) return frame;
    }
    this.#given = EMPTY;
    this.#invariants();
    return undefined;
  }

  /** A copy of all bytes of which no frame was given yet, for another reader to go on with. */
  unread(): Uint8Array {
    const given = this.#given.subarray(this.#at);
    const unread = new Uint8Array(this.#pendingBytes + given.length);
    unread.set(this.#pending.subarray(0, this.#pendingBytes));
    unread.set(given, this.#pendingBytes);
    return unread;
  }

  #exceeds(moreBytes: number): boolean {
    return this.#pendingBytes + moreBytes > this.#frameBytesMax;
  }

  #overflow(): Frame {
    this.#overflowed = true;
    this.#given = EMPTY;
    this.#pending = EMPTY;
    this.#pendingBytes = 0;
    return { kind: "too-large", code: "FRAME_TOO_LARGE", bytesMax: this.#frameBytesMax };
  }

  /**
   * Copies, because the caller's buffer is only borrowed; into room that doubles, so that single bytes cost
   * no more than many.
   */
  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return;
    const needed = this.#pendingBytes + rest.length;
    if (needed > this.#pending.length) {
      const wider = new Uint8Array(
        Math.max(PENDING_BYTES_MIN, needed, Math.min(needed * 2, this.#frameBytesMax)),
      );
      wider.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = wider;
    }
    this.#pending.set(rest, this.#pendingBytes);
    this.#pendingBytes = needed;
  }

  /** The whole frame, of which `last` are the last bytes. Borrowed until the next `#keep`. */
  #take(last: Uint8Array): Uint8Array {
    if (this.#pendingBytes === 0) return last;
    this.#keep(last);
    const whole = this.#pending.subarray(0, this.#pendingBytes);
    this.#pendingBytes = 0;
    if (this.#pending.length > PENDING_BYTES_KEPT_MAX) this.#pending = EMPTY;
    return whole;
  }

  #invariants(): void {
    assert(this.#pendingBytes <= this.#frameBytesMax, "holds more than a frame may have");
    assert(this.#pendingBytes <= this.#pending.length, "counts bytes that it does not hold");
  }
}

/**
 * `undefined` for a frame of nothing but white space: a shell's newline between two orders is no order. Found
 * before it is parsed: a failure costs a thousand times as much, and a packet has room for 65,000 of them.
 */
function readFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.every(isWhiteSpace)) return undefined;
  const text = decodeUtf8(bytes);
  if (text === undefined) return malformed("not UTF-8", decodeUtf8Leniently(bytes));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return malformed(error instanceof Error ? error.message : "not JSON", text);
  }
  return isObject(value) ? { kind: "object", value } : malformed("not a JSON object", text);
}

/** White space of JSON (RFC 8259 section 2). */
function isWhiteSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function malformed(reason: string, text: string): Frame {
  return { kind: "malformed", code: "BAD_FRAME", reason, id: findFrameId(text) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
