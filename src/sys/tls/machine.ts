/**
 * One secured connection: an SSL of OpenSSL between the shared BIOs.
 *
 * Rules of this file:
 *  1. Every call runs to its end. Nothing of a connection stays in the shared BIOs when the caller has read
 *     and taken to the end; a record that is not whole yet stays in its SSL.
 *  2. OpenSSL's error queue is empty before each call that may fail, and after it.
 */
import { assert } from "../../base/assert.ts";
import type { TlsFault } from "../../tls/faults.ts";
import { CLOSED, FAULT, WANTS_MORE, type TlsMachine, type TlsSession } from "../../tls/machine.ts";
import type { Region } from "../arena.ts";
import { connectionFault } from "./error-queue.ts";
import { Handle } from "./living.ts";
import { sessionOf } from "./session.ts";
import {
  abandon,
  claim,
  dropIncoming,
  putIncoming,
  shareBios,
  takeOutgoing,
  untakenOutgoing,
} from "./shared-bios.ts";
import {
  ERR_clear_error,
  SSL_do_handshake,
  SSL_free,
  SSL_get_error,
  SSL_get_verify_result,
  SSL_read,
  SSL_shutdown,
  SSL_write,
} from "./ssl-calls.ts";
import type { PackedKey } from "./ticket-keys.ts";

const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_ZERO_RETURN = 6;

/** A ticket of a previous key: where that key is put while the ClientHello is read. */
export interface PreviousTicket {
  readonly key: PackedKey;
  readonly context: { withTicketKey(key: PackedKey, read: () => number): number };
}

/** What the connection is at. `open` reads and writes; after `closed` it may still write. */
type Phase = "handshake" | "open" | "closed" | "failed";

export class OpenSslMachine implements TlsMachine {
  session: TlsSession | undefined;
  fault: TlsFault | undefined;
  readonly #handle = new Handle("machines");
  readonly #memory: Region;
  readonly #ssl: number;
  #phase: Phase = "handshake";
  #isShutDown = false;
  #previousTicket: PreviousTicket | undefined;

  /** Takes over the SSL, whose role is set. A client's ClientHello is there to take afterwards. */
  constructor(ssl: number, memory: Region, previousTicket: PreviousTicket | undefined) {
    this.#ssl = ssl;
    this.#memory = memory;
    this.#previousTicket = previousTicket;
    shareBios(ssl);
  }

  /** Says ClientHello. For clients, once. */
  begin(): void {
    claim(this);
    this.#handshake();
  }

  feed(start: number, end: number): void {
    this.#handle.assertLiving();
    claim(this);
    const address = this.#memory.addressOf(start, end - start);
    if (this.#phase === "failed" || this.#phase === "closed" || start === end) return;
    putIncoming(address, end - start);
    if (this.#phase === "handshake") this.#handshake();
  }

  read(at: number, max: number): number {
    this.#handle.assertLiving();
    const address = this.#memory.addressOf(at, max);
    switch (this.#phase) {
      case "handshake":
        return WANTS_MORE;
      case "failed":
        return FAULT;
      case "closed":
        return CLOSED;
      case "open":
        return this.#decrypt(address, max);
    }
  }

  write(start: number, end: number): void {
    this.#handle.assertLiving();
    const address = this.#memory.addressOf(start, end - start);
    assert(this.session !== undefined && !this.#isShutDown, "a write before the handshake or after shutdown");
    if (start === end || this.fault !== undefined) return;
    claim(this);
    ERR_clear_error();
    assert(SSL_write(this.#ssl, address, end - start) === end - start, "OpenSSL does not encrypt");
  }

  take(at: number, max: number): number {
    this.#handle.assertLiving();
    claim(this);
    return takeOutgoing(this.#memory.addressOf(at, max), max);
  }

  shutdown(): void {
    this.#handle.assertLiving();
    if (this.session === undefined || this.fault !== undefined || this.#isShutDown) return;
    claim(this);
    this.#isShutDown = true;
    ERR_clear_error();
    SSL_shutdown(this.#ssl);
  }

  free(): void {
    this.#handle.end();
    abandon(this);
    SSL_free(this.#ssl);
  }

  #handshake(): void {
    ERR_clear_error();
    const result = this.#stepHandshake();
    if (result === 1) {
      this.session = sessionOf(this.#ssl);
      this.#phase = "open";
    } else if (SSL_get_error(this.#ssl, result) !== SSL_ERROR_WANT_READ) {
      this.#fail();
    }
  }

  /** The first of our bytes says whether the ticket was taken: then the previous key has done its work. */
  #stepHandshake(): number {
    const ticket = this.#previousTicket;
    if (ticket === undefined) return SSL_do_handshake(this.#ssl);
    const result = ticket.context.withTicketKey(ticket.key, () => SSL_do_handshake(this.#ssl));
    if (untakenOutgoing() > 0) this.#previousTicket = undefined;
    return result;
  }

  #decrypt(address: number, max: number): number {
    ERR_clear_error();
    const result = SSL_read(this.#ssl, address, max);
    if (result > 0) return result;
    const error = SSL_get_error(this.#ssl, result);
    if (error === SSL_ERROR_WANT_READ) return WANTS_MORE;
    if (error !== SSL_ERROR_ZERO_RETURN) return this.#fail();
    this.#phase = "closed";
    dropIncoming();
    return CLOSED;
  }

  #fail(): typeof FAULT {
    this.fault = connectionFault(SSL_get_verify_result(this.#ssl));
    this.#phase = "failed";
    dropIncoming();
    return FAULT;
  }
}
