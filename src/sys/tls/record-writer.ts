/**
 * What we say, as records, sealed from where the plaintext lies to where it is sent from. What is to be said
 * is only noted by `write`, `alert` and `requestUpdate`; `take` seals it.
 */
import { assert } from "../../base/assert.ts";
import { mapRegion, type Region } from "../arena.ts";
import { RECORD_HEADER_BYTES, type RecordCipher } from "./record-cipher.ts";

/**
 * After as many records TLS 1.3 changes keys: AES-GCM is safe for 2^24.5 of full size (RFC 8446 section
 * 5.5). TLS 1.2 cannot.
 */
const RECORDS_PER_KEY_MAX = 2 ** 23;

const ALERT = 21;
const HANDSHAKE = 22;
const DATA = 23;

/** Messages that are the same for every connection. */
const page: Region = openPage();
const ALERT_AT = 0;
const ALERT_BYTES = 2;
const UPDATE_AT = 8;
/** KeyUpdate with update_not_requested (RFC 8446 section 4.6.3). */
const UPDATE = Uint8Array.of(24, 0, 0, 1, 0);
page.bytes.set(UPDATE, UPDATE_AT);
const alertAddress = page.addressOf(ALERT_AT, ALERT_BYTES);
const updateAddress = page.addressOf(UPDATE_AT, UPDATE.length);

/** An alert's two bytes as one number; `NO_ALERT` for none. */
const NO_ALERT = -1;

export interface RecordWriterOptions {
  /** The most plaintext that a record may carry: the client may have asked for less (RFC 6066 section 4). */
  readonly plaintextBytesMax: number;
  readonly recordsPerKeyMax?: number;
}

export class RecordWriter {
  readonly #memory: Region;
  readonly #cipher: RecordCipher;
  readonly #plaintextBytesMax: number;
  readonly #recordsPerKeyMax: number;
  #at = 0;
  #end = 0;
  #alert = NO_ALERT;
  #isUpdateDue = false;

  constructor(memory: Region, cipher: RecordCipher, options: RecordWriterOptions) {
    this.#memory = memory;
    this.#cipher = cipher;
    this.#plaintextBytesMax = options.plaintextBytesMax;
    this.#recordsPerKeyMax = options.recordsPerKeyMax ?? RECORDS_PER_KEY_MAX;
  }

  /** Plaintext `memory[start..end)`, which must stay there until all is taken. */
  write(start: number, end: number): void {
    assert(this.#at === this.#end, "writes before all was taken");
    this.#memory.addressOf(start, end - start);
    this.#at = start;
    this.#end = end;
  }

  /** The last thing that is said. `level` 1 warns, 2 is fatal. */
  alert(level: number, alert: number): void {
    if (this.#alert === NO_ALERT) this.#alert = (level << 8) | alert;
  }

  /** Our keys change before anything else is said (RFC 8446 section 4.6.3). */
  requestUpdate(): void {
    this.#isUpdateDue = true;
  }

  /** As a machine's. */
  take(at: number, max: number): number {
    let given = 0;
    for (;;) {
      const taken = this.#takeOne(at + given, max - given);
      if (taken === 0) return given;
      given += taken;
    }
  }

  free(): void {
    this.#cipher.free();
  }

  /** Seals one record at `at`; 0 if there is nothing to say, or too little room. */
  #takeOne(at: number, room: number): number {
    const fits = room - RECORD_HEADER_BYTES - this.#cipher.overheadBytes;
    if (this.#mustUpdate()) return fits < UPDATE.length ? 0 : this.#update(at);
    const left = this.#end - this.#at;
    if (left > 0) {
      const length = Math.min(left, fits, this.#plaintextBytesMax);
      if (length <= 0) return 0;
      const source = this.#memory.addressOf(this.#at, length);
      this.#at += length;
      return this.#seal(DATA, source, length, at);
    }
    if (this.#alert === NO_ALERT || fits < ALERT_BYTES) return 0;
    page.bytes[ALERT_AT] = this.#alert >> 8;
    page.bytes[ALERT_AT + 1] = this.#alert & 0xff;
    this.#alert = NO_ALERT;
    return this.#seal(ALERT, alertAddress, ALERT_BYTES, at);
  }

  #mustUpdate(): boolean {
    if (this.#isUpdateDue) return true;
    return this.#cipher.sequence >= this.#recordsPerKeyMax && this.#cipher.suite.isHidden;
  }

  #update(at: number): number {
    const taken = this.#seal(HANDSHAKE, updateAddress, UPDATE.length, at);
    this.#cipher.update();
    this.#isUpdateDue = false;
    return taken;
  }

  #seal(type: number, source: number, length: number, at: number): number {
    const whole = RECORD_HEADER_BYTES + length + this.#cipher.overheadBytes;
    const target = this.#memory.addressOf(at, whole);
    return this.#cipher.seal(type, source, length, this.#memory.bytes, at, target);
  }
}

function openPage(): Region {
  const mapped = mapRegion(4_096);
  assert(mapped.ok, "no memory for messages");
  return mapped.value;
}
