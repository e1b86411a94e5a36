/**
 * Reads what a client says first, over TLS records that may come in any pieces, up to its whole ClientHello:
 * so that its name and its abilities are known before a certificate is chosen. It sends nothing and decides
 * nothing; the same bytes then go to the machine, so the caller keeps them.
 *
 * Rules of this file:
 *  1. Bytes in, a reading out. Whatever the bytes, `push` returns; only a broken invariant throws.
 *  2. It holds the message only, at most `helloBytesMax` bytes, and no more than twice what has come; nothing
 *     of a hello that comes in one piece.
 *  3. What the caller has to keep is bounded too: by `helloBytesMax` and five bytes for each of `recordsMax`.
 *  4. What follows the message, in its record or after it, is not looked at: the machine judges it.
 *
 * ```text
 *  records   [22 3.1 len|═══ message ═══][22 3.1 len|═══ message ══|…]
 *  message              [1 length|════════════ body ══════════]
 * ```
 */
import { assert } from "../base/assert.ts";
import { type ClientHello, parseClientHello } from "./parse-client-hello.ts";
import { type TlsViolation, type TlsViolationCode, violation } from "./violations.ts";

/** What the bytes so far turned out to be. */
export type HelloReading =
  /** All is right so far, and more is needed. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "hello"; readonly hello: ClientHello }
  /** A method's letter: HTTP without TLS, most likely. It is told so in plain text. */
  | { readonly kind: "plain-http" }
  | { readonly kind: "violation"; readonly violation: TlsViolation };

export interface ClientHelloLimits {
  /** The longest ClientHello that is read, its header of four bytes included. */
  readonly helloBytesMax: number;
  /** Into how many records it may be cut. */
  readonly recordsMax: number;
}

/**
 * Hellos have 200 to 600 bytes, about 1,800 with a post-quantum key share, and some 10,000 with several of
 * them and a long ticket.
 */
export const CLIENT_HELLO_LIMITS_DEFAULT: ClientHelloLimits = { helloBytesMax: 32_768, recordsMax: 2_048 };

const HANDSHAKE_RECORD = 22;
const RECORD_HEADER_BYTES = 5;
/** RFC 8446 section 5.1. */
const RECORD_BYTES_MAX = 16_384;
const CLIENT_HELLO_MESSAGE = 1;
const MESSAGE_HEADER_BYTES = 4;
const MESSAGE_BYTES_MIN = 512;
const LETTER_A = 0x41;
const LETTER_Z = 0x5a;

const INCOMPLETE: HelloReading = { kind: "incomplete" };
const PLAIN_HTTP: HelloReading = { kind: "plain-http" };
const NOTHING = new Uint8Array(0);

/** One per connection, until it has given something else than `incomplete`. */
export class ClientHelloReader {
  readonly #limits: ClientHelloLimits;
  /** Of the header of the record that is being read: how many bytes have come, and the length in them. */
  #headerLength = 0;
  #recordLength = 0;
  /** Bytes of the record that have not come yet. */
  #recordLeft = 0;
  #records = 0;
  /** The message so far: `#message[0..#messageLength)`. */
  #message: Uint8Array = NOTHING;
  #messageLength = 0;
  #isOver = false;

