/**
 * A backend on a raw socket: reads requests strictly, records them byte for byte, and answers as its
 * responder says. It listens on a free port of 127.0.0.1. What it answers by default, by path, is in
 * `responders.ts`.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { MalformedMessage, tokensOf } from "../http/head.ts";
import { ProxyHeaderReader } from "../http/proxy-header.ts";
import { type Request, RequestReader } from "../http/request.ts";
import { respondByPath } from "./responders.ts";

/** One connection that somebody opened to a backend. */
export interface BackendConnection {
  readonly backend: HttpBackend;
  readonly number: number;
  readonly socket: Socket;
  /** Everything that came, up to `RAW_BYTES_MAX`. */
  raw: Buffer;
  /** What its PROXY header told, where the backend asks for one. */
  readonly proxyHeader: string | undefined;
  /** How many requests were complete. */
  requestCount: number;
  /** Takes what follows as another protocol; gives what came already. */
  takeOver(): Buffer;
}

export type Responder = (request: Request, connection: BackendConnection) => void;

export interface BackendOptions {
  /** Named in every answer, so that a client can tell who answered. */
  readonly id?: string;
  readonly respond?: Responder;
  /** Each connection must begin with a PROXY header. */
  readonly readsProxyHeader?: boolean;
  /** Whether it keeps what came, for tests that look at it. Default true; false for long loads. */
  readonly remembers?: boolean;
  /** Called at once for each connection; may write or cut without waiting for a request. */
  readonly onConnection?: (connection: BackendConnection) => void;
}

/** A request with the connection it came on. */
export interface ReceivedRequest extends Request {
  readonly connection: BackendConnection;
}

const RAW_BYTES_MAX = 1_048_576;
const REQUESTS_KEPT_MAX = 1_000;

export class HttpBackend {
  readonly id: string;
  /** The last requests, oldest first. */
  readonly requests: ReceivedRequest[] = [];
  readonly connections: BackendConnection[] = [];
  /** What could not be read as a request: a strict proxy never lets such a thing through. */
  readonly malformed: string[] = [];
  /** Answers that wait for `release`. */
  readonly held: (() => void)[] = [];
  requestCount = 0;
  /** All that came, whatever became of them. */
  connectionCount = 0;
  readonly #options: BackendOptions;
  readonly #server: Server;
  readonly #open: Set<Socket> = new Set();
  readonly #watchers: (() => void)[] = [];

  static async start(options: BackendOptions = {}): Promise<HttpBackend> {
    const backend = new HttpBackend(options);
    const listening = Promise.withResolvers<void>();
    backend.#server.once("error", listening.reject);
    backend.#server.listen({ host: "127.0.0.1", port: 0, backlog: 4_096 }, () => listening.resolve());
    await listening.promise;
    return backend;
  }

  private constructor(options: BackendOptions) {
    this.#options = options;
    this.id = options.id ?? "backend";
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As orders name it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Lets every held answer go. */
  release(): void {
    for (const answer of this.held.splice(0)) answer();
  }

  /** Resolves when `condition` holds; looked at whenever something happens here. */
  until(condition: (backend: HttpBackend) => boolean): Promise<void> {
    if (condition(this)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#watchers.push(() => condition(this) && resolve());
    });
  }

  /** Something happened that `until` may wait for. */
  changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#open) socket.destroy();
    await closed.promise;
  }

  get #remembers(): boolean {
    return this.#options.remembers !== false;
  }

  #accept(socket: Socket): void {
    this.#open.add(socket);
    const header = this.#options.readsProxyHeader === true ? new ProxyHeaderReader() : undefined;
    const connection: BackendConnection = {
      backend: this,
      number: this.connectionCount,
      socket,
      raw: Buffer.alloc(0),
      get proxyHeader() {
        return header?.header;
      },
      requestCount: 0,
      takeOver: () => {
        reader.stop();
        socket.removeListener("data", received);
        return reader.rest;
      },
    };
    const reader = this.#readerFor(connection);
    const received = (bytes: Buffer): void => {
      this.#received(connection, (piece) => reader.push(header?.push(piece) ?? piece), bytes);
    };
    this.connectionCount++;
    if (this.#remembers) this.connections.push(connection);
    socket.on("data", received);
    socket.on("end", () => socket.end());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#open.delete(socket);
      this.changed();
    });
    this.#options.onConnection?.(connection);
    this.changed();
  }

  #readerFor(connection: BackendConnection): RequestReader {
    return new RequestReader({
      head: (head) => {
        if (tokensOf(head, "expect").includes("100-continue"))
          connection.socket.write("HTTP/1.1 100 Continue\r\n\r\n");
      },
      request: (request) => {
        this.requestCount++;
        connection.requestCount++;
        if (this.#remembers) this.requests.push({ ...request, connection });
        if (this.requests.length > REQUESTS_KEPT_MAX) this.requests.shift();
        (this.#options.respond ?? respondByPath)(request, connection);
        this.changed();
      },
    });
  }

  #received(connection: BackendConnection, read: (bytes: Buffer) => void, bytes: Buffer): void {
    if (this.#remembers && connection.raw.length < RAW_BYTES_MAX)
      connection.raw = Buffer.concat([connection.raw, bytes]);
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.malformed.push(error.message);
      connection.socket.destroy();
    }
    this.changed();
  }
}
