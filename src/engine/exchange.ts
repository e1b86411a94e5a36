/**
 * One HTTP request and its response, between a front (where the client's request was read) and a link (the
 * backend connection that serves it). It decides: which rule, which backend, whether to try again, how it
 * ends. It reads no HTTP: both sides speak their own version and meet here. All it has written is the
 * request's head, kept as it goes to HTTP/1 backends.
 *
 * Rules of this file:
 *  1. An exchange knows one front and at most one link at a time; a front may have many exchanges.
 *  2. What it uses (listener, cluster, backend) is counted from its beginning to its end: drains wait for it.
 *  3. Used again from a pool: `end` leaves nothing of the last exchange behind.
 */
import { assert, assertNever } from "../base/assert.ts";
import type { StickyValue } from "../balancing/sticky.ts";
import { bytesOf, equalsBytes } from "../base/bytes.ts";
import { FRAMING, type Framing, type Head } from "../http/head.ts";
import type { Redirect } from "../model/objects.ts";
import { ADDED_BYTES_MAX, writeRequestHead } from "../http1/write-head.ts";
import type { BackConnection } from "./back-connection.ts";
import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";
import { type Ending, type LinkLoss, type LostLink, endingOf } from "./endings.ts";
import type { Front } from "./front.ts";
import { sendProxyHeader } from "./proxy-header.ts";
import type { BackendRuntime } from "./runtime/backend.ts";
import type { ClusterRuntime } from "./runtime/cluster.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import { redirectLocation } from "./redirect.ts";

/** How far a response is. */
export const RESPONSE = { waiting: 0, body: 1, done: 2 } as const;
export type ResponsePhase = (typeof RESPONSE)[keyof typeof RESPONSE];

/** How far a request is: `body` while content is to come from the client. */
export const REQUEST = { body: 0, done: 1 } as const;
export type RequestPhase = (typeof REQUEST)[keyof typeof REQUEST];

const NO_BUFFER = -1;
/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT: readonly Uint8Array[] = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].map(bytesOf);

export class Exchange {
  readonly #core: Core;
  readonly #configuration: Configuration;
  #front: Front | undefined;
  #link: BackConnection | undefined;
  #listener: ListenerRuntime | undefined;
  #cluster: ClusterRuntime<BackConnection> | undefined;
  #backend: BackendRuntime<BackConnection> | undefined;
  readonly #tried: BackendRuntime<BackConnection>[] = [];
  #attempts = 0;
  /** What the client's cookie says of the backend that it comes back to, where sessions are sticky. */
  #stickyValue: StickyValue<BackendRuntime<BackConnection>> | undefined;
  #requestPhase: RequestPhase = REQUEST.done;
  #responsePhase: ResponsePhase = RESPONSE.waiting;
  #isReplayable = false;
  /** How much content came so far. */
  #requestBytes = 0;
  #responseBytes = 0;
  /**
   * The request's head as it goes to a backend, kept until a response begins: it may have to be sent again.
   */
  #headBuffer = NO_BUFFER;
  #headStart = 0;
  #headEnd = 0;

  requestFraming: Framing = FRAMING.none;
  isHeadRequest = false;
  wantsUpgrade = false;

  constructor(core: Core, configuration: Configuration) {
    this.#core = core;
    this.#configuration = configuration;
  }

  get backend(): BackendRuntime<BackConnection> | undefined {
    return this.#backend;
  }

  get cluster(): ClusterRuntime<BackConnection> | undefined {
    return this.#cluster;
  }

  get listener(): ListenerRuntime | undefined {
    return this.#listener;
  }

  get responsePhase(): ResponsePhase {
    return this.#responsePhase;
  }

  get requestPhase(): RequestPhase {
    return this.#requestPhase;
  }

