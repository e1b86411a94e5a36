/**
 * The part of a request that outlives its head's bytes, and how far its response is: what a session needs
 * while it has an exchange, and not between. Used again from a pool.
 */
import { bytesOf, equalsBytes, equalsIgnoringCase } from "../base/bytes.ts";
import type { Forwarding } from "../http/forwarding.ts";
import { FRAMING, type Framing, type Head } from "../http/head.ts";
import { BodyReader } from "../http1/body-reader.ts";
import type { Client } from "./client.ts";
import type { Core } from "./core.ts";
import { NO_LINES } from "./revision-line.ts";
import { createRequestIdLine, findClientRequestId, requestIdLineOf, requestIdOf } from "./request-ids.ts";

const HEAD_METHOD = bytesOf("HEAD");
const WEBSOCKET = bytesOf("websocket");

export class RequestContext implements Forwarding {
  /** Reads the request's content. */
  readonly body: BodyReader = new BodyReader();
  readonly #ownIdLine = createRequestIdLine();
  #client: Client;
  requestIdLine: Uint8Array = this.#ownIdLine;
  passesUpgrade = false;
  keepsAlive = false;
  minorVersion = 1;
  isHeadRequest = false;
  /** How the response's body is framed for this client. */
  responseFraming: Framing = FRAMING.none;
  /** Says which revision decided it; empty where its listener does not tell. */
  revisionLine: Uint8Array = NO_LINES;
  /** Whether the response is the connection's last. */
  closesAfter = false;

  constructor(client: Client) {
    this.#client = client;
  }

  get clientIp(): Uint8Array {
    return this.#client.ipBytes;
  }

  get listenerLines(): Uint8Array {
    return this.#client.listener.forwardedLines;
  }

  get certificateLines(): Uint8Array {
    return this.#client.certificateLines;
  }

  get forwardedElement(): Uint8Array {
    return this.#client.forwardedElement;
  }

  get firstHopLines(): Uint8Array | undefined {
    return this.#client.firstHopLines;
  }

  get fallbackHost(): Uint8Array {
    return this.#client.fallbackHost;
  }

  get requestIdText(): string {
    return requestIdOf(this.requestIdLine);
  }

  /** A request of `client` begins. */
  begin(core: Core, client: Client, head: Head): void {
    this.#client = client;
    this.keepsAlive = head.keepsAlive;
    this.minorVersion = head.minorVersion;
    this.isHeadRequest = equalsBytes(head.bytes, head.methodStart, head.methodEnd, HEAD_METHOD);
    this.passesUpgrade = asksForWebSocket(head);
    this.body.start(head.framing, head.contentLength, core.limits.bodyBytesMax);
    this.#beginResponse(core);
    const idField = findClientRequestId(head);
    if (idField === -1) this.#takeOwnId(core);
    else this.requestIdLine = requestIdLineOf(head.bytes, head.valueStart[idField]!, head.valueEnd[idField]!);
  }

  /** A request that could not be read is answered. */
  beginWithout(core: Core, client: Client): void {
    this.#client = client;
    this.keepsAlive = false;
    this.minorVersion = 1;
    this.isHeadRequest = false;
    this.passesUpgrade = false;
    this.body.start(FRAMING.none, 0, 0);
    this.#beginResponse(core);
    this.#takeOwnId(core);
  }

  /** What becomes of the request is decided now. */
  decided(core: Core): void {
    this.revisionLine = core.revisionLine.for(this.#client.listener);
  }

  #beginResponse(core: Core): void {
    this.decided(core);
    this.responseFraming = FRAMING.none;
    this.closesAfter = false;
  }

  #takeOwnId(core: Core): void {
    core.requestIds.next(core.epochMs + core.now, this.#ownIdLine);
    this.requestIdLine = this.#ownIdLine;
  }
}

/**
 * Only `websocket` is passed on, and only without content: any other upgrade (h2c above all) would let a
 * client speak past our rules to the backend.
 */
function asksForWebSocket(head: Head): boolean {
  const field = head.upgradeField;
  if (field === -1 || head.minorVersion === 0 || head.framing !== FRAMING.none) return false;
  return equalsIgnoringCase(head.bytes, head.valueStart[field]!, head.valueEnd[field]!, WEBSOCKET);
}
