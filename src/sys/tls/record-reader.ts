/**
 * Records of the peer, from where they were received to where plaintext is wanted. A whole record is opened
 * from one place to the other without a copy. One that is not whole yet, or for which there is too little
 * room, is put together in a slot, which a connection at rest does not have.
 *
 * ```text
 *  input   [ ═══ record ═══ | ═══ record ═══ | ══ rec ]     the caller's, until `read` wants more
 *                                              └──► slot [ ══ rec…     ]   sealed, waits for the rest
 *                                                   slot [ plaintext… ]    opened, waits for room
 * ```
 */
import { assert } from "../../base/assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { CLOSED, FAULT, WANTS_MORE } from "../../tls/machine.ts";
import type { Region } from "../arena.ts";
import { PostHandshakeReader } from "./post-handshake.ts";
import { RECORD_HEADER_BYTES, type RecordCipher } from "./record-cipher.ts";
import { CLOSE_NOTIFY, peerAlert, RECORD_FAULTS, USER_CANCELED, type RecordFault } from "./record-faults.ts";
import type { Side } from "./secrets.ts";
import { Slab } from "./slab.ts";

/** RFC 8446 sections 5.1 and 5.2: the most that a record carries, and that sealing adds to it. */
export const PLAINTEXT_BYTES_MAX = 16_384;
const EXPANSION_BYTES_MAX = 256;
const SLOT_BYTES = 20_480;
/** As many records in a row as may bring nothing: empty ones, warnings, key updates. */
const USELESS_RECORDS_MAX = 32;

const ALERT = 21;
const HANDSHAKE = 22;
const DATA = 23;
const WARNING = 1;

const slots = new Slab({ pieceBytes: SLOT_BYTES, piecesPerRegion: 64, warmMax: 256 });
const NO_SLOT = -1;

/**
 * How many records are being put together or wait for room.
 * @public
 */
export function countSlots(): number {
  return slots.takenCount;
}

type State =
  | { readonly at: "open" }
  | { readonly at: "closed" }
  | { readonly at: "failed"; readonly why: RecordFault };

const OPEN: State = { at: "open" };

export class RecordReader {
  readonly #memory: Region;
  readonly #cipher: RecordCipher;
  readonly #messages: PostHandshakeReader;
  #state: State = OPEN;
  #at = 0;
  #end = 0;
  #slot = NO_SLOT;
  /** Of the slot: sealed bytes `[0..#held)`, or plaintext `[#plainAt..#plainEnd)`. */
  #held = 0;
  #plainAt = 0;
  #plainEnd = 0;
  #useless = 0;
  /** The peer has asked us to change our keys. Who writes takes note. */
  isUpdateRequested = false;

  constructor(memory: Region, cipher: RecordCipher, role: Side) {
    this.#memory = memory;
    this.#cipher = cipher;
    this.#messages = new PostHandshakeReader(role);
  }

  /** Why it can read no more. */
  get failure(): RecordFault | undefined {
    return this.#state.at === "failed" ? this.#state.why : undefined;
  }

