/**
 * What a client of HTTP/1 sends, taken in order: the head of a request, its content, then the next head. It
 * finds where each ends and hands it to its session; what a request means is not its business.
 *
 * Rules of this file:
 *  1. What cannot be taken yet (a second request, content that the backend does not take) waits in
 *     `PendingInput`, bounded; beyond, the client is not read.
 *  2. The same bytes are never taken twice: what a session calls back while it takes something takes nothing
 *     more.
 */
import { FRAMING, type Head } from "../http/head.ts";
import { BODY } from "../http1/body-reader.ts";
import { readRequestHead } from "../http1/read-head.ts";
import { INCOMPLETE, violationOf } from "../http1/violations.ts";
import { faultOfTrailers } from "../http1/write-head.ts";
import type { Core } from "./core.ts";
import type { Exchange } from "./exchange.ts";
import { PartialHead } from "./partial-head.ts";
import { PendingInput } from "./pending-input.ts";
import type { RequestContext } from "./request-context.ts";

/** What the next bytes are: a head; content of the request in progress; nothing for anybody. */
export const INPUT = { head: 0, content: 1, dropped: 2 } as const;
export type InputKind = (typeof INPUT)[keyof typeof INPUT];

export interface InputTarget {
  readonly connection: number;
  readonly nextInput: InputKind;
  /** Of the request in progress; only while `nextInput` is `content`. */
  readonly exchange: Exchange | undefined;
  readonly forwarding: RequestContext;
  /** The first byte of a head that is not whole. */
  headBegan(): void;
  headRead(head: Head): void;
  headRefused(status: number): void;
  /** Content is taken, or refused: it is at fault, or will never be whole. */
  contentTaken(): void;
  contentRefused(status: number): void;
}

export class Http1Input {
  readonly #core: Core;
  readonly #target: InputTarget;
  readonly #partial = new PartialHead();
  readonly #pending = new PendingInput();
  #isConsuming = false;

  constructor(core: Core, target: InputTarget) {
    this.#core = core;
    this.#target = target;
  }

  /** True if a head has begun and is not whole. */
  get hasPartialHead(): boolean {
    return this.#partial.hasBegun;
  }

  /** True if received bytes wait to be taken. */
  get isPending(): boolean {
    return !this.#pending.isEmpty;
  }

  /** What was received and not used, in order; views are valid until the next call. */
  get unused(): Uint8Array[] {
    const pieces = [this.#partial.bytes];
    this.#pending.eachPiece(this.#core.buffers, (bytes) => pieces.push(bytes));
    return pieces;
  }

  /** Takes what it can of `memory[start..end)` and keeps the rest. One reference of `buffer` is ours. */
  received(buffer: number, start: number, end: number): void {
    const at = this.#pending.isEmpty ? this.#consume(buffer, start, end) : start;
    if (at === end || this.#target.nextInput === INPUT.dropped) return this.#core.buffers.release(buffer);
    this.#keep(buffer, at, end);
    if (this.#isFull) this.#core.port.pause(this.#target.connection);
  }

  /** Takes pending bytes as far as it can, and reads on. False if this is not the moment. */
  goOn(): boolean {
    if (this.#isConsuming) return false;
    const pending = this.#pending;
    const { buffers, reading, limits } = this.#core;
    while (!pending.isEmpty && this.#target.nextInput !== INPUT.dropped) {
      const isSmall = pending.asideBytes <= limits.copiedBytesMax;
      if ((!isSmall && !reading.hasRoom) || !pending.bringBack(buffers)) {
        reading.wait(this.#target.connection);
        return false;
      }
      const at = this.#consume(pending.buffer, pending.start, pending.end);
      if (pending.isEmpty || at === pending.start) break;
      pending.advance(buffers, at);
    }
    if (reading.isScarce) pending.setAside(buffers);
    const next = this.#target.nextInput;
    if (next === INPUT.dropped) return false;
    if (this.#isFull) return true;
    if (next === INPUT.content) this.#target.exchange!.readRequestOn();
    else reading.readNow(this.#target.connection);
    return true;
  }

  /** Hands pending bytes over, with their references; false if there is no memory for them. */
  drain(take: (buffer: number, start: number, end: number) => void): boolean {
    return this.#pending.drain(this.#core.buffers, take);
  }

  /** Nobody wants pending bytes any more. */
  drop(): void {
    this.#pending.drop(this.#core.buffers);
  }

  /** A few bytes are copied to where others of their kind are, so that they do not hold a buffer alone. */
  #keep(buffer: number, start: number, end: number): void {
    const { outbox, buffers, limits, memory, reading } = this.#core;
    const at = end - start <= limits.copiedBytesMax ? outbox.copy(memory, start, end) : -1;
    if (at === -1) {
      this.#pending.push(buffer, start, end);
    } else {
      this.#pending.push(outbox.buffer, at, at + end - start);
      buffers.release(buffer);
    }
    if (reading.isScarce) this.#pending.setAside(buffers);
  }

  get #isFull(): boolean {
    const { limits, reading } = this.#core;
    return this.#pending.isFull(limits) || reading.exceedsShare(this.#pending.pieces);
  }

  /** Takes what it can and gives where it stopped. */
  #consume(buffer: number, start: number, end: number): number {
    this.#isConsuming = true;
    let at = start;
    for (let before = -1; at < end && at !== before;) {
      before = at;
      at = this.#consumeOne(buffer, at, end);
    }
    this.#isConsuming = false;
    return at;
  }

  #consumeOne(buffer: number, at: number, end: number): number {
    switch (this.#target.nextInput) {
      case INPUT.head:
        return this.#consumeHead(at, end);
      case INPUT.content:
        return this.#consumeContent(buffer, at, end);
      default:
        return end;
    }
  }

  #consumeHead(at: number, end: number): number {
    const core = this.#core;
    const target = this.#target;
    if (core.reading.isCongested(target.connection)) return at;
    const head = core.requestHead;
    const wasEmpty = this.#partial.isEmpty;
    const hadBegun = !wasEmpty && this.#partial.hasBegun;
    const result = this.#partial.read(readRequestHead, head, core.memory, at, end, core.limits);
    if (result === INCOMPLETE) {
      if (!hadBegun && this.#partial.hasBegun) target.headBegan();
      return end;
    }
    if (result < 0) {
      target.headRefused(violationOf(result).statusHint);
      return end;
    }
    if (head.framing === FRAMING.length && head.contentLength > core.limits.bodyBytesMax) {
      target.headRefused(413);
      return end;
    }
    target.headRead(head);
    if (!wasEmpty) this.#partial.clear();
    return result;
  }

  #consumeContent(buffer: number, at: number, end: number): number {
    const target = this.#target;
    const exchange = target.exchange!;
    const { body } = target.forwarding;
    if (body.isDone || !exchange.takesBody) return at;
    target.contentTaken();
    const event = body.next(this.#core.memory, at, end);
    const { position } = body;
    if (event < 0) {
      target.contentRefused(violationOf(event).statusHint);
      return end;
    }
    if (event === BODY.data) exchange.requestData(buffer, body.dataStart, body.dataEnd);
    const goesOn = target.nextInput === INPUT.content && target.exchange === exchange;
    if (!body.isDone || !goesOn) return position;
    // What trailers say is read only now; if they are malformed, that is the client's fault.
    const { trailers } = body;
    const fault = trailers === undefined ? 0 : faultOfTrailers(trailers);
    if (fault < 0) {
      target.contentRefused(violationOf(fault).statusHint);
      return end;
    }
    exchange.requestEnded(trailers);
    return position;
  }
}
