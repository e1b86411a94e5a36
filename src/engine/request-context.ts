/**
 * What a session knows of its client, and of the request in progress: the part of a head that outlives its bytes.
 */
import { bytesOf, equalsBytes, equalsIgnoringCase } from "../base/bytes.ts";
import { firstHopLinesOf, type Forwarding, forwardedElementOf } from "../http/forwarding.ts";
import { FRAMING, type Head } from "../http/head.ts";
import type { Core } from "./core.ts";
import { createRequestIdLine, findClientRequestId, requestIdLineOf, requestIdOf } from "./request-ids.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";

const HEAD_METHOD = bytesOf("HEAD");
const WEBSOCKET = bytesOf("websocket");

export class RequestContext implements Forwarding {
  readonly clientIp: Uint8Array;
  readonly forwardedElement: Uint8Array;
  /** 32 bits, the same for all connections of one address. */
  readonly clientHash: number;
  readonly #listener: ListenerRuntime;
  readonly #ownIdLine = createRequestIdLine();
  requestIdLine: Uint8Array = this.#ownIdLine;
  passesUpgrade = false;
  keepsAlive = false;
  minorVersion = 1;
  isHeadRequest = false;
  /** Made from these listener lines: others make others. */
  #madeFrom: Uint8Array | undefined;
  #firstHopLines: Uint8Array | undefined;

  constructor(listener: ListenerRuntime, ip: string) {
    this.#listener = listener;
    this.clientIp = bytesOf(ip);
    this.clientHash = hashOf(this.clientIp);
    this.forwardedElement = forwardedElementOf(ip, "http");
  }

  get listenerLines(): Uint8Array {
    return this.#listener.forwardedLines;
  }

  get firstHopLines(): Uint8Array {
    const lines = this.#firstHopLines;
    if (lines !== undefined && this.#madeFrom === this.listenerLines) return lines;
    this.#madeFrom = this.listenerLines;
    return (this.#firstHopLines = firstHopLinesOf(this.clientIp, this.listenerLines, this.forwardedElement));
  }

  get fallbackHost(): Uint8Array {
    return this.#listener.fallbackHost;
  }

  get requestIdText(): string {
    return requestIdOf(this.requestIdLine);
  }

  /** A request begins. */
  begin(core: Core, head: Head): void {
    this.keepsAlive = head.keepsAlive;
    this.minorVersion = head.minorVersion;
    this.isHeadRequest = equalsBytes(head.bytes, head.methodStart, head.methodEnd, HEAD_METHOD);
    this.passesUpgrade = asksForWebSocket(head);
    const idField = findClientRequestId(head);
    if (idField === -1) this.#takeOwnId(core);
    else this.requestIdLine = requestIdLineOf(head.bytes, head.valueStart[idField]!, head.valueEnd[idField]!);
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
    core.requestIds.next(core.epochMs + core.now, this.#ownIdLine);
    this.requestIdLine = this.#ownIdLine;
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

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