  constructor(limits: ClientHelloLimits = CLIENT_HELLO_LIMITS_DEFAULT) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes, `bytes[start..end)`, borrowed until it returns. Not after it has given a result.
   */
  push(bytes: Uint8Array, start: number = 0, end: number = bytes.length): HelloReading {
    assert(!this.#isOver, "push after the hello was read");
    assert(0 <= start && start <= end && end <= bytes.length, "a stretch outside of its bytes");
    const reading = this.#read(bytes, start, end);
    this.#isOver = reading.kind !== "incomplete";
    if (this.#isOver) this.#message = NOTHING;
    else this.#invariants();
    return reading;
  }

  #read(bytes: Uint8Array, start: number, end: number): HelloReading {
    let at = start;
    while (at < end) {
      if (this.#recordLeft === 0) {
        const reading = this.#readHeaderByte(bytes[at]!);
        if (reading !== undefined) return reading;
        at++;
        continue;
      }
      const pieceEnd = Math.min(end, at + this.#recordLeft);
      const reading = this.#readFragment(bytes, at, pieceEnd);
      if (reading !== undefined) return reading;
      this.#recordLeft -= pieceEnd - at;
      at = pieceEnd;
    }
    return INCOMPLETE;
  }

  /** Judges each byte of a record's header as it comes: who speaks something else need not send more. */
  #readHeaderByte(byte: number): HelloReading | undefined {
    this.#headerLength++;
    if (this.#headerLength === 1) return this.#judgeType(byte);
    if (this.#headerLength === 2) return byte === 3 ? undefined : refused("TLS_BAD_RECORD_VERSION");
    // The version's second byte leaves here with the next two.
    const length = ((this.#recordLength << 8) | byte) & 0xffff;
    this.#recordLength = length;
    if (this.#headerLength < RECORD_HEADER_BYTES) return undefined;
    if (length === 0) return refused("TLS_EMPTY_RECORD");
    if (length > RECORD_BYTES_MAX) return refused("TLS_RECORD_TOO_LARGE");
    if (++this.#records > this.#limits.recordsMax) return refused("TLS_TOO_MANY_RECORDS");
    this.#recordLeft = length;
    this.#headerLength = 0;
    return undefined;
  }

  #judgeType(type: number): HelloReading | undefined {
    if (type === HANDSHAKE_RECORD) return undefined;
    if (this.#records > 0) return refused("TLS_UNEXPECTED_RECORD");
    if (type >= LETTER_A && type <= LETTER_Z) return PLAIN_HTTP;
    // Other kinds of records, 20 to 24, are TLS at least; a length with its highest bit is how SSL 2.0
    // begins.
    if (type >= 20 && type <= 24) return refused("TLS_UNEXPECTED_RECORD");
    return refused(type >= 0x80 ? "TLS_SSL2_HELLO" : "TLS_NOT_TLS");
  }

  /**
   * Takes the part of a record's contents that belongs to the message; parses the message once it is whole.
   */
  #readFragment(bytes: Uint8Array, start: number, end: number): HelloReading | undefined {
    if (this.#messageLength === 0 && this.#isWhole(bytes, start, end))
      return readingOf(bytes, start, start + messageBytes(bytes, start));
    let at = start;
    while (this.#messageLength < MESSAGE_HEADER_BYTES && at < end) {
      this.#keep(bytes, at, ++at);
      const fault = this.#findMessageFault();
      if (fault !== undefined) return refused(fault);
    }
    if (this.#messageLength < MESSAGE_HEADER_BYTES) return undefined;
    const needed = messageBytes(this.#message, 0);
    this.#keep(bytes, at, Math.min(end, at + needed - this.#messageLength));
    return this.#messageLength < needed ? undefined : readingOf(this.#message, 0, needed);
  }

  /** Most hellos come in one piece, and are read where they lie. */
  #isWhole(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < MESSAGE_HEADER_BYTES || bytes[start] !== CLIENT_HELLO_MESSAGE) return false;
    const needed = messageBytes(bytes, start);
    return needed <= end - start && needed <= this.#limits.helloBytesMax;
  }

  #findMessageFault(): TlsViolationCode | undefined {
    if (this.#message[0] !== CLIENT_HELLO_MESSAGE) return "TLS_NOT_CLIENT_HELLO";
    if (this.#messageLength < MESSAGE_HEADER_BYTES) return undefined;
    return messageBytes(this.#message, 0) > this.#limits.helloBytesMax ? "TLS_HELLO_TOO_LARGE" : undefined;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.#messageLength + end - start;
    if (needed > this.#message.length) {
      const grown = new Uint8Array(Math.max(MESSAGE_BYTES_MIN, needed, this.#message.length * 2));
      grown.set(this.#message.subarray(0, this.#messageLength));
      this.#message = grown;
    }
    this.#message.set(bytes.subarray(start, end), this.#messageLength);
    this.#messageLength = needed;
  }

  #invariants(): void {
    assert(this.#messageLength <= this.#limits.helloBytesMax, "holds more than a hello may have");
    assert(this.#recordLeft === 0 || this.#headerLength === 0, "is in a record's header and in its contents");
    assert(this.#recordLeft <= RECORD_BYTES_MAX, "waits for more than a record may have");
  }
}

/** The length of the message that begins at `start`, with its header, which is there. */
function messageBytes(bytes: Uint8Array, start: number): number {
  return MESSAGE_HEADER_BYTES + ((bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!);
}

/** Parses the whole message `bytes[start..end)`. */
function readingOf(bytes: Uint8Array, start: number, end: number): HelloReading {
  const parsed = parseClientHello(bytes, start + MESSAGE_HEADER_BYTES, end);
  return parsed.ok ? { kind: "hello", hello: parsed.value } : { kind: "violation", violation: parsed.error };
}

function refused(code: TlsViolationCode): HelloReading {
  return { kind: "violation", violation: violation(code) };
}