  /** Begins with the head that `front` has just read; views on it are used only until this returns. */
  start(front: Front, head: Head): void {
    this.#front = front;
    this.isHeadRequest = front.forwarding.isHeadRequest;
    this.requestFraming = head.framing;
    this.wantsUpgrade = front.forwarding.passesUpgrade;
    this.#requestPhase = hasContent(head) ? REQUEST.body : REQUEST.done;
    this.#isReplayable =
      this.#requestPhase === REQUEST.done && IDEMPOTENT.some((method) => hasMethod(head, method));
    if (front.client.secured?.isMisdirected(head) === true) return this.#refuse(421);
    const router = this.#configuration.routerFor(front.listener);
    const route = router.find(
      head.bytes,
      head.authorityStart,
      head.hostEnd,
      head.pathStart,
      head.pathEnd,
      head.methodStart,
      head.methodEnd,
    );
    if (route === undefined) return this.#refuse(404);
    const { cluster_id: clusterId, redirect } = route.frontend;
    if (redirect !== undefined) return this.#redirect(redirect, head);
    if (clusterId === undefined) return this.#refuse(403);
    const cluster = this.#configuration.findCluster(clusterId);
    if (cluster === undefined) return this.#refuse(503);
    if (!this.#keepHead(head, front)) return this.#refuse(503);
    this.#listener = front.listener;
    this.#cluster = cluster;
    this.#stickyValue = cluster.stickyValueIn(head);
    front.listener.use.begin();
    cluster.use.begin();
    this.#core.reading.flows++;
    this.#connect(503);
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
    this.#isReplayable = false;
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

  /** The link can be written to. */
  linkReady(): void {
    const link = this.#link;
    const front = this.#front;
    assert(link !== undefined && front !== undefined, "a link of nobody is ready");
    if (link.announcedAs !== undefined && !sendProxyHeader(this.#core, link, front.client))
      return this.#linkLost("failed");
    this.#core.buffers.retain(this.#headBuffer);
    this.#core.port.send(link.connection, this.#headBuffer, this.#headStart, this.#headEnd);
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
    this.#forgetHead();
    this.#responsePhase = RESPONSE.body;
    this.#front!.writeResponse(head, this.#addedLines);
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
    this.#backend?.succeeded();
    this.#link = undefined;
    if (link !== undefined) {
      if (mayReuse && requestDone) link.becomeIdle();
      else link.close();
    }
    this.#end();
    front.endResponse(trailers, requestDone);
  }

  /** The backend agreed to another protocol: from here on bytes are passed on as they are. */
  tunnelStarts(head: Head): BackConnection {
    const link = this.#link;
    assert(link !== undefined, "a tunnel without a link");
    this.#forgetHead();
    this.#responsePhase = RESPONSE.body;
    this.#front!.startTunnel(head, this.#addedLines, link);
    return link;
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
    const backend = this.#backend!;
    if (cause === "unreachable" || cause === "connect-timed-out") backend.failed(this.#core.now);
    const lost: LostLink = {
      cause,
      requestLeft: link.requestLeft,
      isReused: link.isReused,
      isReplayable: this.#isReplayable,
      responseBegan: this.#responsePhase !== RESPONSE.waiting,
      lastsUntilClose: link.lastsUntilClose,
      attemptsLeft: this.#core.limits.attemptsMax - this.#attempts,
    };
    const ending = endingOf(lost);
    if (ending.kind === "retry") this.#retry(lost);
    else this.#follow(ending);
  }

  #linkLost(cause: LinkLoss): void {
    this.#link?.close();
    this.linkLost(cause);
  }

  #retry(lost: LostLink): void {
    // A stale link says nothing about its backend; one that could not be reached is left out.
    if (!lost.requestLeft) this.#tried.push(this.#backend!);
    this.#leaveBackend();
    const last = endingOf({ ...lost, attemptsLeft: 0 });
    this.#connect(last.kind === "respond" ? last.status : 503);
  }

  #follow(ending: Exclude<Ending, { kind: "retry" }>): void {
    const front = this.#front!;
    switch (ending.kind) {
      case "complete":
        this.responseEnded(undefined, false);
        return;
      case "respond":
        this.#refuse(ending.status);
        return;
      case "cut":
        this.#end();
        front.cutResponse();
        return;
      default:
        assertNever(ending);
    }
  }

  /** `statusIfNone`: what is answered when there is no backend to try. */
  #connect(statusIfNone: number): void {
    const cluster = this.#cluster!;
    this.#attempts++;
    const backend = cluster.pick(this.#core.now, this.#front!.balancingKey, this.#tried, this.#stickyValue);
    if (backend === undefined) return this.#refuse(statusIfNone);
    this.#backend = backend;
    backend.use.begin();
    const times = this.#front!.listener.configuration;
    const announcedAs = cluster.configuration.send_proxy_protocol;
    const link = this.#configuration.openLink(backend, this, times, announcedAs);
    if (link === undefined) return this.#refuse(503);
    this.#link = link;
    if (link.isReady) this.linkReady();
  }

  /** What the response tells the client besides what its backend says. */
  get #addedLines(): Uint8Array {
    return this.#cluster!.linesFor(this.#backend!, this.#stickyValue);
  }

  #keepHead(head: Head, front: Front): boolean {
    const core = this.#core;
    const at = core.keptHeads.reserve(head.end - head.start + ADDED_BYTES_MAX);
    if (at === -1) return false;
    const end = writeRequestHead(core.memory, at, head, front.forwarding);
    core.keptHeads.keep(end);
    this.#headBuffer = core.keptHeads.buffer;
    this.#headStart = at;
    this.#headEnd = end;
    return true;
  }

  #forgetHead(): void {
    if (this.#headBuffer === NO_BUFFER) return;
    this.#core.buffers.release(this.#headBuffer);
    this.#headBuffer = NO_BUFFER;
  }

  #redirect(redirect: Redirect, head: Head): void {
    const front = this.#front!;
    const requestDone = this.#requestPhase === REQUEST.done;
    const location = redirectLocation(redirect, head);
    this.#end();
    front.respond(redirect.status, requestDone, location);
  }

  #refuse(status: number): void {
    const front = this.#front!;
    const requestDone = this.#requestPhase === REQUEST.done;
    this.#end();
    front.respond(status, requestDone);
  }

  #leaveBackend(): void {
    this.#link = undefined;
    this.#backend?.use.end();
    this.#backend = undefined;
  }

  /** Leaves everything and goes back to the pool. The front is told by whoever calls this. */
  #end(): void {
    this.#forgetHead();
    this.#leaveBackend();
    if (this.#cluster !== undefined) this.#core.reading.flows--;
    this.#cluster?.use.end();
    this.#listener?.use.end();
    const front = this.#front!;
    this.#cluster = undefined;
    this.#listener = undefined;
    this.#front = undefined;
    // Asked first, because setting a length is slow, and most requests try one backend.
    if (this.#tried.length > 0) this.#tried.length = 0;
    this.#attempts = 0;
    this.#stickyValue = undefined;
    this.#requestPhase = REQUEST.done;
    this.#responsePhase = RESPONSE.waiting;
    this.#isReplayable = false;
    this.#requestBytes = 0;
    this.#responseBytes = 0;
    front.exchangeEnded(this);
    this.#configuration.keepExchange(this);
  }
}

function hasContent(head: Head): boolean {
  return head.framing === FRAMING.chunked || (head.framing === FRAMING.length && head.contentLength > 0);
}

function hasMethod(head: Head, method: Uint8Array): boolean {
  return equalsBytes(head.bytes, head.methodStart, head.methodEnd, method);
}
