/**
 * What an exchange needs of the client's side. An HTTP/1 session is one front, with one exchange after the
 * other; an HTTP/2 stream will be another, many to a session.
 */
import type { Forwarding } from "../http/forwarding.ts";
import type { Head } from "../http/head.ts";
import type { Core } from "./core.ts";
import type { BackConnection } from "./back-connection.ts";
import type { Client } from "./client.ts";
import type { Exchange } from "./exchange.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import type { Tunnel } from "./tunnel.ts";

export interface Front {
  /** The connection that responses leave by. */
  readonly connection: number;
  readonly client: Client;
  readonly listener: ListenerRuntime;
  /** What the request's head is given on its way; filled in when a request begins. */
  readonly forwarding: Forwarding & { readonly isHeadRequest: boolean; decided(core: Core): void };
  /** The same for all requests of one client: for balancing by hash. */
  readonly balancingKey: number;

  /** The exchange takes content of the request now. */
  requestWanted(): void;
  writeInterim(head: Head): void;
  /** `addedLines`: whole field lines besides those of `head`. */
  writeResponse(head: Head, addedLines: Uint8Array): void;
  /** Content in the memory of `buffer`, which stays the caller's. */
  writeData(buffer: number, start: number, end: number): void;
  /** The response is whole; `requestDone` says whether the request is, too. Its exchange has ended before. */
  endResponse(trailers: Uint8Array | undefined, requestDone: boolean): void;
  /** A default response instead of a backend's. Its exchange has ended before. */
  respond(status: number, requestDone: boolean, location?: string): void;
  /** A response that began cannot be completed. Its exchange has ended before. */
  cutResponse(): void;
  /** `undefined`: there was no memory to tell the client, and all is over. */
  startTunnel(head: Head, addedLines: Uint8Array, link: BackConnection): Tunnel | undefined;
  /** The exchange is over and must not be named again. */
  exchangeEnded(exchange: Exchange): void;
}
