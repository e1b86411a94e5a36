/**
 * One secured connection. An SSL of OpenSSL shakes hands, between the shared BIOs. Then our own record layer
 * takes over and the SSL is freed; with suites that the layer does not know, the SSL stays and does all.
 *
 * Rules of this file:
 *  1. Every call runs to its end. Nothing of a connection stays in the shared BIOs when the caller has read
 *     and taken to the end; a record that is not whole yet stays in its SSL, or in the layer's slot.
 *  2. OpenSSL's error queue is empty before each call that may fail, and after it.
 *  3. OpenSSL reads no further than the record that it needs: when the handshake is complete, what it has not
 *     read are the peer's next records, from their first byte.
 */
import { assert, assertNever } from "../../base/assert.ts";
import type { TlsFault } from "../../tls/faults.ts";
import {
  CLOSED,
  FAULT,
  TAKE_BYTES_MIN,
  WANTS_MORE,
  type TlsMachine,
  type TlsSession,
} from "../../tls/machine.ts";
import type { Region } from "../arena.ts";
import { connectionFault } from "./error-queue.ts";
import { Handle } from "./living.ts";
import { takeOver, type RecordLayer } from "./record-layer.ts";
import { expectSecrets, releaseSecrets, takeSecrets, type Side } from "./secrets.ts";
import { sessionOf } from "./session.ts";
import {
  abandon,
  claim,
  countOutgoingRecords,
  dropIncoming,
  putIncoming,
  freeSession,
  shareBios,
  takeOutgoing,
  unreadIncoming,
  untakenOutgoing,
} from "./shared-bios.ts";
import {
  ERR_clear_error,
  SSL_do_handshake,
  SSL_get_error,
  SSL_get_verify_result,
  SSL_read,
  SSL_shutdown,
  SSL_write,
} from "./ssl-calls.ts";
import { findSuite } from "./suites.ts";
import type { PackedKey } from "./ticket-keys.ts";

const SSL_ERROR_WANT_READ = 2;
const SSL_ERROR_ZERO_RETURN = 6;

/** A ticket of a previous key: where that key is put while the ClientHello is read. */
export interface PreviousTicket {
  readonly key: PackedKey;
  readonly context: { withTicketKey(key: PackedKey, read: () => number): number };
}

/**
 * `handshake`, then `open`, by our records or by OpenSSL's; `closed`: the peer says no more, but we may;
 * `failed`: only the alert is left to take.
 */
type Phase =
  | { readonly at: "handshake" }
  | { readonly at: "records"; readonly layer: RecordLayer }
  | { readonly at: "openssl" }
  | { readonly at: "closed" }
  | { readonly at: "failed"; readonly fault: TlsFault };

const HANDSHAKE: Phase = { at: "handshake" };
const OPENSSL: Phase = { at: "openssl" };
const PEER_CLOSED: Phase = { at: "closed" };
const FREED = 0;

export class OpenSslMachine implements TlsMachine {
  session: TlsSession | undefined;
  readonly #handle = new Handle("machines");
  readonly #role: Side;
  readonly #memory: Region;
  readonly #secrets: number = takeSecrets();
  #ssl: number;
  #phase: Phase = HANDSHAKE;
  #isShutDown = false;
  /** Something of OpenSSL's may be left to take. */
  #mayHaveOutgoing = true;
  #previousTicket: PreviousTicket | undefined;

  /** Takes over the SSL, whose role is set. */
  constructor(ssl: number, role: Side, memory: Region, previousTicket: PreviousTicket | undefined) {
    this.#ssl = ssl;
    this.#role = role;
    this.#memory = memory;
    this.#previousTicket = previousTicket;
    shareBios(ssl);
  }

  get fault(): TlsFault | undefined {
    const phase = this.#phase;
    if (phase.at === "failed") return phase.fault;
    return phase.at === "records" ? phase.layer.fault : undefined;
  }

  /** Says ClientHello. For clients, once. */
  begin(): void {
    claim(this);
    this.#handshake(0);
  }

  feed(start: number, end: number): void {
    this.#handle.assertLiving();
    const address = this.#memory.addressOf(start, end - start);
    const phase = this.#phase;
    if (phase.at === "records") {
      phase.layer.feed(start, end);
      return;
    }
    claim(this);
    if (phase.at === "failed" || phase.at === "closed" || start === end) return;
    if (phase.at === "handshake") assert(untakenOutgoing() === 0, "feeds before all was taken");
    putIncoming(address, end - start);
    if (phase.at === "handshake") this.#handshake(end);
  }