  feed(start: number, end: number): void {
    assert(this.#at === this.#end, "feeds before all was read");
    if (this.#state.at !== "open") return;
    this.#at = start;
    this.#end = end;
  }

  /** As a machine's. */
  read(at: number, max: number): number {
    assert(max > 0, "reads into no room");
    let given = 0;
    for (;;) {
      if (this.#plainAt < this.#plainEnd) given += this.#giveHeld(at + given, max - given);
      if (given === max) return given;
      const state = this.#state;
      if (state.at !== "open") {
        if (given > 0) return given;
        return state.at === "closed" ? CLOSED : FAULT;
      }
      const opened = this.#openNext(at + given, max - given);
      if (opened === WANTS_MORE) return given;
      given += Math.max(opened, 0);
    }
  }

  free(): void {
    this.#releaseSlot();
    this.#cipher.free();
  }

  /** Opens the next record. Gives what it put at `at`, `WANTS_MORE`, or -1 if that is nothing for now. */
  #openNext(at: number, room: number): number {
    const memory = this.#memory.bytes;
    if (this.#slot === NO_SLOT) {
      const bodyBytes = this.#wholeBody(memory, this.#at, this.#end - this.#at);
      if (bodyBytes >= 0) {
        const start = this.#at;
        const whole = RECORD_HEADER_BYTES + bodyBytes;
        if (room >= bodyBytes - this.#cipher.overheadBytes) {
          this.#at += whole;
          return this.#openTo(memory, start, this.#memory.addressOf(start, whole), bodyBytes, at, room);
        }
        this.#hold(whole);
        return this.#openInSlot(bodyBytes);
      }
      if (this.#state.at !== "open") return -1;
      if (this.#at === this.#end) return WANTS_MORE;
    }
    return this.#gather(at, room);
  }

  /** Brings input to the record in the slot until that is whole. */
  #gather(at: number, room: number): number {
    if (this.#held < RECORD_HEADER_BYTES) this.#hold(RECORD_HEADER_BYTES - this.#held);
    const slot = slots.bytesOf(this.#slot);
    const start = slots.startOf(this.#slot);
    if (this.#held < RECORD_HEADER_BYTES) return WANTS_MORE;
    const needed = this.#checkedBody(slot, start);
    if (needed < 0) return -1;
    this.#hold(RECORD_HEADER_BYTES + needed - this.#held);
    if (this.#held < RECORD_HEADER_BYTES + needed) return WANTS_MORE;
    if (room < needed - this.#cipher.overheadBytes) return this.#openInSlot(needed);
    const source = slots.addressOf(this.#slot, 0, this.#held);
    const opened = this.#openTo(slot, start, source, needed, at, room);
    this.#releaseSlot();
    return opened;
  }

  /** The body's length of a record that is whole in `bytes[start..start + length)`; -1 if it is not (yet). */
  #wholeBody(bytes: Uint8Array, start: number, length: number): number {
    if (length < RECORD_HEADER_BYTES) return -1;
    const bodyBytes = this.#checkedBody(bytes, start);
    return length < RECORD_HEADER_BYTES + bodyBytes ? -1 : bodyBytes;
  }

  /** The body's length that a header tells; -1 and a failure if the header cannot be right. */
  #checkedBody(bytes: Uint8Array, start: number): number {
    const type = bytes[start]!;
    const length = (bytes[start + 3]! << 8) | bytes[start + 4]!;
    const isExpected = this.#cipher.suite.isHidden ? type === DATA : type >= ALERT && type <= DATA;
    if (!isExpected || bytes[start + 1] !== 3) return this.#fail(RECORD_FAULTS.unexpected);
    if (length > PLAINTEXT_BYTES_MAX + EXPANSION_BYTES_MAX) return this.#fail(RECORD_FAULTS.tooLong);
    if (length < this.#cipher.overheadBytes) return this.#fail(RECORD_FAULTS.tooShort);
    return length;
  }

  /** Opens a whole record to `at`, where there is room for its plaintext. */
  #openTo(
    bytes: Uint8Array,
    start: number,
    source: number,
    bodyBytes: number,
    at: number,
    room: number,
  ): number {
    const target = this.#memory.addressOf(at, room);
    const opened = this.#cipher.open(bytes, start, source, bodyBytes, target, room);
    if (opened < 0) return this.#fail(RECORD_FAULTS.changed);
    const length = this.#judge(bytes[start]!, this.#memory.bytes, at, opened, opened > room);
    return length === 0 ? -1 : length;
  }

  /** Opens the whole record in the slot where it lies; its plaintext waits there. */
  #openInSlot(bodyBytes: number): number {
    const bytes = slots.bytesOf(this.#slot);
    const start = slots.startOf(this.#slot);
    const offset = RECORD_HEADER_BYTES + this.#cipher.prefixBytes;
    const source = slots.addressOf(this.#slot, 0, this.#held);
    const type = bytes[start]!;
    const opened = this.#cipher.open(bytes, start, source, bodyBytes, source + offset, bodyBytes);
    this.#held = 0;
    if (opened < 0) return this.#fail(RECORD_FAULTS.changed);
    const length = this.#judge(type, bytes, start + offset, opened, false);
    this.#plainAt = start + offset;
    this.#plainEnd = this.#plainAt + Math.max(length, 0);
    if (length <= 0) this.#releaseSlot();
    return -1;
  }

  /**
   * What an opened record is: how many bytes of data, or 0 or -1 for anything else, which is done here.
   * `isSpilled`: its last byte is not here but the cipher's.
   */
  #judge(outerType: number, bytes: Uint8Array, at: number, opened: number, isSpilled: boolean): number {
    let type = outerType;
    let length = opened;
    if (this.#cipher.suite.isHidden) {
      type = isSpilled ? this.#cipher.spilled : 0;
      if (isSpilled) length--;
      while (type === 0 && length > 0) type = bytes[at + --length]!;
      if (type === 0) return this.#fail(RECORD_FAULTS.unexpected);
    }
    if (length > PLAINTEXT_BYTES_MAX) return this.#fail(RECORD_FAULTS.tooLong);
    if (type !== HANDSHAKE && this.#messages.isInside) return this.#fail(RECORD_FAULTS.unexpected);
    if (type === DATA && length > 0) {
      this.#useless = 0;
      return length;
    }
    if (++this.#useless > USELESS_RECORDS_MAX) return this.#fail(RECORD_FAULTS.useless);
    if (type === ALERT) this.#readAlert(bytes, at, length);
    else if (type === HANDSHAKE) this.#readMessages(bytes, at, length);
    else if (type !== DATA) this.#fail(RECORD_FAULTS.unexpected);
    return 0;
  }

  #readAlert(bytes: Uint8Array, at: number, length: number): void {
    if (length !== 2) {
      this.#fail(RECORD_FAULTS.malformed);
      return;
    }
    const level = bytes[at]!;
    const alert = bytes[at + 1]!;
    const isHarmless = this.#cipher.suite.isHidden ? alert === USER_CANCELED : level === WARNING;
    if (alert === CLOSE_NOTIFY) this.#stop({ at: "closed" });
    else if (!isHarmless) this.#fail(peerAlert(alert));
  }

  #readMessages(bytes: Uint8Array, at: number, length: number): void {
    if (!this.#cipher.suite.isHidden) {
      this.#fail(RECORD_FAULTS.renegotiation);
      return;
    }
    const found = this.#messages.read(bytes, at, at + length);
    if (found === "nothing") return;
    if (found !== "key-update" && found !== "key-update-requested") {
      this.#fail(found);
      return;
    }
    this.#cipher.update();
    if (found === "key-update-requested") this.isUpdateRequested = true;
  }

  #fail(why: RecordFault): -1 {
    this.#stop({ at: "failed", why });
    return -1;
  }

  /** Nothing of what follows is looked at. */
  #stop(state: State): void {
    this.#state = state;
    this.#at = this.#end;
  }

  /** Moves up to `length` bytes of input behind those in the slot. */
  #hold(length: number): void {
    const moved = Math.min(length, this.#end - this.#at);
    if (this.#slot === NO_SLOT) this.#slot = slots.take();
    const target = slots.startOf(this.#slot) + this.#held;
    assert(this.#held + moved <= SLOT_BYTES, "a record longer than its slot");
    copyBytes(slots.bytesOf(this.#slot), target, this.#memory.bytes, this.#at, this.#at + moved);
    this.#held += moved;
    this.#at += moved;
  }

  #giveHeld(at: number, room: number): number {
    const length = Math.min(room, this.#plainEnd - this.#plainAt);
    copyBytes(this.#memory.bytes, at, slots.bytesOf(this.#slot), this.#plainAt, this.#plainAt + length);
    this.#plainAt += length;
    if (this.#plainAt === this.#plainEnd) this.#releaseSlot();
    return length;
  }

  #releaseSlot(): void {
    if (this.#slot === NO_SLOT) return;
    slots.release(this.#slot);
    this.#slot = NO_SLOT;
    this.#held = 0;
    this.#plainAt = 0;
    this.#plainEnd = 0;
  }
}
