/**
 * A connection to a backend, speaking HTTP/1 as a client: it connects, serves one exchange after the other as
 * its link, and waits idle between them. It reads responses and decides how their bodies end; what becomes of
 * the exchange is not its business.
 *
 * ```text
 *  connecting ──► busy ──► idle ──► busy …
 *  any ──► over      closed, or a tunnel's
 * ```
 */
import { assert } from "../base/assert.ts";
import { FIELD } from "../http/fields.ts";
import { FRAMING, type Framing, type Head } from "../http/head.ts";
import { BODY, BodyReader } from "../http1/body-reader.ts";
import { bodyOfResponse } from "../http1/framing.ts";
import { readResponseHead } from "../http1/read-head.ts";
import { INCOMPLETE } from "../http1/violations.ts";
import { sendBodyData, sendBodyEnd } from "./body-writer.ts";
import type { ProxyProtocolVersion } from "../model/objects.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import type { LinkLoss } from "./endings.ts";
import { type Exchange, RESPONSE } from "./exchange.ts";
import { PartialHead } from "./partial-head.ts";
import type { IoFault } from "./port.ts";
import type { BackendRuntime, IdleConnection } from "./runtime/backend.ts";

const STATE = { connecting: 0, busy: 1, idle: 2, over: 3 } as const;
type State = (typeof STATE)[keyof typeof STATE];

export interface BackTimes {
  readonly connect_timeout_ms: number;
  readonly back_timeout_ms: number;
}

export class BackConnection implements ConnectionOwner, IdleConnection {
  readonly connection: number;
  readonly backend: BackendRuntime<BackConnection>;
  /** It begins with a PROXY header of its exchange's client, and serves nobody else. */
  readonly announcedAs: ProxyProtocolVersion | undefined;
  readonly #core: Core;
  #times: BackTimes;
  #state: State = STATE.connecting;
  #exchange: Exchange | undefined;
  /** How many requests it has served before the present one. */
  #served = 0;
  #interimResponses = 0;
  /** When the peer or we last did something, for the silence that `back_timeout_ms` bounds. */
  #activeAt: number;
  readonly #partial = new PartialHead();
  readonly #body = new BodyReader();
  #bodyFraming: Framing = FRAMING.none;
  #responseKeepsAlive = false;

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
    return this.#bodyFraming === FRAMING.untilClose;
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
    this.#interimResponses = 0;
    this.#bodyFraming = FRAMING.none;
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
    if (this.#forget()) this.#core.port.close(this.connection);
  }

  reset(): void {
    if (this.#forget()) this.#core.port.reset(this.connection);
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
    if (this.#state === STATE.busy) this.#read(buffer, start, end);
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

  #read(buffer: number, start: number, end: number): void {
    let at = start;
    const exchange = this.#exchange!;
    while (at < end && this.#exchange === exchange && this.#state === STATE.busy) {
      if (exchange.responsePhase === RESPONSE.waiting) {
        at = this.#readHead(buffer, at, end);
      } else {
        at = this.#readBody(buffer, at, end);
      }
    }
  }

  /** Reads a head, final or interim; gives where to go on. */
  #readHead(buffer: number, at: number, end: number): number {
    const head = this.#core.responseHead;
    const result = this.#partial.read(readResponseHead, head, this.#core.memory, at, end, this.#core.limits);
    if (result === INCOMPLETE) return end;
    if (result < 0) {
      this.#lose("violation");
      return end;
    }
    this.#takeHead(head, buffer, result, end);
    this.#partial.clear();
    return result;
  }

  #takeHead(head: Head, buffer: number, next: number, end: number): void {
    const exchange = this.#exchange!;
    if (head.status === 101) return this.#upgrade(head, buffer, next, end);
    if (head.status < 200) {
      if (++this.#interimResponses > this.#core.limits.interimResponsesMax) return this.#lose("violation");
      return exchange.interimResponse(head);
    }
    bodyOfResponse(head, exchange.isHeadRequest);
    this.#bodyFraming = head.framing;
    this.#responseKeepsAlive = head.keepsAlive && head.framing !== FRAMING.untilClose;
    this.#body.start(head.framing, head.contentLength, Number.MAX_SAFE_INTEGER);
    exchange.responseStarted(head);
    if (this.#body.isDone) this.#complete(exchange, undefined, next === end);
  }

  #upgrade(head: Head, buffer: number, next: number, end: number): void {
    const exchange = this.#exchange!;
    if (!exchange.wantsUpgrade || head.findField(FIELD.upgrade) === -1) return this.#lose("violation");
    const tunnel = exchange.tunnelStarts(head);
    if (tunnel === undefined || next === end) return;
    this.#core.buffers.retain(buffer);
    tunnel.received(this.connection, buffer, next, end);
  }

  #readBody(buffer: number, at: number, end: number): number {
    const exchange = this.#exchange!;
    const body = this.#body;
    const event = body.next(this.#core.memory, at, end);
    if (event < 0) {
      this.#lose("violation");
      return end;
    }
    if (event === BODY.data) exchange.responseData(buffer, body.dataStart, body.dataEnd);
    if (body.isDone && this.#exchange === exchange)
      this.#complete(exchange, body.trailers, body.position === end);
    return body.position;
  }

  /** `isAlone`: no byte came behind the response; what did would be the answer to nothing. */
  #complete(exchange: Exchange, trailers: Uint8Array | undefined, isAlone: boolean): void {
    exchange.responseEnded(trailers, this.#responseKeepsAlive && isAlone);
  }

  #forget(): boolean {
    if (this.#state === STATE.over) return false;
    this.#state = STATE.over;
    this.#exchange = undefined;
    this.#core.disown(this.connection);
    return true;
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
