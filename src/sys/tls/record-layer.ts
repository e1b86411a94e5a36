/**
 * A connection's records after its handshake, without OpenSSL's SSL: that has done its work and is freed,
 * because it takes 20 KB and more for as long as it lives. What stays are two ciphers and their secrets.
 */
import type { TlsFault } from "../../tls/faults.ts";
import type { Region } from "../arena.ts";
import { deriveKey, expandSessionSecret, wipeKeys } from "./key-schedule.ts";
import { RecordCipher } from "./record-cipher.ts";
import { CLOSE_NOTIFY } from "./record-faults.ts";
import { PLAINTEXT_BYTES_MAX, RecordReader } from "./record-reader.ts";
import { RecordWriter } from "./record-writer.ts";
import type { Side } from "./secrets.ts";
import { SSL_get_session, SSL_SESSION_get_max_fragment_length } from "./ssl-calls.ts";
import type { Suite } from "./suites.ts";

const WARNING = 1;
const FATAL = 2;
/** In TLS 1.2 each side's Finished was the first record under its key. */
const AFTER_FINISHED = 1;

/** What is taken over from a connection whose handshake is complete. */
export interface TakeOver {
  readonly ssl: number;
  readonly suite: Suite;
  /** Where the secrets are; the layer does not release them. */
  readonly secrets: number;
  readonly role: Side;
  /** How many records of ours OpenSSL has sealed with the keys that we take over. */
  readonly sealed: number;
}

/** Makes the keys from the secrets, and goes on where OpenSSL has stopped. */
export function takeOver(memory: Region, { ssl, suite, secrets, role, sealed }: TakeOver): RecordLayer {
  const peer: Side = role === "client" ? "server" : "client";
  const opened = suite.isHidden ? 0 : AFTER_FINISHED;
  const keys = suite.isHidden ? undefined : expandSessionSecret(ssl, secrets, suite);
  const keyOf = (side: Side): number => keys?.[side] ?? deriveKey(secrets, side, suite);
  const opening = new RecordCipher(suite, secrets, peer, "open", opened, keyOf(peer));
  const sealing = new RecordCipher(suite, secrets, role, "seal", sealed, keyOf(role));
  wipeKeys();
  const plaintextBytesMax = fragmentMax(ssl);
  return new RecordLayer(
    new RecordReader(memory, opening, role),
    new RecordWriter(memory, sealing, { plaintextBytesMax }),
  );
}

export class RecordLayer {
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;

  constructor(reader: RecordReader, writer: RecordWriter) {
    this.#reader = reader;
    this.#writer = writer;
  }

  get fault(): TlsFault | undefined {
    return this.#reader.failure?.fault;
  }

  feed(start: number, end: number): void {
    this.#reader.feed(start, end);
  }

  read(at: number, max: number): number {
    const reader = this.#reader;
    const before = reader.failure;
    const result = reader.read(at, max);
    if (reader.isUpdateRequested) {
      reader.isUpdateRequested = false;
      this.#writer.requestUpdate();
    }
    const alert = before === undefined ? reader.failure?.alert : undefined;
    if (alert !== undefined) this.#writer.alert(FATAL, alert);
    return result;
  }

  write(start: number, end: number): void {
    this.#writer.write(start, end);
  }

  take(at: number, max: number): number {
    return this.#writer.take(at, max);
  }

  shutdown(): void {
    this.#writer.alert(WARNING, CLOSE_NOTIFY);
  }

  free(): void {
    this.#reader.free();
    this.#writer.free();
  }
}

/**
 * As much as a record may carry where the client has asked for less: 2^9 to 2^12 bytes (RFC 6066 section 4).
 */
function fragmentMax(ssl: number): number {
  const wish = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));
  return wish === 0 ? PLAINTEXT_BYTES_MAX : 2 ** (8 + wish);
}
