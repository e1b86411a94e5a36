/**
 * One direction's records, sealed or opened by one AEAD of EVP. It counts records and makes nonces; what a
 * record means is not its matter.
 */
import { assert } from "../../base/assert.ts";
import { mapRegion, type Region } from "../arena.ts";
import {
  EVP_CIPHER_CTX_ctrl,
  EVP_CIPHER_CTX_free,
  EVP_CIPHER_CTX_new,
  EVP_CipherFinal_ex,
  EVP_CipherInit_ex,
  EVP_CipherUpdate,
} from "./evp-calls.ts";
import { deriveKey, updateSecret, wipeKeys } from "./key-schedule.ts";
import { bytesOfIv, startOfIv, type Side } from "./secrets.ts";
import type { Suite } from "./suites.ts";
import { takeError } from "./error-queue.ts";

export const RECORD_HEADER_BYTES = 5;
const TAG_BYTES = 16;
const EXPLICIT_NONCE_BYTES = 8;
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;

/** Where the arguments of one record lie. */
const NONCE = 0;
const NONCE_BYTES = 12;
const ASSOCIATED = 16;
const TYPE = 32;
const LENGTH = 40;
const page: Region = openPage();
const nonceAddress = page.addressOf(NONCE, NONCE_BYTES);
const typeAddress = page.addressOf(TYPE, 1);
const lengthAddress = page.addressOf(LENGTH, 4);
/** RFC 5246 section 6.2.3.3: number, type, version and length. TLS 1.3 takes the header as it is. */
const ASSOCIATED_BYTES = 13;
const associatedAddress = page.addressOf(ASSOCIATED, ASSOCIATED_BYTES);

export type Direction = "seal" | "open";

export class RecordCipher {
  readonly suite: Suite;
  /** How many bytes before and behind the plaintext a record has, without its header. */
  readonly prefixBytes: number;
  readonly overheadBytes: number;
  /** The number of the next record under this key. */
  sequence: number;
  readonly #context: number;
  readonly #secrets: number;
  readonly #side: Side;
  readonly #isSealing: 0 | 1;
  readonly #ivBytes: Uint8Array;
  readonly #ivStart: number;

  /** `secrets` holds the direction's secret or, for TLS 1.2, its IV; `key` is its key's address. */
  constructor(
    suite: Suite,
    secrets: number,
    side: Side,
    direction: Direction,
    sequence: number,
    key: number,
  ) {
    this.suite = suite;
    this.sequence = sequence;
    this.prefixBytes = suite.nonceKind === "explicit" ? EXPLICIT_NONCE_BYTES : 0;
    this.overheadBytes = this.prefixBytes + TAG_BYTES + (suite.isHidden ? 1 : 0);
    this.#secrets = secrets;
    this.#side = side;
    this.#isSealing = direction === "seal" ? 1 : 0;
    this.#ivBytes = bytesOfIv(secrets);
    this.#ivStart = startOfIv(secrets, side);
    this.#context = EVP_CIPHER_CTX_new();
    assert(this.#context !== 0, "no memory for a cipher");
    this.#setKey(suite.cipher, key);
  }

  /** The next key of TLS 1.3 takes the place of this one (RFC 8446 section 7.2). */
  update(): void {
    updateSecret(this.#secrets, this.#side, this.suite);
    this.#setKey(0, deriveKey(this.#secrets, this.#side, this.suite));
    wipeKeys();
    this.sequence = 0;
  }

  /**
   * Seals `length` bytes at `source` as one record whose header begins at `bytes[at]`, which has the address
   * `target`. Gives the record's length.
   */
  seal(type: number, source: number, length: number, bytes: Uint8Array, at: number, target: number): number {
    const { isHidden, nonceKind } = this.suite;
    const bodyBytes = length + this.overheadBytes;
    bytes[at] = isHidden ? 23 : type;
    bytes[at + 1] = 3;
    bytes[at + 2] = 3;
    bytes[at + 3] = bodyBytes >> 8;
    bytes[at + 4] = bodyBytes & 0xff;
    this.#layNonce();
    if (nonceKind === "explicit") {
      for (let index = 0; index < EXPLICIT_NONCE_BYTES; index++) {
        bytes[at + RECORD_HEADER_BYTES + index] = page.bytes[NONCE + 4 + index]!;
      }
    }
    const context = this.#context;
    const body = target + RECORD_HEADER_BYTES + this.prefixBytes;
    EVP_CipherInit_ex(context, 0, 0, 0, nonceAddress, 1);
    this.#associate(type, length, target);
    EVP_CipherUpdate(context, body, lengthAddress, source, length);
    let end = body + length;
    if (isHidden) {
      page.bytes[TYPE] = type;
      EVP_CipherUpdate(context, end, lengthAddress, typeAddress, 1);
      end++;
    }
    const isSealed =
      EVP_CipherFinal_ex(context, end, lengthAddress) === 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, end) === 1;
    assert(isSealed, "EVP does not seal");
    this.sequence++;
    return RECORD_HEADER_BYTES + bodyBytes;
  }

  /**
   * Opens the record whose header begins at `bytes[at]`, with the address `source`, and whose body has
   * `bodyBytes`, at least `overheadBytes`. Puts what is in it at `target`, which may be where the sealed
   * bytes themselves begin. Where `room` is one byte short, for TLS 1.3, the last byte goes to `spilled`.
   * Gives the length, for TLS 1.3 with the hidden type and its padding; -1 if the record was changed on its
   * way.
   */
  open(
    bytes: Uint8Array,
    at: number,
    source: number,
    bodyBytes: number,
    target: number,
    room: number,
  ): number {
    const sealedBytes = bodyBytes - this.prefixBytes - TAG_BYTES;
    const fitting = Math.min(sealedBytes, room);
    assert(sealedBytes - fitting <= 1, "opens a record into too little room");
    this.#layNonce();
    if (this.suite.nonceKind === "explicit") {
      for (let index = 0; index < EXPLICIT_NONCE_BYTES; index++) {
        page.bytes[NONCE + 4 + index] = bytes[at + RECORD_HEADER_BYTES + index]!;
      }
    }
    const context = this.#context;
    const body = source + RECORD_HEADER_BYTES + this.prefixBytes;
    EVP_CipherInit_ex(context, 0, 0, 0, nonceAddress, 0);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, body + sealedBytes);
    this.#associate(bytes[at]!, sealedBytes, source);
    if (fitting > 0) EVP_CipherUpdate(context, target, lengthAddress, body, fitting);
    if (fitting < sealedBytes) EVP_CipherUpdate(context, typeAddress, lengthAddress, body + fitting, 1);
    if (EVP_CipherFinal_ex(context, target, lengthAddress) !== 1) {
      takeError();
      return -1;
    }
    this.sequence++;
    return sealedBytes;
  }

