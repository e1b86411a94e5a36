/**
 * A connection to a backend, speaking HTTP/1 as a client: it connects, serves one exchange after the other as
 * its link, and waits idle between them. What it receives is read by `Http1ResponseInput`; what becomes of
 * the exchange when it is lost is not its business.
 *
 * ```text
 *  connecting ──► busy ──► idle ──► busy …
 *  any ──► over      closed, or a tunnel's
 * ```
 */
import { assert } from "../base/assert.ts";
import type { Framing } from "../http/head.ts";
import { sendBodyData, sendBodyEnd } from "./body-writer.ts";
import type { ProxyProtocolVersion } from "../model/objects.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import type { LinkLoss } from "./endings.ts";
import type { Exchange } from "./exchange.ts";
import { Http1ResponseInput, type ResponseTarget } from "./http1-response-input.ts";
import type { IoFault } from "./port.ts";
import type { BackendRuntime, IdleConnection } from "./runtime/backend.ts";

const STATE = { connecting: 0, busy: 1, idle: 2, over: 3 } as const;
type State = (typeof STATE)[keyof typeof STATE];

export interface BackTimes {
  readonly connect_timeout_ms: number;
  readonly back_timeout_ms: number;
}

export class BackConnection implements ConnectionOwner, IdleConnection, ResponseTarget {
  readonly connection: number;
  readonly backend: BackendRuntime<BackConnection>;
  /** It begins with a PROXY header of its exchange's client, and serves nobody else. */
  readonly announcedAs: ProxyProtocolVersion | undefined;
  readonly #core: Core;
  #times: BackTimes;
  readonly #input: Http1ResponseInput;
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
    exchange: Exchange,
    times: BackTimes,
    announcedAs: ProxyProtocolVersion | undefined,
  ) {
    this.#core = core;
    this.connection = connection;
    this.backend = backend;
    this.announcedAs = announcedAs;
    this.#exchange = exchange;
    this.#times = times;
    this.#input = new Http1ResponseInput(core, this);
    this.#activeAt = core.now;
    core.own(connection, this);
    core.deadlines.set(connection, core.now + times.connect_timeout_ms);
  }

  /** True while an exchange can write to it. */
  get isReady(): boolean {
    return this.#state === STATE.busy;
  }

  get isReused(): boolean {
    return this.#served > 0;
  }

  /** Whether a byte of the request may have left. */
  get requestLeft(): boolean {
    return this.#state !== STATE.connecting;
  }

  get lastsUntilClose(): boolean {
    return this.#input.lastsUntilClose;
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

  /** Waits for another exchange, or closes where none may come. */
  becomeIdle(): void {
    this.#exchange = undefined;
    const limits = this.#core.limits;
    const backend = this.backend;
    const mayServeOthers = this.announcedAs === undefined && !backend.isRemoved && !this.#core.isStopping;
    if (!mayServeOthers || backend.idleCount >= limits.idleBacksMax) return this.close();
    this.#state = STATE.idle;
    this.#activeAt = this.#core.now;
    this.#input.reset();
    this.#core.deadlines.set(this.connection, this.#core.now + limits.idleBackMs);
    this.#core.reading.readNow(this.connection);
    backend.keepIdle(this);
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
    assert(this.#state === STATE.connecting, "connected twice");
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
      this.#state === STATE.connecting
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
    this.#lose(this.#state === STATE.connecting ? "connect-timed-out" : "silent");
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

  /** The link is lost: first closed, then told, so that the exchange finds everything settled. */
  #lose(cause: LinkLoss): void {
    const exchange = this.#exchange;
    const ready = this.#state !== STATE.connecting;
    this.#core.disown(this.connection);
    this.#core.port.close(this.connection);
    if (ready) this.#state = STATE.over;
    exchange?.linkLost(cause);
    this.#state = STATE.over;
    this.#exchange = undefined;
  }
}
