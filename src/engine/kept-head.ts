/**
 * The head of a request as it goes to HTTP/1 backends: written once, kept until a response begins, because it
 * may have to be sent again. Heads that are kept share buffers of their own (`Core.keptHeads`).
 */
import { bytesOf, equalsBytes, textOf } from "../base/bytes.ts";
import type { Forwarding } from "../http/forwarding.ts";
import { Head } from "../http/head.ts";
import { readRequestHead } from "../http1/read-head.ts";
import { ADDED_BYTES_MAX, writeRequestHead } from "../http1/write-head.ts";
import type { Core } from "./core.ts";

const NO_BUFFER = -1;
/** How often a head that names no host gets one: in Host, Forwarded and X-Forwarded-Host. */
const HOSTS_MAX = 3;
/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT: readonly Uint8Array[] = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].map(bytesOf);

export class KeptHead {
  readonly #core: Core;
  /** It lies in `memory[start..end)` of this buffer, of which one reference is ours. */
  #buffer = NO_BUFFER;
  #start = 0;
  #end = 0;
  /**
   * Whether the request may be sent again when a backend may have seen it: without content, by a method that
   * may be sent twice.
   */
  isReplayable = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether a buffer has room for `head` with what `forwarding` adds: clients' certificates take some. */
  fits(head: Head, forwarding: Forwarding): boolean {
    return roomFor(head, forwarding) <= this.#core.buffers.bufferBytes;
  }

  /** Writes `head` with what `forwarding` adds, and keeps it; it must fit. False: no buffer is free. */
  keep(head: Head, forwarding: Forwarding): boolean {
    const { keptHeads, memory } = this.#core;
    const at = keptHeads.reserve(roomFor(head, forwarding));
    if (at === -1) return false;
    const end = writeRequestHead(memory, at, head, forwarding);
    keptHeads.keep(end);
    this.#buffer = keptHeads.buffer;
    this.#start = at;
    this.#end = end;
    this.isReplayable = !head.hasContent && IDEMPOTENT.some((method) => hasMethod(head, method));
    return true;
  }

  /** Sends it, once more if it was sent before. */
  send(connection: number): void {
    this.#core.buffers.retain(this.#buffer);
    this.#core.send(connection, this.#buffer, this.#start, this.#end);
  }

  /**
   * The head as it was written, to be decided by once more. `undefined`: with what was added it has more
   * fields than a head that is read may have.
   */
  readBack(): Head | undefined {
    const head = new Head();
    const { memory, limits } = this.#core;
    const end = readRequestHead(head, memory, this.#start, this.#end, limits.targetBytesMax);
    return end === this.#end ? head : undefined;
  }

  /** The host that the request names, without a port; `undefined` where it is not kept any more. */
  get host(): string | undefined {
    const head = this.#buffer === NO_BUFFER ? undefined : this.readBack();
    return head && textOf(head.bytes, head.authorityStart, head.hostEnd).toLowerCase();
  }

  /** It is not sent again. */
  forget(): void {
    if (this.#buffer === NO_BUFFER) return;
    this.#core.buffers.release(this.#buffer);
    this.#buffer = NO_BUFFER;
  }
}

function roomFor(head: Head, forwarding: Forwarding): number {
  const { authorityStart, authorityEnd } = head;
  const hostBytes = authorityStart === authorityEnd ? HOSTS_MAX * forwarding.fallbackHost.length : 0;
  return head.end - head.start + ADDED_BYTES_MAX + forwarding.certificateLines.length + hostBytes;
}

function hasMethod(head: Head, method: Uint8Array): boolean {
  return equalsBytes(head.bytes, head.methodStart, head.methodEnd, method);
}
