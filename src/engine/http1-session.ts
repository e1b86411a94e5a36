/**
 * A client's connection speaking HTTP/1: reads its requests one after the other, gives each to an exchange,
 * writes the responses, and closes when it has said so. It is the front of one exchange at a time.
 *
 * ```text
 *  head ──► exchange ──► head …   the next request of a kept-alive connection
 *  any ──► over                   closed; or the connection lingers after its last response, or is a tunnel's
 * ```
 *
 * Rules of this file:
 *  1. A kept-alive connection is closed only after a response that said so, or when it has been idle for its
 *     time.
 *  2. Everything ends in `startTunnel`, `#linger`, `#reset` or `#close`, whoever began it.
 */
import { assert } from "../base/assert.ts";
import { FRAMING, type Head } from "../http/head.ts";
import { slotOf } from "../metrics/engine-metrics.ts";
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
import { LingeringConnection } from "./lingering-connection.ts";
import type { RequestContext } from "./request-context.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import { Tunnel } from "./tunnel.ts";
import type { Use } from "./use.ts";

const REQUESTS = slotOf("requests");
const TUNNELS_BEGUN = slotOf("tunnels_begun");

const STATE = { head: 0, exchange: 1, over: 2 } as const;
type State = (typeof STATE)[keyof typeof STATE];

export class Http1Session implements ConnectionOwner, Front, InputTarget {
  readonly connection: number;
  readonly client: Client;
  readonly #core: Core;
  readonly #configuration: Configuration;
  #state: State = STATE.head;
  #exchange: Exchange | undefined;
  readonly #input: Http1Input;
  /** The request in progress, from its head to its response's end. */
  #request: RequestContext | undefined;
  #clientHasEnded = false;
  /** When the client last did something; when the present head began, while one is partial. */
  #activeAt: number;

