/**
 * A client's connection at an https listener, until its handshake is complete: then it becomes a session. It
 * reads the ClientHello itself, because the certificate is chosen by what it says; the same bytes then go to
 * the machine.
 *
 * ```text
 *  hello ──► handshake ──► session (another owner)
 *    └──────────┴────────► farewell ──► closed     an alert, or a line for who speaks plain HTTP
 * ```
 *
 * Rules of this file:
 *  1. All of it has the time of one request (`request_timeout_ms`), however slowly the client speaks.
 *  2. While it waits it holds no buffer: a hello that comes in pieces is copied.
 */
import { assert, assertNever } from "../../base/assert.ts";
import { copyBytes } from "../../base/bytes.ts";
import { slotOf } from "../../metrics/engine-metrics.ts";
import { ALERT_RECORD_BYTES, writeFatalAlert, type AlertName } from "../../tls/alert.ts";
import { ClientHelloReader } from "../../tls/client-hello.ts";
import type { TlsMachine } from "../../tls/machine.ts";
import type { ClientHello } from "../../tls/parse-client-hello.ts";
import type { Client } from "../client.ts";
import type { Configuration } from "../configuration.ts";
import type { ConnectionOwner } from "../connection-owner.ts";
import type { Core } from "../core.ts";
import { Http1Session } from "../http1-session.ts";
import type { CertificateRuntime } from "../runtime/certificate.ts";
import type { Use } from "../use.ts";
import type { ClientTrust } from "./client-trust.ts";
import type { HandshakeFailure } from "./handshake-log.ts";
import type { ListenerTls } from "./listener-tls.ts";
import { Secured } from "./secured.ts";
import type { SecurePort } from "./secure-port.ts";
import type { TlsParts } from "./tls-parts.ts";

const FULL = slotOf("tls_handshakes", "full");
const RESUMED = slotOf("tls_handshakes", "resumed");
const FAILED = slotOf("tls_handshakes", "failed");
const NOTHING = new Uint8Array(0);

export class TlsAcceptance implements ConnectionOwner {
  readonly #core: Core;
  readonly #configuration: Configuration;
  readonly #tls: TlsParts | undefined;
  readonly #client: Client;
  readonly #connection: number;
  readonly #listener: ListenerTls;
  #phase: "hello" | "handshake" | "farewell" = "hello";
  #reader: ClientHelloReader | undefined = new ClientHelloReader();
  /** What came of a hello that is not whole: `#kept[0..#keptLength)`, in no more than twice its room. */
  #kept: Uint8Array = NOTHING;
  #keptLength = 0;
  #machine: TlsMachine | undefined;
  #certificate: CertificateRuntime | undefined;
  #serverName: string | undefined;
  /** The rules for the client's certificate that the machine was made under. */
  #trust: ClientTrust | undefined;

  constructor(core: Core, configuration: Configuration, client: Client, connection: number) {
    const { tls: listener } = client.listener;
    assert(listener !== undefined, "a handshake at a listener without TLS");
    this.#core = core;
    this.#configuration = configuration;
    this.#tls = core.tls;
    this.#client = client;
    this.#connection = connection;
    this.#listener = listener;
    listener.handshakeBegan();
    core.own(connection, this);
    core.deadlines.set(connection, core.now + client.listener.configuration.request_timeout_ms);
    core.port.receive(connection);
  }

