/**
 * A client's connection speaking HTTP/1: reads its requests one after the other, gives each to an exchange, writes the
 * responses, and closes when it has said so. It is the front of one exchange at a time.
 *
 * ```text
 *  head ──► exchange ──► head …            the next request of a kept-alive connection
 *             ├────────► lingering ──► closed   the last response is written; the client may still be sending
 *             └────────► tunnel ────► closed
 * ```
 *
 * Rules of this file:
 *  1. Bytes are taken in order: what cannot be taken yet (a second request, content that the backend does not take) waits in
 *     `PendingInput`, bounded; beyond, the client is not read.
 *  2. A kept-alive connection is closed only after a response that said so, or when it has been idle for its time.
 */
import { assert } from "../base/assert.ts";
import { FRAMING, type Head } from "../http/head.ts";
import { BODY } from "../http1/body-reader.ts";
import { readRequestHead } from "../http1/read-head.ts";
import { INCOMPLETE, violationOf } from "../http1/violations.ts";
import { ANNOUNCE, faultOfTrailers } from "../http1/write-head.ts";
import type { BackConnection } from "./back-connection.ts";
import { sendBodyData, sendBodyEnd } from "./body-writer.ts";
import { Client } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import { type Exchange, REQUEST, RESPONSE } from "./exchange.ts";
import type { Front } from "./front.ts";
import { framingFor, sendDefaultResponse, sendInterim, sendResponse } from "./http1-response.ts";
import { PartialHead } from "./partial-head.ts";
import { PendingInput } from "./pending-input.ts";
import type { RequestContext } from "./request-context.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import { Tunnel, type TunnelEnd } from "./tunnel.ts";
import type { Use } from "./use.ts";

const STATE = { head: 0, exchange: 1, tunnel: 2, lingering: 3, closed: 4 } as const;
type State = (typeof STATE)[keyof typeof STATE];

export class Http1Session implements ConnectionOwner, Front, TunnelEnd {
  readonly connection: number;
  readonly #client: Client;
  readonly #core: Core;
  readonly #configuration: Configuration;
  #state: State = STATE.head;
  #exchange: Exchange | undefined;
  #tunnel: Tunnel | undefined;
  readonly #partial = new PartialHead();
  readonly #pending = new PendingInput();
  /** The request in progress, from its head to its response's end. */
  #request: RequestContext | undefined;
  #clientHasEnded = false;
  /** Guards against taking the same bytes twice: what an exchange calls back while it begins must not take more. */
  #isConsuming = false;
  /** When the client last did something; when the present head began, while one is partial. */
  #activeAt: number;

  constructor(core: Core, configuration: Configuration, listener: ListenerRuntime, connection: number, ip: string) {
    this.#core = core;
    this.#configuration = configuration;
    this.connection = connection;
    this.#client = new Client(listener, ip);
    this.#activeAt = core.now;
    core.own(connection, this);
    core.deadlines.set(connection, core.now + listener.configuration.request_timeout_ms);
    core.port.receive(connection);
  }

  get listener(): ListenerRuntime {
    return this.#client.listener;
  }

  get balancingKey(): number {
    return this.#client.hash;
  }

  get forwarding(): RequestContext {
    assert(this.#request !== undefined, "no request is in progress");
    return this.#request;
  }

  /** True between requests: nothing is lost if it ends. */
  get isIdle(): boolean {
    return this.#state === STATE.head && this.#partial.isEmpty;
  }

  /** Answers before any request and closes: there is no room for this client. */
  refuse(status: number): void {
    this.#respondAndClose(status);
  }

  /** True if its exchange or tunnel is counted in `use`. */
  uses(use: Use): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return false;
    return exchange.listener?.use === use || exchange.cluster?.use === use || exchange.backend?.use === use;
  }

  // What the port tells.

  connected(): void {
    assert(false, "a client's connection is connected from the beginning");
  }

