/**
 * A connection to a backend, speaking HTTP/1 as a client: it connects, serves one exchange after the other as
 * its link, and waits idle between them. What it receives is read by `Http1ResponseInput`; what becomes of
 * the exchange when it is lost is not its business.
 *
 * ```text
 *  connecting ──► busy ──► idle ──► busy …
 *      └──► securing ──┘
 *  any ──► over      closed, or a tunnel's
 * ```
 */
import { assert } from "../base/assert.ts";
import type { Framing } from "../http/head.ts";
import { slotOf } from "../metrics/engine-metrics.ts";
import { sendBodyData, sendBodyEnd } from "./body-writer.ts";
import type { ProxyProtocolVersion } from "../model/objects.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import type { LinkLoss } from "./endings.ts";
import type { Exchange } from "./exchange.ts";
import { Http1ResponseInput, type ResponseTarget } from "./http1-response-input.ts";
import type { IoFault } from "./port.ts";
import type { BackendRuntime, IdleConnection } from "./runtime/backend.ts";
import type { ClusterTls } from "./tls/cluster-tls.ts";
import { secureLink } from "./tls/secure-link.ts";
import type { TlsMachine } from "../tls/machine.ts";

const TLS_COMPLETE = slotOf("back_tls_handshakes", "complete");
const TLS_FAILED = slotOf("back_tls_handshakes", "failed");

const STATE = { connecting: 0, securing: 1, busy: 2, idle: 3, over: 4 } as const;
type State = (typeof STATE)[keyof typeof STATE];

export interface BackTimes {
  readonly connect_timeout_ms: number;
  readonly back_timeout_ms: number;
}

/** What a connection begins with. */
export interface LinkTerms {
  /** It begins with a PROXY header of its exchange's client, and serves nobody else. */
  readonly announcedAs: ProxyProtocolVersion | undefined;
  /** It speaks TLS. */
  readonly tls: ClusterTls | undefined;
}

/** Of a connection that serves nobody yet: the first exchange brings its own. */
const NO_TIMES: BackTimes = { connect_timeout_ms: 0, back_timeout_ms: 0 };
const PLAIN_TERMS: LinkTerms = { announcedAs: undefined, tls: undefined };

export class BackConnection implements ConnectionOwner, IdleConnection, ResponseTarget {
  readonly connection: number;
  readonly backend: BackendRuntime<BackConnection>;
  readonly #terms: LinkTerms;
  readonly #core: Core;
  #times: BackTimes;
  readonly #input: Http1ResponseInput;
  /** Says why, where TLS fails; the port's. */
  #machine: TlsMachine | undefined = undefined;
  #state: State = STATE.connecting;
  #exchange: Exchange | undefined;
  /** How many requests it has served before the present one. */
  #served = 0;
  /** When the peer or we last did something, for the silence that `back_timeout_ms` bounds. */
  #activeAt: number;

  constructor(
    core: Core,
    connection: number,
    backend: BackendRuntime<BackConnection>,
    exchange: Exchange | undefined,
    times: BackTimes,
    terms: LinkTerms,
  ) {
    this.#core = core;
    this.connection = connection;
    this.backend = backend;
    this.#terms = terms;
    this.#exchange = exchange;
    this.#times = times;
    this.#input = new Http1ResponseInput(core, this);
    this.#activeAt = core.now;
    core.own(connection, this);
    core.deadlines.set(connection, core.now + times.connect_timeout_ms);
  }

  /** One that another worker kept idle, for `idleMs` so far. */
  static adopt(
    core: Core,
    connection: number,
    backend: BackendRuntime<BackConnection>,
    idleMs: number,
  ): BackConnection {
    const adopted = new BackConnection(core, connection, backend, undefined, NO_TIMES, PLAIN_TERMS);
    adopted.becomeIdle(idleMs);
    return adopted;
  }

  /** True while an exchange can write to it. */
  get isReady(): boolean {
    return this.#state === STATE.busy;
  }

  get isIdle(): boolean {
    return this.#state === STATE.idle;
  }

  get isReused(): boolean {
    return this.#served > 0;
  }

  get announcedAs(): ProxyProtocolVersion | undefined {
    return this.#terms.announcedAs;
  }

  /** Whether a byte of the request may have left. */
  get requestLeft(): boolean {
    return this.#state > STATE.securing;
  }

  get lastsUntilClose(): boolean {
    return this.#input.lastsUntilClose;
  }

