/**
 * A client of the command socket, written from the protocol page alone: frames are JSON with a zero byte,
 * answers are found by their id. It shares no code with the proxy, so that both cannot be wrong in the same
 * way.
 */
import { connect, type Socket } from "node:net";
import { within } from "./deadline.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** An answer as it came, unchecked: tests look at what they mean. */
export interface Answer {
  readonly id: string | null;
  readonly version: number;
  readonly status: "OK" | "PROCESSING" | "ERROR";
  readonly message: string;
  readonly revision: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- each order has its own data
  readonly data?: any;
  readonly error?: { readonly code: string; readonly field?: string; readonly existing?: unknown };
}

export interface OrderOptions {
  readonly id?: string;
  readonly if_revision?: number;
  readonly dry_run?: boolean;
}

const ANSWER_TIMEOUT_MS = 15_000;
const ZERO = Buffer.of(0);

/** An order on its way: its answers so far, and the final one. */
export class PendingOrder {
  readonly id: string;
  readonly progress: Answer[] = [];
  readonly #final: PromiseWithResolvers<Answer> = Promise.withResolvers();
  readonly #watchers: (() => void)[] = [];
  #isOver = false;
  #end = "";

  constructor(id: string) {
    this.id = id;
    this.#final.promise.catch(() => {});
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The `OK` or the `ERROR`. Rejects when the connection ends first, or nothing comes in time. */
  final(timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<Answer> {
    return within(timeoutMs, `the answer to order ${this.id}`, this.#final.promise);
  }

  /** The first `PROCESSING` that fits, of those that came or will come. */
  async processing(fits: (answer: Answer) => boolean = () => true): Promise<Answer> {
    const found = Promise.withResolvers<Answer>();
    const look = (): void => {
      const answer = this.progress.find(fits);
      if (answer !== undefined) found.resolve(answer);
      else if (this.#isOver)
        found.reject(new Error(`order ${this.id} was over without such a PROCESSING: ${this.#end}`));
    };
    this.#watchers.push(look);
    look();
    return within(ANSWER_TIMEOUT_MS, `PROCESSING of order ${this.id}`, found.promise);
  }

  /** For the client. */
  take(answer: Answer): void {
    if (answer.status === "PROCESSING") this.progress.push(answer);
    else {
      this.#isOver = true;
      this.#end = `${answer.status} ${answer.message}`;
      this.#final.resolve(answer);
    }
    for (const look of this.#watchers) look();
  }

  /** For the client. */
  fail(error: Error): void {
    this.#isOver = true;
    this.#end = error.message;
    this.#final.reject(error);
    for (const look of this.#watchers) look();
  }
}

export class OrderClient {
  /** Answers whose id is no order of ours: `null` for what could not be read. */
  readonly strays: Answer[] = [];
  readonly #socket: Socket;
  readonly #pending: Map<string, PendingOrder> = new Map();
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  #strayWatchers: (() => void)[] = [];
  readonly #received: Buffer[] = [];
  #lastId = 0;

  static async connect(path: string): Promise<OrderClient> {
    const socket = connect({ path });
    const connected = Promise.withResolvers<void>();
    socket.once("connect", () => connected.resolve());
    socket.once("error", connected.reject);
    await within(5_000, "connecting to the command socket", connected.promise);
    socket.removeListener("error", connected.reject);
    return new OrderClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#over());
  }

  /** When the proxy has closed the connection, or we have. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Sends an order and gives its final answer, whatever it is. */
  order(type: string, data: Json = {}, options: OrderOptions = {}): Promise<Answer> {
    return this.send(type, data, options).final();
  }

  /** Sends an order that must be answered `OK`. */
  async ok(type: string, data: Json = {}, options: OrderOptions = {}): Promise<Answer> {
    const answer = await this.order(type, data, options);
    if (answer.status !== "OK")
      throw new Error(`${type} ${JSON.stringify(data)}: ${answer.error?.code} ${answer.message}`);
    return answer;
  }

  /** Sends an order without waiting. */
  send(type: string, data: Json = {}, options: OrderOptions = {}): PendingOrder {
    const id = options.id ?? `${++this.#lastId}`;
    const pending = new PendingOrder(id);
    this.#pending.set(id, pending);
    this.sendRaw(`${JSON.stringify({ ...options, id, type, data })}\0`);
    return pending;
  }

  /** Sends bytes as they are, and expects nothing. */
  sendRaw(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends bytes as they are; the answer to `id` (`null`: what could not be read) is expected. */
  async raw(bytes: string | Buffer, id: string | null): Promise<Answer> {
    if (id === null) {
      this.sendRaw(bytes);
      return this.stray();
    }
    const pending = new PendingOrder(id);
    this.#pending.set(id, pending);
    this.sendRaw(bytes);
    return pending.final();
  }

  /** The next answer whose id is no order of ours. */
  async stray(): Promise<Answer> {
    const found = Promise.withResolvers<Answer>();
    const look = (): void => {
      const answer = this.strays.shift();
      if (answer === undefined) return;
      this.#strayWatchers = this.#strayWatchers.filter((each) => each !== look);
      found.resolve(answer);
    };
    this.#strayWatchers.push(look);
    look();
    return within(ANSWER_TIMEOUT_MS, "an answer without an id", found.promise);
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Bytes that the kernel did not take yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
      const text = Buffer.concat([...this.#received.splice(0), bytes.subarray(start, end)]).toString();
      start = end + ZERO.length;
      if (text.trim() !== "") this.#take(JSON.parse(text) as Answer);
    }
    if (start < bytes.length) this.#received.push(bytes.subarray(start));
  }

  #take(answer: Answer): void {
    const pending = answer.id === null ? undefined : this.#pending.get(answer.id);
    if (pending === undefined) {
      this.strays.push(answer);
      for (const look of this.#strayWatchers) look();
      return;
    }
    if (answer.status !== "PROCESSING") this.#pending.delete(pending.id);
    pending.take(answer);
  }

  #over(): void {
    for (const pending of this.#pending.values())
      pending.fail(new Error("the command socket closed before the answer"));
    this.#pending.clear();
    this.#closed.resolve();
  }
}