  /** The last byte of the record that was opened, where there was no room for it. */
  get spilled(): number {
    return page.bytes[TYPE]!;
  }

  free(): void {
    EVP_CIPHER_CTX_free(this.#context);
  }

  #setKey(cipher: number, key: number): void {
    const isSet = EVP_CipherInit_ex(this.#context, cipher, 0, key, 0, this.#isSealing) === 1;
    assert(isSet, "EVP refuses a key");
  }

  #layNonce(): void {
    const nonce = page.bytes;
    const iv = this.#ivBytes;
    const start = this.#ivStart;
    for (let index = 0; index < 4; index++) nonce[NONCE + index] = iv[start + index]!;
    layNumber(nonce, NONCE + 4, this.sequence);
    if (this.suite.nonceKind === "explicit") return;
    for (let index = 4; index < NONCE_BYTES; index++) nonce[NONCE + index]! ^= iv[start + index]!;
  }

  /** Gives EVP what is authenticated beside the plaintext. */
  #associate(type: number, length: number, header: number): void {
    if (this.suite.isHidden) {
      EVP_CipherUpdate(this.#context, 0, lengthAddress, header, RECORD_HEADER_BYTES);
      return;
    }
    layNumber(page.bytes, ASSOCIATED, this.sequence);
    page.bytes[ASSOCIATED + 8] = type;
    page.bytes[ASSOCIATED + 9] = 3;
    page.bytes[ASSOCIATED + 10] = 3;
    page.bytes[ASSOCIATED + 11] = length >> 8;
    page.bytes[ASSOCIATED + 12] = length & 0xff;
    EVP_CipherUpdate(this.#context, 0, lengthAddress, associatedAddress, ASSOCIATED_BYTES);
  }
}

/** A whole number below 2^53 as eight bytes, the highest first. */
function layNumber(target: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 2 ** 32);
  target[at] = high >>> 24;
  target[at + 1] = high >>> 16;
  target[at + 2] = high >>> 8;
  target[at + 3] = high;
  target[at + 4] = value >>> 24;
  target[at + 5] = value >>> 16;
  target[at + 6] = value >>> 8;
  target[at + 7] = value;
}

function openPage(): Region {
  const mapped = mapRegion(4_096);
  assert(mapped.ok, "no memory for a record's arguments");
  return mapped.value;
}