  /** True if another worker could keep it: it is idle, and speaks for no client. */
  get canGoOver(): boolean {
    if (this.#state !== STATE.idle || this.backend.isLeaving) return false;
    return this.#terms.tls === undefined && this.#core.port.unsentBytes(this.connection) === 0;
  }

  /** How long it has been idle. */
  get idleMs(): number {
    return this.#core.now - this.#activeAt;
  }

  // What the exchange asks.

  /** Serves another exchange. */
  begin(exchange: Exchange, times: BackTimes): void {
    assert(this.#state === STATE.idle, "begins an exchange on a connection that is not idle");
    this.#state = STATE.busy;
    this.#exchange = exchange;
    this.#times = times;
    this.#served++;
    this.#activeAt = this.#core.now;
    this.#core.deadlines.set(this.connection, this.#activeAt + times.back_timeout_ms);
  }

  /**
   * Content of the request, in the memory of `buffer`, which stays the caller's. False: no buffer is free.
   */
  writeData(framing: Framing, buffer: number, start: number, end: number): boolean {
    this.#activeAt = this.#core.now;
    return sendBodyData(this.#core, this.connection, framing, buffer, start, end);
  }

  writeEnd(framing: Framing, trailers: Uint8Array | undefined): boolean {
    return sendBodyEnd(this.#core, this.connection, framing, trailers);
  }

  /** The client took something: the backend may go on. */
  readOn(bodyBytes: number): void {
    this.#activeAt = this.#core.now;
    if (this.#state === STATE.busy) this.#core.reading.readOn(this.connection, bodyBytes);
  }

  /** Waits for another exchange, or closes where none may come. `idleMs`: so long it has waited already. */
  becomeIdle(idleMs = 0): void {
    this.#exchange = undefined;
    const limits = this.#core.limits;
    const backend = this.backend;
    const mayServeOthers = this.announcedAs === undefined && !backend.isLeaving && !this.#core.isStopping;
    if (!mayServeOthers || backend.idleCount >= limits.idleBacksMax) return this.close();
    this.#state = STATE.idle;
    this.#activeAt = this.#core.now - idleMs;
    this.#input.reset();
    this.#core.deadlines.set(this.connection, this.#activeAt + limits.idleBackMs);
    this.#core.reading.readNow(this.connection);
    backend.keepIdle(this);
    this.#core.handOver?.offer(this.connection);
  }

  /** Its connection is a tunnel's from now on. */
  handOver(): void {
    this.#state = STATE.over;
    this.#exchange = undefined;
  }

  /** Closes; the exchange, if there is one, has to know already. */
  close(): void {
    if (this.#state === STATE.over) return;
    this.handOver();
    this.#core.disown(this.connection);
    this.#core.port.close(this.connection);
  }

  discard(): void {
    this.close();
  }

  // What the port tells.

  connected(): void {
    if (this.#state === STATE.connecting) this.#begun();
    else this.#ready();
  }

  /** The connection is there; where it is to be secured, only the handshake comes first. */
  #begun(): void {
    const { tls } = this.#terms;
    if (!this.#exchange!.announceClient(this)) {
      if (tls === undefined) this.#state = STATE.busy;
      return this.#lose("failed");
    }
    if (tls === undefined) return this.#ready();
    this.#state = STATE.securing;
    const secured = secureLink(this.#core, this.connection, tls, this.backend.address);
    if (secured.ok) this.#machine = secured.value;
    else if (secured.error === undefined) this.#lose("failed");
    else this.#distrust(secured.error);
  }

  #ready(): void {
    assert(this.#state <= STATE.securing, "connected twice");
    if (this.#state === STATE.securing) this.#core.counters[TLS_COMPLETE]!++;
    this.#state = STATE.busy;
    this.#activeAt = this.#core.now;
    this.#core.deadlines.set(this.connection, this.#core.now + this.#times.back_timeout_ms);
    this.#core.port.receive(this.connection);
    this.#exchange!.linkReady();
  }

  received(buffer: number, start: number, end: number): void {
    this.#activeAt = this.#core.now;
    if (this.#state === STATE.busy) this.#input.received(buffer, start, end);
    // Bytes that nobody asked for: whatever they are, the next response could not be trusted.
    else this.#leavePool();
    this.#core.buffers.release(buffer);
  }

  sent(): void {
    this.#activeAt = this.#core.now;
    this.#exchange?.linkSent();
  }

  ended(): void {
    if (this.#state === STATE.idle) this.#leavePool();
    else this.#lose("ended");
  }

  failed(fault: IoFault): void {
    const reason = this.#machine?.fault?.text;
    if (this.#state === STATE.securing) return this.#distrust(reason ?? "it was cut in the handshake");
    // A backend may refuse our certificate when the handshake is over for us (RFC 8446 section 4.4.2.4).
    if (reason !== undefined) this.#tellFault(reason);
    switch (this.#state) {
      case STATE.idle:
        return this.#leavePool();
      case STATE.connecting:
        return this.#lose(fault === "timed-out" ? "connect-timed-out" : "unreachable");
      default:
        this.#lose("failed");
    }
  }

  expired(): void {
    const { now, deadlines, limits } = this.#core;
    const allowedMs =
      this.#state <= STATE.securing
        ? this.#times.connect_timeout_ms
        : this.#state === STATE.idle
          ? limits.idleBackMs
          : this.#times.back_timeout_ms;
    const due = this.#activeAt + allowedMs;
    if (due > now) return deadlines.set(this.connection, due);
    if (this.#state === STATE.idle) return this.#leavePool();
    if (this.#state === STATE.busy && (!this.#exchange!.awaitsBackend || this.#exchange!.awaitsMemory)) {
      // The client is the slow one, and its own times bound it; or others are, and hold the memory.
      return deadlines.set(this.connection, now + allowedMs);
    }
    this.#lose(this.#state <= STATE.securing ? "connect-timed-out" : "silent");
  }

  cut(): void {
    if (this.#state === STATE.idle) this.#leavePool();
    else this.#lose("failed");
  }

  // What its input tells.

  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  responseRefused(): void {
    this.#lose("violation");
  }

  #leavePool(): void {
    if (this.#state === STATE.idle) this.backend.forgetIdle(this);
    this.close();
  }

  /** TLS does not come about: the backend gets no byte of the request, and the log says why. */
  #distrust(reason: string): void {
    this.#core.counters[TLS_FAILED]!++;
    this.#tellFault(reason);
    this.#lose("untrusted");
  }

  #tellFault(reason: string): void {
    this.#core.backendFaults.tell(this.backend, reason, this.#core.now);
  }

  /** The link is lost: first closed, then told, so that the exchange finds everything settled. */
  #lose(cause: LinkLoss): void {
    const exchange = this.#exchange;
    const ready = this.#state > STATE.securing;
    this.#core.disown(this.connection);
    this.#core.port.close(this.connection);
    if (ready) this.#state = STATE.over;
    exchange?.linkLost(cause);
    this.#state = STATE.over;
    this.#exchange = undefined;
  }
}
