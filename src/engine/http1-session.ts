/**
 * A client's connection speaking HTTP/1: reads its requests one after the other, gives each to an exchange,
 * writes the responses, and closes when it has said so. It is the front of one exchange at a time.
 *
 * ```text
 *  head ──► exchange ──► head …            the next request of a kept-alive connection
 *             ├────────► lingering ──► closed   the last response is written; the client may still be sending
 *             └────────► tunnel ────► closed
 * ```
 *
 * Rules of this file:
 *  1. A kept-alive connection is closed only after a response that said so, or when it has been idle for its
 *     time.
 *  2. Everything ends in `#linger`, `reset` or `close`, whoever began it.
 */
import { assert } from "../base/assert.ts";
import { FRAMING, type Head } from "../http/head.ts";
import type { BackConnection } from "./back-connection.ts";
import { sendBodyData, sendBodyEnd } from "./body-writer.ts";
import type { Client } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import { type Exchange, REQUEST, RESPONSE } from "./exchange.ts";
import type { Front } from "./front.ts";
import { Http1Input, INPUT, type InputKind, type InputTarget } from "./http1-input.ts";
import { framingFor, sendDefaultResponse, sendInterim, sendResponse, sendUpgrade } from "./http1-response.ts";
import type { RequestContext } from "./request-context.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import { Tunnel, type TunnelEnd } from "./tunnel.ts";
import type { Use } from "./use.ts";

const STATE = { head: 0, exchange: 1, tunnel: 2, lingering: 3, closed: 4 } as const;
type State = (typeof STATE)[keyof typeof STATE];

export class Http1Session implements ConnectionOwner, Front, InputTarget, TunnelEnd {
  readonly connection: number;
  readonly client: Client;
  readonly #core: Core;
  readonly #configuration: Configuration;
  #state: State = STATE.head;
  #exchange: Exchange | undefined;
  #tunnel: Tunnel | undefined;
  readonly #input: Http1Input;
  /** The request in progress, from its head to its response's end. */
  #request: RequestContext | undefined;
  #clientHasEnded = false;
  /** When the client last did something; when the present head began, while one is partial. */
  #activeAt: number;

  constructor(core: Core, configuration: Configuration, client: Client, connection: number) {
    this.#core = core;
    this.#configuration = configuration;
    this.connection = connection;
    this.client = client;
    this.#input = new Http1Input(core, this);
    this.#activeAt = core.now;
    core.own(connection, this);
    core.deadlines.set(connection, core.now + client.listener.configuration.request_timeout_ms);
    core.port.receive(connection);
  }

  get listener(): ListenerRuntime {
    return this.client.listener;
  }

  get balancingKey(): number {
    return this.client.hash;
  }