  /** The handshake is complete. */
  connected(): void {
    const { session } = this.#machine!;
    assert(session !== undefined, "a handshake is complete without a session");
    this.#core.counters[session.isResumed ? RESUMED : FULL]!++;
    this.#core.deadlines.clear(this.#connection);
    this.#listener.handshakeEnded();
    this.#client.secure(new Secured(this.#certificate, this.#serverName, session, this.#trust));
    this.#certificate?.use.end();
    new Http1Session(this.#core, this.#configuration, this.#client, this.#connection);
  }

  /** True if it shakes hands by a certificate that is counted in `use`. */
  uses(use: Use): boolean {
    return this.#certificate?.use === use;
  }

  received(buffer: number, start: number, end: number): void {
    const { memory, buffers } = this.#core;
    if (this.#phase !== "hello") return buffers.release(buffer);
    const reading = this.#reader!.push(memory, start, end);
    switch (reading.kind) {
      case "incomplete":
        this.#keep(start, end);
        return buffers.release(buffer);
      case "hello":
        this.#reader = undefined;
        return this.#begin(reading.hello, buffer, start, end);
      case "plain-http":
        buffers.release(buffer);
        this.#core.counters[FAILED]!++;
        this.#listener.handshakeEnded();
        return new Http1Session(this.#core, this.#configuration, this.#client, this.#connection).refuse(400);
      case "violation":
        buffers.release(buffer);
        this.#log("info", reading.violation.code, reading.violation.meaning);
        return this.#refuse(reading.violation.alert);
      default:
        assertNever(reading);
    }
  }

  sent(): void {
    if (this.#phase === "farewell" && this.#core.port.unsentBytes(this.#connection) === 0)
      this.#core.port.shutdown(this.#connection);
  }

  ended(): void {
    this.#close();
  }

  /** The machine's alert is sent by the port. Without a fault of the machine the connection was lost. */
  failed(): void {
    const fault = this.#machine?.fault;
    if (fault !== undefined) {
      const alert = fault.alert === undefined ? "" : ` (alert ${fault.alert})`;
      this.#log("info", fault.code, `${fault.text}${alert}`);
    }
    this.#close();
  }

  expired(): void {
    const { request_timeout_ms: timeoutMs } = this.#client.listener.configuration;
    if (this.#phase !== "farewell")
      this.#log("info", "TLS_HANDSHAKE_TIMED_OUT", `it was not complete after ${timeoutMs} ms`);
    this.cut();
  }

  cut(): void {
    this.#forget();
    this.#core.port.reset(this.#connection);
  }

  #begin(hello: ClientHello, buffer: number, start: number, end: number): void {
    const { epochMs, now, buffers } = this.#core;
    const tls = this.#tls;
    const verdict = tls?.server.accept(this.#listener, hello, epochMs + now);
    if (tls === undefined || verdict === undefined) {
      buffers.release(buffer);
      return this.#refuse("internal_error");
    }
    if (verdict.kind === "refused") {
      buffers.release(buffer);
      this.#log(verdict.code === "TLS_NOT_READY" ? "error" : "info", verdict.code, verdict.reason);
      return this.#refuse(verdict.alert);
    }
    this.#phase = "handshake";
    this.#machine = verdict.machine;
    this.#certificate = verdict.certificate;
    this.#serverName = hello.serverName;
    this.#trust = this.#listener.trust;
    this.#certificate?.use.begin();
    if (!tls.port.secure(this.#connection, verdict.machine) || !this.#feedKept(tls.port)) {
      buffers.release(buffer);
      return this.cut();
    }
    tls.port.received(this.#connection, buffer, start, end);
  }

  /** The machine gets what was kept, by way of a buffer. False: none is free. */
  #feedKept(port: SecurePort): boolean {
    const { buffers, memory } = this.#core;
    const kept = this.#kept;
    const length = this.#keptLength;
    this.#kept = NOTHING;
    for (let at = 0; at < length; at += buffers.bufferBytes) {
      const buffer = buffers.take();
      if (buffer === -1) return false;
      const start = buffers.startOf(buffer);
      const end = copyBytes(memory, start, kept, at, Math.min(length, at + buffers.bufferBytes));
      port.received(this.#connection, buffer, start, end);
    }
    return true;
  }

  /** It comes a byte at a time from who wants to make work: room is doubled, not made for each. */
  #keep(start: number, end: number): void {
    const needed = this.#keptLength + end - start;
    if (needed > this.#kept.length) {
      const longer = new Uint8Array(Math.max(needed, this.#kept.length * 2));
      longer.set(this.#kept);
      this.#kept = longer;
    }
    this.#keptLength = copyBytes(this.#kept, this.#keptLength, this.#core.memory, start, end);
  }

  #log(level: HandshakeFailure["level"], code: string, text: string): void {
    this.#core.counters[FAILED]!++;
    this.#tls?.log.failed(this.#client, { level, code, text }, this.#core.now);
  }

  #refuse(alert: AlertName): void {
    const at = this.#core.outbox.reserve(ALERT_RECORD_BYTES);
    if (at === -1) return this.cut();
    this.#core.outbox.send(this.#connection, writeFatalAlert(this.#core.memory, at, alert));
    this.#sayFarewell();
  }

  /** All is said: our direction ends, and what the client still sends is dropped until it ends, too. */
  #sayFarewell(): void {
    const { port, deadlines, now, limits } = this.#core;
    this.#phase = "farewell";
    this.#reader = undefined;
    port.shutdown(this.#connection);
    deadlines.set(this.#connection, now + limits.lingerMs);
  }

  #close(): void {
    this.#forget();
    this.#core.port.close(this.#connection);
  }

  #forget(): void {
    this.#listener.handshakeEnded();
    this.#certificate?.use.end();
    this.#core.disown(this.#connection);
    this.#configuration.sessionEnded(this.#client);
  }
}
