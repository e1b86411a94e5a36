/**
 * What a backend of HTTP/1 sends, taken in order: interim heads, the head of the response, its content. It
 * finds how the body ends and hands everything to the exchange; what becomes of the connection is its link's
 * business.
 *
 * It takes all that it is given: while a client is slow, the backend is not read.
 */
import { FIELD } from "../http/fields.ts";
import { FRAMING, type Framing, type Head } from "../http/head.ts";
import { BODY, BodyReader } from "../http1/body-reader.ts";
import { bodyOfResponse } from "../http1/framing.ts";
import { readResponseHead } from "../http1/read-head.ts";
import { INCOMPLETE } from "../http1/violations.ts";
import type { Core } from "./core.ts";
import { type Exchange, RESPONSE } from "./exchange.ts";
import { PartialHead } from "./partial-head.ts";

/** The link whose responses are read. */
export interface ResponseTarget {
  readonly connection: number;
  /** Whose response comes; `undefined` once it is complete, or the link is over. */
  readonly exchange: Exchange | undefined;
  /** The response is at fault. */
  responseRefused(): void;
}

export class Http1ResponseInput {
  readonly #core: Core;
  readonly #target: ResponseTarget;
  readonly #partial = new PartialHead();
  readonly #body = new BodyReader();
  #framing: Framing = FRAMING.none;
  #keepsAlive = false;
  #interimResponses = 0;

  constructor(core: Core, target: ResponseTarget) {
    this.#core = core;
    this.#target = target;
  }

  /** True while a body comes that only the connection's end ends. */
  get lastsUntilClose(): boolean {
    return this.#framing === FRAMING.untilClose;
  }

  /** The next response is another exchange's. */
  reset(): void {
    this.#interimResponses = 0;
    this.#framing = FRAMING.none;
  }

  /** Takes `memory[start..end)`, as long as it is the same exchange's. `buffer` stays the caller's. */
  received(buffer: number, start: number, end: number): void {
    const target = this.#target;
    const exchange = target.exchange!;
    let at = start;
    while (at < end && target.exchange === exchange) {
      if (exchange.responsePhase === RESPONSE.waiting) at = this.#readHead(exchange, buffer, at, end);
      else at = this.#readBody(exchange, buffer, at, end);
    }
  }

  /** Reads a head, final or interim; gives where to go on. */
  #readHead(exchange: Exchange, buffer: number, at: number, end: number): number {
    const head = this.#core.responseHead;
    const result = this.#partial.read(readResponseHead, head, this.#core.memory, at, end, this.#core.limits);
    if (result === INCOMPLETE) return end;
    if (result < 0) {
      this.#target.responseRefused();
      return end;
    }
    this.#takeHead(exchange, head, buffer, result, end);
    this.#partial.clear();
    return result;
  }

  #takeHead(exchange: Exchange, head: Head, buffer: number, next: number, end: number): void {
    if (head.status === 101) return this.#upgrade(exchange, head, buffer, next, end);
    if (head.status < 200) {
      if (++this.#interimResponses > this.#core.limits.interimResponsesMax)
        return this.#target.responseRefused();
      return exchange.interimResponse(head);
    }
    bodyOfResponse(head, exchange.isHeadRequest);
    this.#framing = head.framing;
    this.#keepsAlive = head.keepsAlive && head.framing !== FRAMING.untilClose;
    this.#body.start(head.framing, head.contentLength, Number.MAX_SAFE_INTEGER);
    exchange.responseStarted(head);
    if (this.#body.isDone) this.#complete(exchange, undefined, next === end);
  }

  #upgrade(exchange: Exchange, head: Head, buffer: number, next: number, end: number): void {
    if (!exchange.wantsUpgrade || head.findField(FIELD.upgrade) === -1) return this.#target.responseRefused();
    const tunnel = exchange.tunnelStarts(head);
    if (tunnel === undefined || next === end) return;
    this.#core.buffers.retain(buffer);
    tunnel.received(this.#target.connection, buffer, next, end);
  }

  #readBody(exchange: Exchange, buffer: number, at: number, end: number): number {
    const body = this.#body;
    const event = body.next(this.#core.memory, at, end);
    if (event < 0) {
      this.#target.responseRefused();
      return end;
    }
    if (event === BODY.data) exchange.responseData(buffer, body.dataStart, body.dataEnd);
    if (body.isDone && this.#target.exchange === exchange)
      this.#complete(exchange, body.trailers, body.position === end);
    return body.position;
  }

  /** `isAlone`: no byte came behind the response; what did would be the answer to nothing. */
  #complete(exchange: Exchange, trailers: Uint8Array | undefined, isAlone: boolean): void {
    exchange.responseEnded(trailers, this.#keepsAlive && isAlone);
  }
}