  get forwarding(): RequestContext {
    assert(this.#request !== undefined, "no request is in progress");
    return this.#request;
  }

  /** True between requests: nothing is lost if it ends. */
  get isIdle(): boolean {
    return this.#state === STATE.head && !this.#input.hasPartialHead;
  }

  /** Answers before any request and closes: there is no room for this client. */
  refuse(status: number): void {
    this.headRefused(status);
  }

  /** True if its exchange or tunnel is counted in `use`. */
  uses(use: Use): boolean {
    const exchange = this.#exchange;
    if (this.client.secured?.certificate?.use === use) return true;
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
    this.#input.received(buffer, start, end);
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
        if (this.#input.isPending && !this.#core.reading.mustWait(this.connection)) this.#goOn();
        return;
      case STATE.lingering:
        if (this.#clientHasEnded && this.#core.port.unsentBytes(this.connection) === 0) this.#close();
        return;
      default:
    }
  }

  turnCame(): void {
    if (this.#input.isPending) this.#goOn();
    else this.#core.port.receive(this.connection);
  }

  ended(): void {
    switch (this.#state) {
      case STATE.tunnel:
        return this.#tunnel!.ended(this.connection);
      case STATE.lingering:
        return this.#close();
      case STATE.head:
        this.#clientHasEnded = true;
        if (!this.#input.isPending) this.#endAfterWriting();
        return;
      default:
        this.#clientHasEnded = true;
        // What is still to come of the request will never come.
        if (!this.forwarding.body.isDone && !this.#input.isPending) this.contentRefused(400);
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
        if (this.#core.reading.isWaiting(this.connection))
          return deadlines.set(this.connection, now + this.listener.configuration.front_timeout_ms);
        if (this.isIdle) return this.#endAfterWriting();
        return this.headRefused(408);
      case STATE.exchange:
        if (this.#exchange!.awaitsBackend || this.#exchange!.awaitsMemory) {
          return deadlines.set(this.connection, now + this.listener.configuration.front_timeout_ms);
        }
        return this.#exchange!.responsePhase === RESPONSE.waiting ? this.contentRefused(408) : this.cut();
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
    if (!sendInterim(this.#core, this.connection, head, this.forwarding)) this.cut();
  }

  writeResponse(head: Head, addedLines: Uint8Array): void {
    const request = this.forwarding;
    this.#activeAt = this.#core.now;
    request.responseFraming = framingFor(head, request);
    // A client that has not sent all of its request may never do so: then nobody knows where the next one
    // begins.
    const requestDone = this.#exchange!.requestPhase === REQUEST.done;
    request.closesAfter = request.responseFraming === FRAMING.untilClose || !requestDone || this.#isLast;
    // Should we die: a length or chunks show that something is missing, the kernel's FIN would not.
    if (request.responseFraming === FRAMING.untilClose) this.#core.port.resetOnExit(this.connection);
    if (!sendResponse(this.#core, this.connection, head, request, addedLines)) this.cut();
  }

  writeData(buffer: number, start: number, end: number): void {
    if (!sendBodyData(this.#core, this.connection, this.forwarding.responseFraming, buffer, start, end))
      this.cut();
  }

  endResponse(trailers: Uint8Array | undefined, requestDone: boolean): void {
    if (this.#state === STATE.closed) return;
    if (!sendBodyEnd(this.#core, this.connection, this.forwarding.responseFraming, trailers))
      return this.reset();
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

  startTunnel(head: Head, addedLines: Uint8Array, link: BackConnection): void {
    const exchange = this.#exchange!;
    if (!sendUpgrade(this.#core, this.connection, head, this.forwarding, addedLines)) return this.cut();
    this.#forgetRequest();
    this.#state = STATE.tunnel;
    this.#tunnel = new Tunnel(this.#core, this, link, () => exchange.tunnelEnded());
    link.startTunnel(this.#tunnel);
    const tunnel = this.#tunnel;
    const drained = this.#input.drain((...slice) => tunnel.received(this.connection, ...slice));
    if (!drained) return this.cut();
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

  // What its input tells.

  get nextInput(): InputKind {
    switch (this.#state) {
      case STATE.head:
        return INPUT.head;
      case STATE.exchange:
        return INPUT.content;
      case STATE.tunnel:
        return INPUT.held;
      default:
        return INPUT.dropped;
    }
  }

  get exchange(): Exchange {
    assert(this.#exchange !== undefined, "no exchange is in progress");
    return this.#exchange;
  }

  /** From its first byte on, a head has to come in its own time. */
  headBegan(): void {
    this.#activeAt = this.#core.now;
    this.#core.deadlines.set(
      this.connection,
      this.#core.now + this.listener.configuration.request_timeout_ms,
    );
  }

  headRead(head: Head): void {
    this.#state = STATE.exchange;
    this.#activeAt = this.#core.now;
    this.#request = this.#core.takeContext(this.client);
    this.#request.begin(this.#core, this.client, head);
    const exchange = this.#configuration.takeExchange();
    this.#exchange = exchange;
    exchange.start(this, head);
    this.#core.queuedClients.left(this.connection);
  }

  headRefused(status: number): void {
    this.#activeAt = this.#core.now;
    this.#request ??= this.#core.takeContext(this.client);
    this.#request.beginWithout(this.#core, this.client);
    this.respond(status, false);
  }

  contentTaken(): void {
    this.#activeAt = this.#core.now;
  }

  contentRefused(status: number): void {
    const responseBegan = this.exchange.responsePhase !== RESPONSE.waiting;
    this.exchange.abandon();
    if (responseBegan) this.cutResponse();
    else this.respond(status, false);
  }

  /** Takes what is pending; then, if the client said all, nothing more will come. */
  #goOn(): void {
    if (!this.#input.goOn() || !this.#clientSaidAll) return;
    if (this.#state === STATE.head) this.#endAfterWriting();
    else if (this.#state === STATE.exchange && !this.forwarding.body.isDone) this.contentRefused(400);
  }

  get #isLast(): boolean {
    return (
      !this.forwarding.keepsAlive ||
      this.#core.isStopping ||
      this.listener.isRemoved ||
      this.client.secured?.certificate?.isRemoved === true ||
      this.#clientSaidAll
    );
  }

  get #clientSaidAll(): boolean {
    return this.#clientHasEnded && !this.#input.isPending;
  }

  #responseEnded(requestDone: boolean): void {
    this.#activeAt = this.#core.now;
    if (this.forwarding.closesAfter || !requestDone) return this.#linger();
    this.#state = STATE.head;
    this.#forgetRequest();
    this.#core.deadlines.set(this.connection, this.#activeAt + this.listener.configuration.front_timeout_ms);
    if (this.#input.isPending ? !this.#core.reading.mustWait(this.connection) : this.#clientHasEnded)
      this.#goOn();
  }

  /** An idle client is let go: it asked for nothing. */
  #endAfterWriting(): void {
    if (this.#core.port.unsentBytes(this.connection) > 0) this.#linger();
    else this.#close();
  }

  /**
   * Everything is said: our direction ends, and what the client still sends is dropped until it ends, too.
   */
  #linger(): void {
    this.#state = STATE.lingering;
    this.#forgetRequest();
    this.#activeAt = this.#core.now;
    this.#input.drop();
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
        return this.#activeAt + this.#tunnel!.silenceMs;
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
    this.#input.drop();
    this.#core.disown(this.connection);
    this.client.leave();
    this.#configuration.sessionEnded();
    return true;
  }
}