  received(buffer: number, start: number, end: number): void {
    if (this.#state === STATE.tunnel) {
      this.#activeAt = this.#core.now;
      return this.#tunnel!.received(this.connection, buffer, start, end);
    }
    const at = this.#pending.isEmpty ? this.#consume(buffer, start, end) : start;
    if (at === end || this.#state === STATE.closed) return this.#core.buffers.release(buffer);
    this.#pending.push(buffer, at, end);
    if (this.#pending.isFull(this.#core.limits)) this.#core.port.pause(this.connection);
  }

  sent(): void {
    switch (this.#state) {
      case STATE.tunnel:
        this.#activeAt = this.#core.now;
        return this.#tunnel!.sent(this.connection);
      case STATE.exchange:
        this.#activeAt = this.#core.now;
        return this.#exchange!.frontSent();
      case STATE.head:
        if (!this.#pending.isEmpty) this.#goOn();
        return;
      case STATE.lingering:
        if (this.#clientHasEnded && this.#core.port.unsentBytes(this.connection) === 0) this.#close();
        return;
      default:
    }
  }

  ended(): void {
    switch (this.#state) {
      case STATE.tunnel:
        return this.#tunnel!.ended(this.connection);
      case STATE.lingering:
        return this.#close();
      case STATE.head:
        this.#clientHasEnded = true;
        if (this.#pending.isEmpty) this.#endAfterWriting();
        return;
      default:
        this.#clientHasEnded = true;
        // What is still to come of the request will never come.
        if (!this.forwarding.body.isDone && this.#pending.isEmpty) this.#refuseBody(400);
    }
  }

  failed(): void {
    if (this.#state === STATE.tunnel) return this.#tunnel!.failed();
    this.#exchange?.abandon();
    this.#close();
  }

  expired(): void {
    const { now, deadlines } = this.#core;
    const due = this.#dueAt();
    if (due > now) return deadlines.set(this.connection, due);
    switch (this.#state) {
      case STATE.tunnel:
        return this.#tunnel!.expired();
      case STATE.head:
        if (this.isIdle) return this.#endAfterWriting();
        return this.#respondAndClose(408);
      case STATE.exchange:
        if (this.#exchange!.awaitsBackend) {
          return deadlines.set(this.connection, now + this.listener.configuration.front_timeout_ms);
        }
        return this.#exchange!.responsePhase === RESPONSE.waiting ? this.#refuseBody(408) : this.cut();
      default:
        this.#close();
    }
  }

  cut(): void {
    if (this.#state === STATE.tunnel) return this.#tunnel!.failed();
    this.#exchange?.abandon();
    if (this.#state !== STATE.closed) this.reset();
  }

  // What the exchange asks.

  requestWanted(): void {
    this.#activeAt = this.#core.now;
    this.#goOn();
  }

  writeInterim(head: Head): void {
    if (this.forwarding.minorVersion === 0) return;
    if (!sendInterim(this.#core, this.connection, head, this.forwarding, ANNOUNCE.nothing)) this.cut();
  }

  writeResponse(head: Head): void {
    const request = this.forwarding;
    this.#activeAt = this.#core.now;
    request.responseFraming = framingFor(head, request);
    // A client that has not sent all of its request may never do so: then nobody knows where the next one begins.
    const requestDone = this.#exchange!.requestPhase === REQUEST.done;
    request.closesAfter = request.responseFraming === FRAMING.untilClose || !requestDone || this.#isLast;
    if (!sendResponse(this.#core, this.connection, head, request)) this.cut();
  }

  writeData(buffer: number, start: number, end: number): void {
    if (!sendBodyData(this.#core, this.connection, this.forwarding.responseFraming, buffer, start, end)) this.cut();
  }

  endResponse(trailers: Uint8Array | undefined, requestDone: boolean): void {
    if (this.#state === STATE.closed) return;
    if (!sendBodyEnd(this.#core, this.connection, this.forwarding.responseFraming, trailers)) return this.reset();
    this.#responseEnded(requestDone);
  }

  respond(status: number, requestDone: boolean, location?: string): void {
    const request = this.forwarding;
    request.closesAfter = !requestDone || this.#isLast;
    if (!sendDefaultResponse(this.#core, this.connection, request, { status, location })) return this.reset();
    this.#responseEnded(requestDone);
  }

  cutResponse(): void {
    if (this.#state === STATE.closed) return;
    // A length or chunks show the cut by themselves; what lasts until close ends with a reset.
    if (this.forwarding.responseFraming === FRAMING.untilClose) this.reset();
    else this.#linger();
  }

  startTunnel(head: Head, link: BackConnection): void {
    const exchange = this.#exchange!;
    if (!sendInterim(this.#core, this.connection, head, this.forwarding, ANNOUNCE.upgrade)) return this.cut();
    this.#forgetRequest();
    this.#state = STATE.tunnel;
    this.#tunnel = new Tunnel(this.#core, this, link, () => exchange.tunnelEnded());
    link.startTunnel(this.#tunnel);
    this.#pending.drain((buffer, start, end) => this.#tunnel!.received(this.connection, buffer, start, end));
    this.#core.port.receive(this.connection);
    if (this.#clientHasEnded) this.#tunnel.ended(this.connection);
  }

  exchangeEnded(exchange: Exchange): void {
    assert(this.#exchange === exchange, "an exchange of another session ended");
    this.#exchange = undefined;
  }

  // As a tunnel's end.

  close(): void {
    this.#close();
  }

  reset(): void {
    if (this.#forget()) this.#core.port.reset(this.connection);
  }

  /** Takes what it can of `memory[start..end)` and gives where it stopped. */
  #consume(buffer: number, start: number, end: number): number {
    this.#isConsuming = true;
    const at = this.#consumeSome(buffer, start, end);
    this.#isConsuming = false;
    return at;
  }

  #consumeSome(buffer: number, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const before = at;
      switch (this.#state) {
        case STATE.head:
          at = this.#consumeHead(at, end);
          break;
        case STATE.exchange:
          at = this.#consumeBody(buffer, at, end);
          break;
        case STATE.tunnel:
          return at;
        default:
          return end;
      }
      if (at === before) return at;
    }
    return at;
  }

  #consumeHead(at: number, end: number): number {
    const core = this.#core;
    if (core.isCongested(this.connection)) return at;
    const head = core.requestHead;
    const wasEmpty = this.#partial.isEmpty;
    const result = this.#partial.read(readRequestHead, head, core.memory, at, end, core.limits);
    if (result === INCOMPLETE) {
      if (wasEmpty) this.#headBegins();
      return end;
    }
    this.#activeAt = core.now;
    if (result < 0) {
      this.#respondAndClose(violationOf(result).statusHint);
      return end;
    }
    if (head.framing === FRAMING.length && head.contentLength > core.limits.bodyBytesMax) {
      this.#respondAndClose(413);
      return end;
    }
    this.#begin(head);
    if (!wasEmpty) this.#partial.clear();
    return result;
  }

  /** From its first byte on, a head has to come in its own time. */
  #headBegins(): void {
    this.#activeAt = this.#core.now;
    this.#core.deadlines.set(this.connection, this.#core.now + this.listener.configuration.request_timeout_ms);
  }

  #begin(head: Head): void {
    this.#state = STATE.exchange;
    this.#request = this.#core.takeContext(this.#client);
    this.#request.begin(this.#core, this.#client, head);
    const exchange = this.#configuration.takeExchange();
    this.#exchange = exchange;
    exchange.start(this, head);
  }

  #consumeBody(buffer: number, at: number, end: number): number {
    const exchange = this.#exchange!;
    const { body } = this.forwarding;
    if (body.isDone || !exchange.takesBody) return at;
    this.#activeAt = this.#core.now;
    const event = body.next(this.#core.memory, at, end);
    if (event < 0) {
      this.#refuseBody(violationOf(event).statusHint);
      return end;
    }
    if (event === BODY.data) exchange.requestData(buffer, body.dataStart, body.dataEnd);
    if (body.isDone && this.#exchange === exchange) return this.#endRequest(exchange, end);
    return body.position;
  }

  /** The content is whole. What its trailers say is read only now; if they are malformed, that is the client's fault. */
  #endRequest(exchange: Exchange, end: number): number {
    const { trailers, position } = this.forwarding.body;
    const fault = trailers === undefined ? 0 : faultOfTrailers(trailers);
    if (fault < 0) {
      this.#refuseBody(violationOf(fault).statusHint);
      return end;
    }
    exchange.requestEnded(trailers);
    return position;
  }

  /** Takes pending bytes as far as it can, and reads on. */
  #goOn(): void {
    if (this.#isConsuming) return;
    const pending = this.#pending;
    while (!pending.isEmpty && this.#state !== STATE.closed) {
      const at = this.#consume(pending.buffer, pending.start, pending.end);
      if (pending.isEmpty || at === pending.start) break;
      pending.advance(this.#core.buffers, at);
    }
    if (this.#state === STATE.closed || this.#state === STATE.tunnel) return;
    if (!pending.isFull(this.#core.limits)) this.#core.port.receive(this.connection);
    if (!this.#clientHasEnded || !pending.isEmpty) return;
    if (this.#state === STATE.head) this.#endAfterWriting();
    else if (this.#state === STATE.exchange && !this.forwarding.body.isDone) this.#refuseBody(400);
  }

  get #isLast(): boolean {
    return !this.forwarding.keepsAlive || this.#core.isStopping || this.listener.isRemoved || this.#clientSaidAll;
  }

  get #clientSaidAll(): boolean {
    return this.#clientHasEnded && this.#pending.isEmpty;
  }

  #responseEnded(requestDone: boolean): void {
    this.#activeAt = this.#core.now;
    if (this.forwarding.closesAfter || !requestDone) return this.#linger();
    this.#state = STATE.head;
    this.#forgetRequest();
    this.#core.deadlines.set(this.connection, this.#activeAt + this.listener.configuration.front_timeout_ms);
    if (!this.#pending.isEmpty || this.#clientHasEnded) this.#goOn();
  }

  /** The request's content is at fault, or will never be whole. */
  #refuseBody(status: number): void {
    const responseBegan = this.#exchange!.responsePhase !== RESPONSE.waiting;
    this.#exchange!.abandon();
    if (responseBegan) this.cutResponse();
    else this.respond(status, false);
  }

  #respondAndClose(status: number): void {
    this.#request ??= this.#core.takeContext(this.#client);
    this.#request.beginWithout(this.#core, this.#client);
    this.respond(status, false);
  }

  /** An idle client is let go: it asked for nothing. */
  #endAfterWriting(): void {
    if (this.#core.port.unsentBytes(this.connection) > 0) this.#linger();
    else this.#close();
  }

  /** Everything is said: our direction ends, and what the client still sends is dropped until it ends, too. */
  #linger(): void {
    this.#state = STATE.lingering;
    this.#forgetRequest();
    this.#activeAt = this.#core.now;
    this.#pending.drop(this.#core.buffers);
    if (this.#clientHasEnded && this.#core.port.unsentBytes(this.connection) === 0) return this.#close();
    this.#core.port.shutdown(this.connection);
    this.#core.port.receive(this.connection);
    this.#core.deadlines.set(this.connection, this.#core.now + this.#core.limits.lingerMs);
  }

  #forgetRequest(): void {
    if (this.#request !== undefined) this.#core.keepContext(this.#request);
    this.#request = undefined;
  }

  #dueAt(): number {
    const times = this.listener.configuration;
    switch (this.#state) {
      case STATE.head:
        return this.#activeAt + (this.isIdle ? times.front_timeout_ms : times.request_timeout_ms);
      case STATE.exchange:
        return this.#activeAt + times.front_timeout_ms;
      case STATE.tunnel:
        return this.#activeAt + this.#core.limits.tunnelIdleMs;
      default:
        return this.#activeAt + this.#core.limits.lingerMs;
    }
  }

  #close(): void {
    if (this.#forget()) this.#core.port.close(this.connection);
  }

  #forget(): boolean {
    if (this.#state === STATE.closed) return false;
    this.#state = STATE.closed;
    this.#tunnel = undefined;
    this.#forgetRequest();
    this.#pending.drop(this.#core.buffers);
    this.#core.disown(this.connection);
    this.#configuration.sessionEnded();
    return true;
  }
}
