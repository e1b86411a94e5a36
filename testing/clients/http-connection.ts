/**
 * One client connection on a raw socket: one exchange at a time, everything strict, nothing retried. What
 * goes wrong is a `ClientFault`; what happens between exchanges is told to `onIdle`.
 */
import { connect, type Socket } from "node:net";
import { MalformedMessage } from "../http/head.ts";
import { type Response, ResponseReader, type ResponseEvents } from "../http/response.ts";
import { ClientFault } from "./faults.ts";
import { connectTls, type TlsWishes } from "./tls-client.ts";

export interface ExchangeRequest {
  readonly method: string;
  /** The request as it goes on the wire. */
  readonly bytes: string | Buffer;
  readonly timeoutMs: number;
}

interface Waiting {
  readonly method: string;
  resolve(response: Response): void;
  reject(fault: ClientFault): void;
}

/**
 * `idle`: open and unused. `announced`: the peer said that it closes. `switched`: another protocol. `over`:
 * closed.
 */
type State =
  | { readonly at: "idle" | "announced" | "switched" | "over" }
  | { readonly at: "waiting"; readonly waiting: Waiting; readonly timer: NodeJS.Timeout };

export class HttpConnection {
  /**
   * A fault while no exchange was under way: a close that was not announced, a reset, bytes that nobody asked
   * for.
   */
  onIdle: ((fault: ClientFault) => void) | undefined;
  readonly #socket: Socket;
  readonly #reader: ResponseReader;
  #state: State = { at: "idle" };

  /** Opens a connection. Rejects with a `ClientFault`. */
  static async open(
    port: number,
    options: { timeoutMs: number; tls?: TlsWishes | undefined; bodyPiece?: ResponseEvents["bodyPiece"] },
  ): Promise<HttpConnection> {
    if (options.tls !== undefined)
      return HttpConnection.over(await connectTls(port, options.tls, options.timeoutMs), options.bodyPiece);
    const socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: false });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail("timeout", "connecting"), options.timeoutMs);
      const fail = (kind: "refused" | "timeout", detail: string): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new ClientFault(kind, detail));
      };
      socket.once("error", (error) => fail("refused", `connecting: ${error.message}`));
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.removeAllListeners("error");
        resolve();
      });
    });
    return new HttpConnection(socket, options.bodyPiece);
  }

  /** On a socket that is connected already. */
  static over(socket: Socket, bodyPiece?: ResponseEvents["bodyPiece"]): HttpConnection {
    return new HttpConnection(socket, bodyPiece);
  }

  private constructor(socket: Socket, bodyPiece: ResponseEvents["bodyPiece"]) {
    this.#socket = socket;
    this.#reader = new ResponseReader(
      { response: (response) => this.#answered(response), ...(bodyPiece && { bodyPiece }) },
      () => (this.#state.at === "waiting" ? this.#state.waiting.method : undefined),
    );
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#over(new ClientFault("reset", error.message)));
  }

  /** Whether another exchange may begin. */
  get isIdle(): boolean {
    return this.#state.at === "idle";
  }

  /** To read slowly: no data comes until `resumeReading`. */
  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Gives the socket away after a `101`, with the bytes that followed it. */
  takeSocket(): { readonly socket: Socket; readonly rest: Buffer } {
    if (this.#state.at !== "switched") throw new Error("the protocol was not switched");
    for (const event of ["data", "end", "error"]) this.#socket.removeAllListeners(event);
    return { socket: this.#socket, rest: this.#reader.rest };
  }

  exchange(request: ExchangeRequest): Promise<Response> {
    if (this.#state.at !== "idle") throw new Error(`an exchange on a connection that is ${this.#state.at}`);
    return new Promise((resolve, reject) => {
      const waiting = { method: request.method, resolve, reject };
      const timer = setTimeout(
        () => this.#over(new ClientFault("timeout", `no answer in ${request.timeoutMs} ms`)),
        request.timeoutMs,
      );
      this.#state = { at: "waiting", waiting, timer };
      this.#socket.write(request.bytes);
    });
  }

  /** Ends it from our side: no fault, and an exchange under way is never answered. */
  close(): void {
    this.#settle();
    this.#state = { at: "over" };
    this.#socket.destroy();
  }

  #received(bytes: Buffer): void {
    if (this.#state.at === "over") return;
    if (this.#state.at !== "waiting") {
      this.#over(new ClientFault("unsolicited", JSON.stringify(bytes.toString("latin1", 0, 80))));
      return;
    }
    this.#read(() => this.#reader.push(bytes));
    const now = this.#stateNow();
    if ((now === "idle" || now === "announced") && this.#reader.rest.length > 0) {
      this.#over(new ClientFault("unsolicited", "bytes after the answer"));
    }
  }

  #ended(): void {
    if (this.#state.at === "waiting") {
      const cut = this.#reader.expects !== "idle";
      this.#read(() => this.#reader.end());
      this.#over(new ClientFault(cut ? "cut" : "closed", "closed before the answer's end"));
    } else {
      this.#over(new ClientFault("closed", "closed while idle, without having said so"));
    }
  }

  #read(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      const kind = error.message.startsWith("cut in") ? "cut" : "malformed";
      this.#over(new ClientFault(kind, error.message));
    }
  }

  #answered(response: Response): void {
    const waiting = this.#settle();
    this.#state = { at: response.status === 101 ? "switched" : response.closes ? "announced" : "idle" };
    waiting?.resolve(response);
  }

  #over(fault: ClientFault): void {
    const before = this.#state.at;
    const waiting = this.#settle();
    this.#state = { at: "over" };
    this.#socket.destroy();
    if (waiting !== undefined) waiting.reject(fault);
    else if (before === "idle" || (before === "announced" && fault.kind === "unsolicited"))
      this.onIdle?.(fault);
  }

  #settle(): Waiting | undefined {
    if (this.#state.at !== "waiting") return undefined;
    clearTimeout(this.#state.timer);
    return this.#state.waiting;
  }

  #stateNow(): State["at"] {
    return this.#state.at;
  }
}
