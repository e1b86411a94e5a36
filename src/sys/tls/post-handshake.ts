/**
 * The messages that come after a handshake in TLS 1.3 (RFC 8446 section 4.6): a request to change keys, and
 * to clients new tickets, which we do not keep. They may be cut into records anyhow, except that a change of
 * keys ends its record (section 5.1).
 */
import { RECORD_FAULTS, type RecordFault } from "./record-faults.ts";
import type { Side } from "./secrets.ts";

const NEW_SESSION_TICKET = 4;
const KEY_UPDATE = 24;
const HEADER_BYTES = 4;
/** Two lengths of two bytes, and 13 bytes beside (section 4.6.1). */
const TICKET_BYTES_MAX = 2 * 65_535 + 255 + 13;

/** What a record of handshake type brought. */
export type PostHandshake = "nothing" | "key-update" | "key-update-requested" | RecordFault;

export class PostHandshakeReader {
  readonly #role: Side;
  readonly #message = new Uint8Array(HEADER_BYTES + 1);
  #length = 0;
  #skip = 0;

  /** `role`: ours. */
  constructor(role: Side) {
    this.#role = role;
  }

  /** A message has begun and not ended: no other type of record may come between. */
  get isInside(): boolean {
    return this.#length > 0 || this.#skip > 0;
  }

  /** Reads `bytes[start..end)`, what one record holds. */
  read(bytes: Uint8Array, start: number, end: number): PostHandshake {
    if (start === end) return RECORD_FAULTS.unexpected;
    for (let at = start; at < end;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, end - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      this.#message[this.#length++] = bytes[at++]!;
      if (this.#length < HEADER_BYTES) continue;
      const fault = this.#length === HEADER_BYTES ? this.#readHeader() : undefined;
      if (fault !== undefined) return fault;
      if (this.#length > HEADER_BYTES) return this.#readUpdate(at === end);
    }
    return "nothing";
  }

  #readHeader(): RecordFault | undefined {
    const [type, high, middle, low] = this.#message;
    const length = (high! << 16) | (middle! << 8) | low!;
    if (type === KEY_UPDATE) return length === 1 ? undefined : RECORD_FAULTS.malformed;
    if (type !== NEW_SESSION_TICKET || this.#role !== "client") return RECORD_FAULTS.unexpected;
    if (length > TICKET_BYTES_MAX) return RECORD_FAULTS.malformed;
    this.#skip = length;
    this.#length = 0;
    return undefined;
  }

  #readUpdate(endsRecord: boolean): PostHandshake {
    const request = this.#message[HEADER_BYTES]!;
    this.#length = 0;
    if (request > 1) return RECORD_FAULTS.badUpdate;
    if (!endsRecord) return RECORD_FAULTS.unexpected;
    return request === 1 ? "key-update-requested" : "key-update";
  }
}