  /** `idleMs`: how long nothing has happened on it, if another worker had it before. */
  constructor(core: Core, configuration: Configuration, client: Client, connection: number, idleMs = 0) {
    this.#core = core;
    this.#configuration = configuration;
    this.connection = connection;
    this.client = client;
    this.#input = new Http1Input(core, this);
    this.#activeAt = core.now - idleMs;
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

  /** True between requests, if another worker could go on with it. */
  get canGoOver(): boolean {
    if (this.#state !== STATE.head || this.#clientHasEnded || this.listener.isRemoved) return false;
    const unsentBytes = this.#core.port.unsentBytes(this.connection);
    return this.client.secured === undefined && unsentBytes <= this.#core.limits.handOverUnsentBytesMax;
  }

  /** How long nothing has happened on it. */
  get idleMs(): number {
    return this.#core.now - this.#activeAt;
  }

  /** Received and not used; views are valid until the next call. */
  get unusedInput(): Uint8Array[] {
    return this.#input.unused;
  }

  /** Another worker goes on with it. */
  handedOver(): void {
    this.#forget();
  }

  /** It goes on here, after all. */
  comeBack(): void {
    this.#core.deadlines.set(this.connection, this.#dueAt());
    this.#goOn();
  }

  /** Answers before any request and closes: there is no room for this client. */
  refuse(status: number): void {
    this.headRefused(status);
  }

  uses(use: Use): boolean {
    return this.client.uses(use) || this.#exchange?.uses(use) === true;
  }

  // What the port tells.

  connected(): void {
    assert(false, "a client's connection is connected from the beginning");
  }

  received(buffer: number, start: number, end: number): void {
    this.#input.received(buffer, start, end);
  }

  sent(): void {
    if (this.#state === STATE.exchange) {
      this.#activeAt = this.#core.now;
      this.#exchange!.frontSent();
    } else if (this.#input.isPending && !this.#core.reading.mustWait(this.connection)) this.#goOn();
  }

  turnCame(): void {
    if (this.#input.isPending) this.#goOn();
    else this.#core.port.receive(this.connection);
  }

  ended(): void {
    this.#clientHasEnded = true;
    if (this.#input.isPending) return;
    if (this.#state === STATE.head) this.#endAfterWriting();
    // What is still to come of the request will never come.
    else if (!this.forwarding.body.isDone) this.contentRefused(400);
  }

  /** By a reset: what was not written yet must not look as if it never was to come. */
  failed(): void {
    this.#exchange?.abandon();
    this.#reset();
  }

  expired(): void {
    const { now, deadlines } = this.#core;
    const due = this.#dueAt();
    if (due > now) return deadlines.set(this.connection, due);
    if (this.#awaitsOthers)
      return deadlines.set(this.connection, now + this.listener.configuration.front_timeout_ms);
    if (this.#state === STATE.head) return this.isIdle ? this.#endAfterWriting() : this.headRefused(408);
    if (this.#exchange!.responsePhase === RESPONSE.waiting) this.contentRefused(408);
    else this.cut();
  }

  /** Who asks for nothing misses nothing: over TLS, that is said (`close_notify`). */
  cut(): void {
    return this.isIdle && this.client.secured !== undefined ? this.#endAfterWriting() : this.failed();
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
    if (this.#state === STATE.over) return;
    if (!sendBodyEnd(this.#core, this.connection, this.forwarding.responseFraming, trailers))
      return this.#reset();
    this.#responseEnded(requestDone);
  }

  respond(status: number, requestDone: boolean, location?: string): void {
    const request = this.forwarding;
    request.closesAfter = !requestDone || this.#isLast;
    if (!sendDefaultResponse(this.#core, this.connection, request, { status, location }))
      return this.#reset();
    this.#responseEnded(requestDone);
  }

  cutResponse(): void {
    if (this.#state === STATE.over) return;
    // A length or chunks show the cut by themselves; what lasts until close ends with a reset.
    if (this.forwarding.responseFraming === FRAMING.untilClose) this.#reset();
    else this.#linger();
  }

  startTunnel(head: Head, addedLines: Uint8Array, link: BackConnection): Tunnel | undefined {
    if (!sendUpgrade(this.#core, this.connection, head, this.forwarding, addedLines)) {
      this.cut();
      return undefined;
    }
    this.#core.counters[TUNNELS_BEGUN]!++;
    link.handOver();
    this.#state = STATE.over;
    this.#forgetRequest();
    const tunnel = new Tunnel(this.#core, this.connection, link.connection, this.exchange!);
    if (!this.#input.drain((...slice) => tunnel.received(this.connection, ...slice))) {
      tunnel.failed();
      return undefined;
    }
    this.#core.port.receive(this.connection);
    if (this.#clientHasEnded) tunnel.ended(this.connection);
    return tunnel;
  }

  exchangeEnded(exchange: Exchange): void {
    assert(this.#exchange === exchange, "an exchange of another session ended");
    this.#exchange = undefined;
    // Its tunnel is over, and that was the rest of the session.
    if (this.#state === STATE.over) this.#configuration.sessionEnded(this.client);
  }

  // What its input tells.

  get nextInput(): InputKind {
    switch (this.#state) {
      case STATE.head:
        return INPUT.head;
      case STATE.exchange:
        return INPUT.content;
      default:
        return INPUT.dropped;
    }
  }

  /** In progress. */
  get exchange(): Exchange | undefined {
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
    this.#core.counters[REQUESTS]!++;
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
    const responseBegan = this.exchange!.responsePhase !== RESPONSE.waiting;
    this.exchange!.abandon();
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
      this.#core.leavesBehind(this.client) ||
      this.listener.isLeaving ||
      this.client.secured?.certificate?.isRemoved === true ||
      this.client.isToLeave ||
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
    // What it sent ahead is another worker's to answer.
    if (this.#core.handOver !== undefined && this.canGoOver && this.#core.offersOver(this.connection)) return;
    if (this.#input.isPending ? !this.#core.reading.mustWait(this.connection) : this.#clientHasEnded)
      this.#goOn();
  }

  /** An idle client is let go: it asked for nothing. */
  #endAfterWriting(): void {
    if (this.#core.port.unsentBytes(this.connection) > 0) this.#linger();
    else this.#close();
  }

  /** Everything is said. */
  #linger(): void {
    if (this.#clientHasEnded && this.#core.port.unsentBytes(this.connection) === 0) return this.#close();
    this.#leave();
    new LingeringConnection(this.#core, this.#configuration, {
      connection: this.connection,
      client: this.client,
      hasEnded: this.#clientHasEnded,
      silenceMs: this.listener.configuration.front_timeout_ms,
    });
  }

  #forgetRequest(): void {
    if (this.#request !== undefined) this.#core.keepContext(this.#request);
    this.#request = undefined;
  }

  /** True while it is not the client's fault that nothing moves: its backend is slow, or memory is scarce. */
  get #awaitsOthers(): boolean {
    if (this.#state === STATE.head) return this.#core.reading.isWaiting(this.connection);
    return this.exchange!.awaitsBackend || this.exchange!.awaitsMemory;
  }

  #dueAt(): number {
    const times = this.listener.configuration;
    const isHead = this.#state === STATE.head && !this.isIdle;
    return this.#activeAt + (isHead ? times.request_timeout_ms : times.front_timeout_ms);
  }

  #close(): void {
    if (this.#forget()) this.#core.port.close(this.connection);
  }

  #reset(): void {
    if (this.#forget()) this.#core.port.reset(this.connection);
  }

  #forget(): boolean {
    if (this.#state === STATE.over) return false;
    this.#leave();
    this.#core.disown(this.connection);
    this.#configuration.sessionEnded(this.client);
    return true;
  }

  #leave(): void {
    this.#state = STATE.over;
    this.#forgetRequest();
    this.#input.drop();
  }
}
