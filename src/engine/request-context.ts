/**
 * What a session knows of its client, and of the request in progress: the part of a head that outlives its bytes.
 */
import { bytesOf, equalsBytes, equalsIgnoringCase, textOf } from "../base/bytes.ts";
import { type Forwarding, forwardedElementOf } from "../http/forwarding.ts";
import { FRAMING, type Head } from "../http/head.ts";
import type { Core } from "./core.ts";
import { findClientRequestId, REQUEST_ID_BYTES } from "./request-ids.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";

const HEAD_METHOD = bytesOf("HEAD");
const WEBSOCKET = bytesOf("websocket");

export class RequestContext implements Forwarding {
  readonly clientIp: Uint8Array;
  readonly forwardedElement: Uint8Array;
  readonly #listener: ListenerRuntime;
  readonly #ownId = new Uint8Array(REQUEST_ID_BYTES);
  requestId: Uint8Array = this.#ownId;
  passesUpgrade = false;
  keepsAlive = false;
  minorVersion = 1;
  isHeadRequest = false;

  constructor(listener: ListenerRuntime, ip: string) {
    this.#listener = listener;
    this.clientIp = bytesOf(ip);
    this.forwardedElement = forwardedElementOf(ip, "http");
  }

  get listenerLines(): Uint8Array {
    return this.#listener.forwardedLines;
  }

  get fallbackHost(): Uint8Array {
    return this.#listener.fallbackHost;
  }

  get requestIdText(): string {
    return textOf(this.requestId);
  }

  /** 32 bits, the same for all connections of one address (FNV-1a). */
  get clientHash(): number {
    let hash = 0x811c9dc5;
    for (const byte of this.clientIp) hash = Math.imul(hash ^ byte, 0x01000193);
    return hash >>> 0;
  }

  /** A request begins. */
  begin(core: Core, head: Head): void {
    this.keepsAlive = head.keepsAlive;
    this.minorVersion = head.minorVersion;
    this.isHeadRequest = equalsBytes(head.bytes, head.methodStart, head.methodEnd, HEAD_METHOD);
    this.passesUpgrade = asksForWebSocket(head);
    const idField = findClientRequestId(head);
    if (idField === -1) this.#takeOwnId(core);
    else this.requestId = head.bytes.slice(head.valueStart[idField]!, head.valueEnd[idField]!);
  }

  /** A request that could not be read is answered. */
  beginWithout(core: Core): void {
    this.keepsAlive = false;
    this.minorVersion = 1;
    this.isHeadRequest = false;
    this.passesUpgrade = false;
    this.#takeOwnId(core);
  }

  #takeOwnId(core: Core): void {
    this.#ownId.set(core.requestIds.next(core.epochMs + core.now));
    this.requestId = this.#ownId;
  }
}

/**
 * Only `websocket` is passed on, and only without content: any other upgrade (h2c above all) would let a client speak past
 * our rules to the backend.
 */
function asksForWebSocket(head: Head): boolean {
  const field = head.upgradeField;
  if (field === -1 || head.minorVersion === 0 || head.framing !== FRAMING.none) return false;
  return equalsIgnoringCase(head.bytes, head.valueStart[field]!, head.valueEnd[field]!, WEBSOCKET);
}
