/**
 * One HTTP request and its response, between a front (where the client's request was read) and a link (the
 * backend connection that serves it). It decides: which rule, which backend, whether to try again, how it
 * ends. It reads no HTTP: both sides speak their own version and meet here.
 *
 * Rules of this file:
 *  1. An exchange knows one front and at most one link at a time; a front may have many exchanges.
 *  2. What it uses (listener, cluster, backend) is counted from its beginning to its end: drains wait for it.
 *  3. Used again from a pool: `end` leaves nothing of the last exchange behind.
 */
import { assert, assertNever } from "../base/assert.ts";
import { FRAMING, type Framing, type Head } from "../http/head.ts";
import { slotOf } from "../metrics/engine-metrics.ts";
import { Attempts } from "./attempts.ts";
import type { BackConnection } from "./back-connection.ts";
import type { Client } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";
import { decide, isServed, type Unserved } from "./decision.ts";
import { type Ending, type LinkLoss, type LostLink, endingOf } from "./endings.ts";
import type { Front } from "./front.ts";
import { KeptHead } from "./kept-head.ts";
import { sendProxyHeader } from "./proxy-header.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import type { Tunnel } from "./tunnel.ts";
import { slotOfLoss, UNSERVED } from "./unserved.ts";
import type { Use, UsedObject } from "./use.ts";

const CONNECT_FAILURES = slotOf("connect_failures");
const RETRIES = slotOf("retries");
const RESPONSES_CUT = slotOf("responses_cut");

/** How far a response is. */
export const RESPONSE = { waiting: 0, body: 1, done: 2 } as const;
export type ResponsePhase = (typeof RESPONSE)[keyof typeof RESPONSE];

/** How far a request is: `body` while content is to come from the client. */
export const REQUEST = { body: 0, done: 1 } as const;
export type RequestPhase = (typeof REQUEST)[keyof typeof REQUEST];

export class Exchange {
  readonly #core: Core;
  readonly #configuration: Configuration;
  #front: Front | undefined;
  #link: BackConnection | undefined;
  #listener: ListenerRuntime | undefined;
  readonly #attempts = new Attempts<BackConnection>();
  readonly #keptHead: KeptHead;
  #requestPhase: RequestPhase = REQUEST.done;
  #responsePhase: ResponsePhase = RESPONSE.waiting;
  /** How much content came so far. */
  #requestBytes = 0;
  #responseBytes = 0;
  #startedAt = 0;
  /** The configuration's moment at which its cluster was chosen. */
  #decidedAt = 0;

  requestFraming: Framing = FRAMING.none;
  isHeadRequest = false;
  wantsUpgrade = false;

  constructor(core: Core, configuration: Configuration) {
    this.#core = core;
    this.#configuration = configuration;
    this.#keptHead = new KeptHead(core);
  }

  get responsePhase(): ResponsePhase {
    return this.#responsePhase;
  }

  get requestPhase(): RequestPhase {
    return this.#requestPhase;
  }

  /** Whose it is. */
  get client(): Client | undefined {
    return this.#front?.client;
  }

  /** Which host its request names; `undefined` once its response has begun. */
  get host(): string | undefined {
    return this.#keptHead.host;
  }

  /** True if it is counted in `use`. */
  uses(use: Use): boolean {
    const isClients = this.#front?.client.uses(use) === true;
    return isClients || this.#listener?.use === use || this.#attempts.uses(use);
  }

