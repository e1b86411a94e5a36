/**
 * Finds the body of one HTTP/1 message in received bytes: which stretches are data, and where it ends. Data
 * bytes are never looked at one by one; only chunk lines and trailers are. It does not hold data: stretches
 * are views for the caller.
 *
 * Rules of this file:
 *  1. `next` gives one event and moves `position`; call it until it says `more` or `end`.
 *  2. It keeps what a chunk line needs between calls, and the trailer section (bounded), nothing else.
 *  3. Chunk lines are read strictly (RFC 9112 section 7.1): hexadecimal digits, CR LF, no bare CR or LF in
 *     extensions.
 */
import { FRAMING, type Framing } from "../http/head.ts";
import { CLASS, HEX_DIGIT, VALUE } from "../http/characters.ts";
import { violationNumber } from "./violations.ts";

/**
 * `data`: a stretch `dataStart..dataEnd`. `more`: all bytes are used up. `end`: the body is whole. Negative:
 * a violation.
 */
export const BODY = { more: 0, data: 1, end: 2 } as const;

export const CHUNK_LINE_BYTES_MAX = 256;
export const TRAILER_BYTES_MAX = 8_192;
/** 16^11 is far above every real chunk, and far below what a number counts exactly. */
const CHUNK_SIZE_DIGITS_MAX = 11;

const BAD_CHUNK_SIZE = violationNumber("H1_BAD_CHUNK_SIZE");
const CHUNK_LINE_TOO_LONG = violationNumber("H1_CHUNK_LINE_TOO_LONG");
const BAD_CHUNK_END = violationNumber("H1_BAD_CHUNK_END");
const CONTENT_TOO_LARGE = violationNumber("H1_CONTENT_TOO_LARGE");
const TRAILERS_TOO_LARGE = violationNumber("H1_TRAILERS_TOO_LARGE");

const CR = 0x0d;
const LF = 0x0a;

/**
 * Where a reader stands. `data` is inside a length, or inside a chunk, or anywhere in a body that lasts until
 * close.
 */
const STATE = {
  done: 0,
  data: 1,
  chunkSize: 2,
  chunkExtension: 3,
  chunkLineEnd: 4,
  chunkEndCr: 5,
  chunkEndLf: 6,
  trailers: 7,
} as const;
type State = (typeof STATE)[keyof typeof STATE];

export class BodyReader {
  /** Where the last call stopped. */
  position = 0;
  dataStart = 0;
  dataEnd = 0;
  #state: State = STATE.done;
  #framing: Framing = FRAMING.none;
  /** Bytes left of the length or the chunk. */
  #left = 0;
  #total = 0;
  #bytesMax = 0;
  #lineBytes = 0;
  #digits = 0;
  #trailers: number[] | undefined;

  /** Begins a body. `bytesMax` bounds chunked bodies here; a length was bounded when its head was read. */
  start(framing: Framing, contentLength: number, bytesMax: number): void {
    this.#framing = framing;
    this.#left = framing === FRAMING.length ? contentLength : 0;
    this.#total = 0;
    this.#bytesMax = bytesMax;
    this.#trailers = undefined;
    if (framing === FRAMING.chunked) this.#startChunkLine();
    else this.#state = framing === FRAMING.untilClose || this.#left > 0 ? STATE.data : STATE.done;
  }

  /** True when the body is whole. One that lasts until close never is; its end is the connection's. */
  get isDone(): boolean {
    return this.#state === STATE.done;
  }

  /**
   * The trailer section of a chunked body that ended, with its empty line; `undefined` if it holds no field.
   */
  get trailers(): Uint8Array | undefined {
    return this.#trailers === undefined || this.#trailers.length <= 2
      ? undefined
      : Uint8Array.from(this.#trailers);
  }

  /** The next event in `bytes[at..end)`: one of `BODY`, or a violation. */
  next(bytes: Uint8Array, at: number, end: number): number {
    this.position = at;
    while (this.#state !== STATE.done && this.position < end) {
      if (this.#state === STATE.data) return this.#data(end);
      const fault = this.#framingByte(bytes[this.position++]!);
      if (fault !== 0) return fault;
    }
    return this.#state === STATE.done ? BODY.end : BODY.more;
  }

  #data(end: number): number {
    this.dataStart = this.position;
    if (this.#framing === FRAMING.untilClose) {
      this.dataEnd = end;
    } else {
      const length = Math.min(this.#left, end - this.position);
      this.#left -= length;
      this.dataEnd = this.position + length;
      if (this.#left === 0) this.#state = this.#framing === FRAMING.chunked ? STATE.chunkEndCr : STATE.done;
    }
    this.position = this.dataEnd;
    return BODY.data;
  }

  #startChunkLine(): void {
    this.#state = STATE.chunkSize;
    this.#left = 0;
    this.#lineBytes = 0;
    this.#digits = 0;
  }

  #framingByte(byte: number): number {
    switch (this.#state) {
      case STATE.chunkSize:
        return this.#chunkSize(byte);
      case STATE.chunkExtension:
        if (++this.#lineBytes > CHUNK_LINE_BYTES_MAX) return CHUNK_LINE_TOO_LONG;
        if (byte === CR) this.#state = STATE.chunkLineEnd;
        else if ((CLASS[byte]! & VALUE) === 0) return BAD_CHUNK_SIZE;
        return 0;
      case STATE.chunkLineEnd:
        if (byte !== LF) return BAD_CHUNK_SIZE;
        return this.#chunkLineEnded();
      case STATE.chunkEndCr:
        this.#state = STATE.chunkEndLf;
        return byte === CR ? 0 : BAD_CHUNK_END;
      case STATE.chunkEndLf:
        this.#startChunkLine();
        return byte === LF ? 0 : BAD_CHUNK_END;
      default:
        return this.#trailer(byte);
    }
  }

  #chunkSize(byte: number): number {
    if ((CLASS[byte]! & HEX_DIGIT) !== 0) {
      if (++this.#digits > CHUNK_SIZE_DIGITS_MAX) return BAD_CHUNK_SIZE;
      this.#left = this.#left * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
      return 0;
    }
    if (this.#digits === 0) return BAD_CHUNK_SIZE;
    if (byte === CR) this.#state = STATE.chunkLineEnd;
    else if (byte === 0x3b) this.#state = STATE.chunkExtension;
    else return BAD_CHUNK_SIZE;
    return 0;
  }

  #chunkLineEnded(): number {
    this.#total += this.#left;
    if (this.#total > this.#bytesMax) return CONTENT_TOO_LARGE;
    if (this.#left > 0) {
      this.#state = STATE.data;
    } else {
      this.#state = STATE.trailers;
      this.#trailers = [];
    }
    return 0;
  }

  /** Gathers the trailer section until its empty line. What its fields say is read when it is whole. */
  #trailer(byte: number): number {
    const trailers = this.#trailers!;
    if (trailers.length === TRAILER_BYTES_MAX) return TRAILERS_TOO_LARGE;
    trailers.push(byte);
    const length = trailers.length;
    if (byte !== LF) return 0;
    const ends =
      length === 2 ? trailers[0] === CR : trailers[length - 2] === CR && trailers[length - 3] === LF;
    if (ends) this.#state = STATE.done;
    return 0;
  }
}
