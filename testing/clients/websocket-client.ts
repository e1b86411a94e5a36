/**
 * A WebSocket that sends numbered messages at a fixed rate and wants each one back, in order. One tunnel for
 * its whole life: it never connects again.
 */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { valuesOf } from "../http/head.ts";
import { acceptFor, FrameReader, OPCODE, writeFrame } from "../websocket-frames.ts";
import { ClientFault, type FaultLog } from "./faults.ts";
import { HttpConnection } from "./http-connection.ts";
import type { TlsWishes } from "./tls-client.ts";

export interface WebSocketOptions {
  readonly port: number;
  readonly host: string;
  readonly target: string;
  readonly timeoutMs?: number;
  readonly faults: FaultLog;
  /** Over TLS. */
  readonly tls?: TlsWishes;
  /** Told with each echo: how long after its message it came. */
  readonly waited?: (waitedMs: number) => void;
}

const TIMEOUT_MS_DEFAULT = 10_000;

export class WebSocketClient {
  readonly #socket: Socket;
  readonly #options: WebSocketOptions;
  readonly #frames: FrameReader = new FrameReader();
  /** When those were sent that were not echoed yet. */
  readonly #sentAtMs: number[] = [];
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: "open" | "closing" | "closed" = "open";
  #sent = 0;
  #echoed = 0;
  #ticker: NodeJS.Timeout | undefined;

  /** Opens the tunnel. Rejects with a `ClientFault`. */
  static async open(options: WebSocketOptions): Promise<WebSocketClient> {
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
    const connection = await HttpConnection.open(options.port, { timeoutMs, tls: options.tls });
    const key = randomBytes(16).toString("base64");
    const head =
      `GET ${options.target} HTTP/1.1\r\nHost: ${options.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
    const response = await connection.exchange({ method: "GET", bytes: head, timeoutMs });
    const accept = valuesOf(response.head, "sec-websocket-accept").join();
    if (response.status !== 101 || accept !== acceptFor(key)) {
      connection.close();
      throw new ClientFault("status", `no WebSocket: ${response.head.startLine}, accept ${accept}`);
    }
    const { socket, rest } = connection.takeSocket();
    return new WebSocketClient(socket, rest, options);
  }

  private constructor(socket: Socket, rest: Buffer, options: WebSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("error", (error) => this.#over("reset", error.message));
    socket.on("end", () => this.#over("closed", "the tunnel ended"));
    if (rest.length > 0) this.#received(rest);
  }

  get sent(): number {
    return this.#sent;
  }

  get echoed(): number {
    return this.#echoed;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** When the tunnel is over, by whom ever. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends one numbered message. */
  send(): void {
    if (this.#state !== "open") return;
    this.#sentAtMs.push(performance.now());
    this.#socket.write(writeFrame(OPCODE.text, Buffer.from(messageOf(this.#sent++)), randomBytes(4)));
  }

  /** Sends so many messages a second until `close`. */
  sendAtRate(perSecond: number): void {
    this.#ticker = setInterval(() => this.send(), 1_000 / perSecond);
  }

  /** Ends the tunnel in order: a close frame, its echo, the end. What was not echoed by then is a fault. */
  async close(): Promise<void> {
    if (this.#state === "open") {
      this.#state = "closing";
      clearInterval(this.#ticker);
      this.#socket.write(writeFrame(OPCODE.close, Buffer.of(0x03, 0xe8), randomBytes(4)));
      const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
      const timer = setTimeout(() => this.#over("timeout", "no answer to the close frame"), timeoutMs);
      void this.closed.then(() => clearTimeout(timer));
    }
    await this.closed;
  }

  #received(bytes: Buffer): void {
    try {
      for (const frame of this.#frames.push(bytes)) {
        if (frame.opcode === OPCODE.close) this.#closeEchoed();
        else this.#checkEcho(frame.payload.toString());
      }
    } catch (error) {
      this.#over("malformed", String(error));
    }
  }

  #checkEcho(text: string): void {
    if (text !== messageOf(this.#echoed)) {
      this.#options.faults.add(
        "body",
        `WebSocket: echo ${this.#echoed} is ${JSON.stringify(text.slice(0, 60))}`,
      );
    }
    this.#echoed++;
    const sentAtMs = this.#sentAtMs.shift();
    if (sentAtMs !== undefined) this.#options.waited?.(performance.now() - sentAtMs);
  }

  #closeEchoed(): void {
    if (this.#state !== "closing") this.#over("closed", "the other side sent a close frame");
    else if (this.#echoed < this.#sent)
      this.#over("cut", `${this.#sent - this.#echoed} messages were not echoed`);
    else this.#finish();
  }

  #over(kind: ClientFault["kind"], detail: string): void {
    if (this.#state === "closed") return;
    this.#options.faults.add(kind, `WebSocket after ${this.#echoed} echoes: ${detail}`);
    this.#finish();
  }

  #finish(): void {
    this.#state = "closed";
    clearInterval(this.#ticker);
    this.#socket.destroy();
    this.#closed.resolve();
  }
}

/** Of differing lengths, so that frames do not keep step with packets. */
function messageOf(number: number): string {
  return `message ${number} ${"·".repeat(number % 97)}`;
}