  /** Everything that it is counted in, while a backend serves it. */
  get usedObjects(): readonly UsedObject[] {
    const { configuration, use } = this.#listener!;
    return [{ kind: "listener", key: configuration.address, use }, ...this.#attempts.usedObjects];
  }

  /** Begins with the head that `front` has just read; views on it are used only until this returns. */
  start(front: Front, head: Head): void {
    this.#front = front;
    this.#startedAt = this.#core.now;
    this.isHeadRequest = front.forwarding.isHeadRequest;
    this.requestFraming = head.framing;
    this.wantsUpgrade = front.forwarding.passesUpgrade;
    this.#requestPhase = head.hasContent ? REQUEST.body : REQUEST.done;
    const decision = decide(this.#configuration, front, head);
    if (!isServed(decision)) return this.#leaveUnserved(decision);
    this.#decidedAt = this.#configuration.moment;
    if (!this.#keptHead.fits(head, front.forwarding)) return this.#refuse(431, UNSERVED.tooLarge);
    if (!this.#keptHead.keep(head, front.forwarding)) return this.#refuse(503, UNSERVED.noResources);
    this.#listener = front.listener;
    front.listener.use.begin();
    this.#attempts.begin(decision, head);
    this.#core.reading.flows++;
    this.#connect(503, UNSERVED.noBackend);
  }

  /** True while content of the request can be passed on. */
  get takesBody(): boolean {
    const link = this.#link;
    return link !== undefined && link.isReady && !this.#core.reading.isCongested(link.connection);
  }

  /** True while the backend is the one to do something next; else the client is. */
  get awaitsBackend(): boolean {
    if (this.#responsePhase === RESPONSE.waiting && this.#requestPhase === REQUEST.body)
      return !this.takesBody;
    return !this.#core.reading.isCongested(this.#front!.connection);
  }

  /** True while it is neither's fault that nothing moves: there is no memory for more of a body. */
  get awaitsMemory(): boolean {
    const { reading } = this.#core;
    return [this.#front, this.#link].some((side) => side !== undefined && reading.isWaiting(side.connection));
  }

  /** Content of the request, in the memory of `buffer`, which stays the caller's. Only while `takesBody`. */
  requestData(buffer: number, start: number, end: number): void {
    const link = this.#link;
    assert(link !== undefined, "content for an exchange without a link");
    if (!link.writeData(this.requestFraming, buffer, start, end)) return this.#linkLost("failed");
    this.#requestBytes += end - start;
    this.#core.reading.follow(this.#front!.connection, link.connection, this.#requestBytes);
  }

  /** The request is whole. */
  requestEnded(trailers: Uint8Array | undefined): void {
    this.#requestPhase = REQUEST.done;
    assert(this.#link !== undefined, "a request ended without a link");
    this.#core.reading.readNow(this.#front!.connection);
    if (!this.#link.writeEnd(this.requestFraming, trailers)) this.#linkLost("failed");
  }

  /** More content of the request can be passed on. */
  readRequestOn(): void {
    const { reading } = this.#core;
    if (this.#requestPhase === REQUEST.body) reading.readOn(this.#front!.connection, this.#requestBytes);
    else reading.readNow(this.#front!.connection);
  }

  /** The client took something: the backend may go on. */
  frontSent(): void {
    const front = this.#front;
    if (this.#link !== undefined && front !== undefined && !this.#core.reading.isCongested(front.connection))
      this.#link.readOn(this.#responseBytes);
  }

  /** The client is gone, or its request is at fault: the exchange ends without another word to it. */
  abandon(): void {
    this.#link?.close();
    this.#end();
  }

  // What the link tells.

  /** The link is connected: what comes before everything else is sent. False: no buffer is free. */
  announceClient(link: BackConnection): boolean {
    return sendProxyHeader(this.#core, link, this.#front!.client);
  }

  /** The link can be written to. */
  linkReady(): void {
    const link = this.#link;
    const front = this.#front;
    assert(link !== undefined && front !== undefined, "a link of nobody is ready");
    this.#keptHead.send(link.connection);
    if (this.#requestPhase === REQUEST.body) front.requestWanted();
  }

  /** The backend took something: the client may go on. */
  linkSent(): void {
    if (this.#requestPhase === REQUEST.body && this.takesBody) this.#front?.requestWanted();
  }

  interimResponse(head: Head): void {
    this.#front?.writeInterim(head);
  }

  /** The final response's head; `head.framing` is complete. */
  responseStarted(head: Head): void {
    this.#keptHead.forget();
    this.#responsePhase = RESPONSE.body;
    this.#front!.writeResponse(head, this.#attempts.addedLines);
  }

  /** Content of the response, in the memory of `buffer`, which stays the caller's. */
  responseData(buffer: number, start: number, end: number): void {
    const front = this.#front!;
    front.writeData(buffer, start, end);
    this.#responseBytes += end - start;
    const link = this.#link;
    if (link !== undefined) this.#core.reading.follow(link.connection, front.connection, this.#responseBytes);
  }

  /** The response is whole. `mayReuse`: nothing speaks against another request on the link. */
  responseEnded(trailers: Uint8Array | undefined, mayReuse: boolean): void {
    const front = this.#front!;
    const link = this.#link;
    const requestDone = this.#requestPhase === REQUEST.done;
    this.#responsePhase = RESPONSE.done;
    this.#core.metrics.exchangeDurations.observe(this.#core.now - this.#startedAt);
    this.#attempts.backend?.succeeded();
    this.#link = undefined;
    if (link !== undefined) {
      if (mayReuse && requestDone) link.becomeIdle();
      else link.close();
    }
    this.#end();
    front.endResponse(trailers, requestDone);
  }

  /**
   * The backend agreed to another protocol: from here on bytes are passed on as they are. `undefined` if the
   * client could not be told; then all is over.
   */
  tunnelStarts(head: Head): Tunnel | undefined {
    const link = this.#link;
    assert(link !== undefined, "a tunnel without a link");
    this.#keptHead.forget();
    this.#responsePhase = RESPONSE.body;
    return this.#front!.startTunnel(head, this.#attempts.addedLines, link);
  }

  /** A tunnel of this exchange ended on both sides. */
  tunnelEnded(): void {
    this.#link = undefined;
    this.#end();
  }

  /** The link is lost; it has closed itself. */
  linkLost(cause: LinkLoss): void {
    const link = this.#link;
    assert(link !== undefined, "an exchange lost a link that it does not have");
    const isUnconnected = cause === "unreachable" || cause === "connect-timed-out";
    if (isUnconnected) this.#core.counters[CONNECT_FAILURES]!++;
    if (isUnconnected || cause === "untrusted") this.#attempts.backend!.failed(this.#core.now);
    const lost: LostLink = {
      cause,
      requestLeft: link.requestLeft,
      isReused: link.isReused,
      isReplayable: this.#keptHead.isReplayable,
      responseBegan: this.#responsePhase !== RESPONSE.waiting,
      lastsUntilClose: link.lastsUntilClose,
      attemptsLeft: this.#core.limits.attemptsMax - this.#attempts.made,
    };
    const ending = endingOf(lost);
    if (ending.kind === "retry") this.#retry(lost);
    else this.#follow(ending, cause);
  }

  #linkLost(cause: LinkLoss): void {
    this.#link?.close();
    this.linkLost(cause);
  }

  #retry(lost: LostLink): void {
    // A stale link says nothing about its backend; one that could not be reached is left out.
    if (!lost.requestLeft) this.#attempts.ruleOut();
    this.#link = undefined;
    this.#attempts.leave();
    const last = endingOf({ ...lost, attemptsLeft: 0 });
    this.#core.counters[RETRIES]!++;
    if (this.#decidedAt !== this.#configuration.moment && !this.#decideAnew()) return;
    this.#connect(last.kind === "respond" ? last.status : 503, slotOfLoss(lost.cause));
  }

  /**
   * The configuration has changed since the rule was found: rule and backend have to be of one moment. False:
   * it is answered without a backend.
   */
  #decideAnew(): boolean {
    this.#decidedAt = this.#configuration.moment;
    const head = this.#keptHead.readBack();
    if (head === undefined) {
      this.#refuse(503, UNSERVED.noBackend);
      return false;
    }
    const front = this.#front!;
    const decision = decide(this.#configuration, front, head);
    front.forwarding.decided(this.#core);
    if (!isServed(decision)) {
      this.#leaveUnserved(decision);
      return false;
    }
    this.#attempts.moveTo(decision, head);
    return true;
  }

  #follow(ending: Exclude<Ending, { kind: "retry" }>, cause: LinkLoss): void {
    const front = this.#front!;
    switch (ending.kind) {
      case "complete":
        this.responseEnded(undefined, false);
        return;
      case "respond":
        this.#refuse(ending.status, slotOfLoss(cause));
        return;
      case "cut":
        this.#core.counters[RESPONSES_CUT]!++;
        this.#end();
        front.cutResponse();
        return;
      default:
        assertNever(ending);
    }
  }

  /** `statusIfNone`: what is answered when there is no backend to try, and where that is counted. */
  #connect(statusIfNone: number, slotIfNone: number): void {
    const front = this.#front!;
    const backend = this.#attempts.next(this.#core.now, front.balancingKey);
    if (backend === undefined) return this.#refuse(statusIfNone, slotIfNone);
    const times = front.listener.configuration;
    const link = this.#configuration.openLink(this.#attempts.cluster!, backend, this, times);
    if (link === undefined) return this.#refuse(503, UNSERVED.noResources);
    this.#link = link;
    if (link.isReady) this.linkReady();
  }

  #leaveUnserved({ status, slot, location }: Unserved): void {
    if (slot !== undefined) return this.#refuse(status, slot);
    const front = this.#front!;
    const requestDone = this.#requestPhase === REQUEST.done;
    this.#end();
    front.respond(status, requestDone, location);
  }

  /** `slot`: where it is counted. */
  #refuse(status: number, slot: number): void {
    this.#core.counters[slot]!++;
    const front = this.#front!;
    const requestDone = this.#requestPhase === REQUEST.done;
    this.#end();
    front.respond(status, requestDone);
  }

  /** Leaves everything and goes back to the pool. The front is told by whoever calls this. */
  #end(): void {
    this.#keptHead.forget();
    this.#link = undefined;
    if (this.#attempts.cluster !== undefined) this.#core.reading.flows--;
    this.#attempts.end();
    this.#listener?.use.end();
    this.#listener = undefined;
    const front = this.#front!;
    this.#front = undefined;
    this.#requestPhase = REQUEST.done;
    this.#responsePhase = RESPONSE.waiting;
    this.#requestBytes = 0;
    this.#responseBytes = 0;
    front.exchangeEnded(this);
    this.#configuration.keepExchange(this);
  }
}