  read(at: number, max: number): number {
    this.#handle.assertLiving();
    const address = this.#memory.addressOf(at, max);
    const phase = this.#phase;
    switch (phase.at) {
      case "records":
        return phase.layer.read(at, max);
      case "openssl":
        return this.#decrypt(address, max);
      case "handshake":
        return WANTS_MORE;
      case "closed":
        return CLOSED;
      case "failed":
        return FAULT;
      default:
        return assertNever(phase);
    }
  }

  write(start: number, end: number): void {
    this.#handle.assertLiving();
    const address = this.#memory.addressOf(start, end - start);
    assert(this.session !== undefined && !this.#isShutDown, "a write before the handshake or after shutdown");
    if (start === end || this.fault !== undefined) return;
    if (this.#phase.at === "records") {
      this.#phase.layer.write(start, end);
      return;
    }
    claim(this);
    this.#mayHaveOutgoing = true;
    ERR_clear_error();
    assert(SSL_write(this.#ssl, address, end - start) === end - start, "OpenSSL does not encrypt");
  }

  take(at: number, max: number): number {
    this.#handle.assertLiving();
    const address = this.#memory.addressOf(at, max);
    assert(max >= TAKE_BYTES_MIN, "takes into less room than a short record needs");
    if (this.#mayHaveOutgoing) {
      claim(this);
      const taken = takeOutgoing(address, max);
      if (taken > 0) return taken;
      this.#mayHaveOutgoing = this.#phase.at !== "records";
    }
    return this.#phase.at === "records" ? this.#phase.layer.take(at, max) : 0;
  }

  shutdown(): void {
    this.#handle.assertLiving();
    if (this.session === undefined || this.fault !== undefined || this.#isShutDown) return;
    this.#isShutDown = true;
    if (this.#phase.at === "records") {
      this.#phase.layer.shutdown();
      return;
    }
    claim(this);
    ERR_clear_error();
    SSL_shutdown(this.#ssl);
  }

  free(): void {
    this.#handle.end();
    abandon(this);
    if (this.#ssl !== FREED) freeSession(this.#ssl);
    if (this.#phase.at === "records") this.#phase.layer.free();
    releaseSecrets(this.#secrets);
  }

  /** `end`: where what was fed ends. */
  #handshake(end: number): void {
    ERR_clear_error();
    expectSecrets(this.#secrets);
    const result = this.#stepHandshake();
    if (result === 1) this.#complete(end);
    else if (SSL_get_error(this.#ssl, result) !== SSL_ERROR_WANT_READ) this.#fail();
  }

  /** The first of our bytes says whether the ticket was taken: then the previous key has done its work. */
  #stepHandshake(): number {
    const ticket = this.#previousTicket;
    if (ticket === undefined) return SSL_do_handshake(this.#ssl);
    const result = ticket.context.withTicketKey(ticket.key, () => SSL_do_handshake(this.#ssl));
    if (untakenOutgoing() > 0) this.#previousTicket = undefined;
    return result;
  }

  #complete(end: number): void {
    const ssl = this.#ssl;
    const session = sessionOf(ssl);
    this.session = session;
    const suite = findSuite(session.cipher);
    if (suite === undefined) {
      this.#phase = OPENSSL;
      return;
    }
    const layer = takeOver(this.#memory, {
      ssl,
      suite,
      secrets: this.#secrets,
      role: this.#role,
      sealed: this.#countSealed(session),
    });
    const unread = unreadIncoming();
    dropIncoming();
    layer.feed(end - unread, end);
    freeSession(ssl);
    this.#ssl = FREED;
    this.#phase = { at: "records", layer };
  }

  /**
   * How many records OpenSSL has sealed with the keys that we take over. In TLS 1.2 it is our Finished. In
   * TLS 1.3 a server's tickets, which are all that it says after the client's Finished; a client has said
   * nothing yet.
   */
  #countSealed(session: TlsSession): number {
    if (session.version === "TLSv1.2") return 1;
    return this.#role === "server" ? countOutgoingRecords() : 0;
  }

  #decrypt(address: number, max: number): number {
    ERR_clear_error();
    const result = SSL_read(this.#ssl, address, max);
    if (result > 0) return result;
    const error = SSL_get_error(this.#ssl, result);
    if (error === SSL_ERROR_WANT_READ) return WANTS_MORE;
    if (error !== SSL_ERROR_ZERO_RETURN) return this.#fail();
    this.#phase = PEER_CLOSED;
    dropIncoming();
    return CLOSED;
  }

  #fail(): typeof FAULT {
    this.#phase = { at: "failed", fault: connectionFault(SSL_get_verify_result(this.#ssl)) };
    dropIncoming();
    return FAULT;
  }
}
