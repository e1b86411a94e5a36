/**
 * The client library: orders out, answers in, over the proxy's command socket. This file is its public face.
 *
 * ```ts
 * await using client = await connect(defaultSocketPath());
 * await client.send({ type: "ADD_CLUSTER", data: { cluster_id: "app" } });
 * for await (const answer of client.answers({ type: "REMOVE_CLUSTER", data: { cluster_id: "app" } })) {
 *   console.log(answer.message);
 * }
 * ```
 *
 * Rules of this file:
 *  1. Orders leave in the order of the calls, at once, without waiting for answers.
 *  2. Each order ends exactly once: its OK, an `OrderRefusedError`, a `ConnectionLostError`, or the caller's
 *     abort.
 *  3. Answers that nobody reads are bounded: then the socket is not read on, and the proxy holds back in
 *     turn.
 */
import { type Socket, createConnection } from "node:net";
import type { OkAnswer, ProcessingAnswer } from "../model/answers.ts";
import { FrameReader } from "../model/framing.ts";
import { AnswerQueue } from "./answer-queue.ts";
import { ABANDONED, type AnswerSink, abortable } from "./answer-sink.ts";
import { type AnyAnswer, type Data, parseAnswer } from "./answer.ts";
import { CannotConnectError, ConnectionLostError, OrderRefusedError } from "./errors.ts";
import { followOver, type FollowOptions } from "./events.ts";
import type { EventData } from "../model/events.ts";
import type { AnswerDataTo, OrderToSend } from "./order.ts";

export type { ErrorAnswer, OkAnswer, ProcessingAnswer } from "../model/answers.ts";
export type { AnyAnswer, Data } from "./answer.ts";
export type { EventData } from "../model/events.ts";
export type { FollowOptions } from "./events.ts";
export type { AnswerDataTo, OrderToSend } from "./order.ts";
export { CannotConnectError, ConnectionLostError, OrderRefusedError } from "./errors.ts";
export { defaultSocketPath } from "./socket-path.ts";

export interface ClientOptions {
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** The largest answer that is taken [256 MiB]: a dump of a big configuration is one answer. */
  readonly answerBytesMax?: number;
  /** How many answers may wait for `answers()` readers [1,000] before the socket is not read on. */
  readonly answersUnreadMax?: number;
}

export interface SendOptions {
  /** Stops waiting with the signal's reason. The order goes on in the proxy. */
  readonly signal?: AbortSignal;
  /** Told each PROCESSING answer as it comes. */
  readonly onProgress?: (answer: ProcessingAnswer<Data>) => void;
}

/** What can be read of an order that is not refused. */
type AnswerTo<Type extends string> = ProcessingAnswer<Data> | OkAnswer<AnswerDataTo<Type>>;

const ANSWER_BYTES_MAX_DEFAULT = 256 * 1024 * 1024;
const ANSWERS_UNREAD_MAX_DEFAULT = 1_000;

/** Connects to the command socket at `path`; throws `CannotConnectError`, or the signal's reason. */
export function connect(path: string, options: ClientOptions = {}): Promise<Client> {
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  const socket = createConnection({ path });
  const abort = (): void => {
    socket.destroy();
    reject(signal?.reason as Error);
  };
  const refuse = (error: NodeJS.ErrnoException): void => {
    signal?.removeEventListener("abort", abort);
    reject(new CannotConnectError(path, reasonOf(error), { cause: error }));
  };
  signal?.addEventListener("abort", abort, { once: true });
  socket.once("error", refuse);
  socket.once("connect", () => {
    signal?.removeEventListener("abort", abort);
    socket.off("error", refuse);
    resolve(new Client(socket, options));
  });
  return promise;
}

/**
 * The events of the proxy at `path`, over as many connections as it takes: after a loss it connects again and
 * goes on behind the last one. Throws what the first connection throws, and the signal's reason.
 *
 * ```ts
 * for await (const event of followEvents(defaultSocketPath())) console.log(event.sequence, event.event);
 * ```
 */
export function followEvents(path: string, options: FollowOptions = {}): AsyncGenerator<EventData, never> {
  const { signal } = options;
  return followOver(() => connect(path, signal && { signal }), options);
}

/** One connection to a proxy. Made by `connect`. */
export class Client {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #answersUnreadMax: number;
  readonly #sinks = new Map<string, AnswerSink>();
  #lastId = 0;
  #unread = 0;
  #lost: ConnectionLostError | undefined;
  #lossReason = "the proxy closed the connection";

  constructor(socket: Socket, options: ClientOptions = {}) {
    this.#socket = socket;
    this.#reader = new FrameReader({ frameBytesMax: options.answerBytesMax ?? ANSWER_BYTES_MAX_DEFAULT });
    this.#answersUnreadMax = options.answersUnreadMax ?? ANSWERS_UNREAD_MAX_DEFAULT;
    socket.on("data", (bytes: Uint8Array) => this.#read(bytes));
    socket.on("error", (error) => this.#lose(error.message));
    socket.on("close", () => this.#lose(this.#lossReason));
  }

  /**
   * Sends one order and waits for its OK. Throws `OrderRefusedError`, `ConnectionLostError`, or the signal's
   * reason.
   */
  send<Type extends string>(
    order: OrderToSend<Type>,
    options: SendOptions = {},
  ): Promise<OkAnswer<AnswerDataTo<Type>>> {
    const { promise, resolve, reject } = Promise.withResolvers<OkAnswer<AnswerDataTo<Type>>>();
    const take = (answer: AnyAnswer): void => {
      if (answer.status === "OK") resolve(answer as OkAnswer<AnswerDataTo<Type>>);
      else if (answer.status === "ERROR") reject(new OrderRefusedError(answer));
      else options.onProgress?.(answer);
    };
    this.#write(order, { take, lose: reject }, options.signal);
    return promise;
  }

  /**
   * Sends one order, at once, and gives its answers as they come: PROCESSING ones, then the OK. Throws while
   * reading as `send` does. Leaving the loop early leaves the order to the proxy.
   */
  answers<Type extends string>(
    order: OrderToSend<Type>,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncIterableIterator<AnswerTo<Type>> {
    const queue = new AnswerQueue<AnswerTo<Type>>(
      (count) => this.#countUnread(-count),
      () => this.#abandon(id),
    );
    const take = (answer: AnyAnswer): void => {
      if (answer.status === "ERROR") return queue.end(new OrderRefusedError(answer));
      if (queue.add(answer as AnswerTo<Type>)) this.#countUnread(1);
      if (answer.status === "OK") queue.end();
    };
    const id = this.#write(order, { take, lose: (error) => queue.end(error) }, options.signal);
    return queue;
  }

  /** Closes the connection. Orders still waiting throw `ConnectionLostError`; the proxy goes on with them. */
  close(): void {
    this.#lossReason = "closed on this side";
    this.#socket.destroy();
    this.#lose(this.#lossReason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #write(order: OrderToSend, sink: AnswerSink, signal: AbortSignal | undefined): string {
    const id = String(++this.#lastId);
    if (this.#lost !== undefined || signal?.aborted) {
      sink.lose(this.#lost ?? (signal?.reason as Error));
      return id;
    }
    this.#sinks.set(id, signal === undefined ? sink : abortable(sink, signal, () => this.#abandon(id)));
    this.#gatherWrites();
    this.#socket.write(`${JSON.stringify({ ...order, id })}\0`);
    return id;
  }

  /** Orders sent in one turn leave in one system call. */
  #gatherWrites(): void {
    if (this.#socket.writableCorked > 0) return;
    this.#socket.cork();
    process.nextTick(() => this.#socket.uncork());
  }

  /** The caller has left; the order's answers still come, and are dropped. */
  #abandon(id: string): void {
    if (this.#sinks.has(id)) this.#sinks.set(id, ABANDONED);
  }

  #read(bytes: Uint8Array): void {
    for (const frame of this.#reader.push(bytes)) {
      if (frame.kind === "too-large") return this.#break(`an answer of more than ${frame.bytesMax} bytes`);
      if (frame.kind === "malformed") return this.#break(`a malformed answer (${frame.reason})`);
      const answer = parseAnswer(frame.value);
      if (!answer.ok) return this.#break(answer.error);
      if (!this.#deliver(answer.value)) return;
    }
  }

  /** False when nothing more can be read from this connection. */
  #deliver(answer: AnyAnswer): boolean {
    if (answer.id === null) {
      this.#break(`what belongs to no order: ${answer.message}`);
      return false;
    }
    const sink = this.#sinks.get(answer.id);
    if (sink === undefined) {
      this.#break(`an answer to an order that is not in flight (id ${JSON.stringify(answer.id)})`);
      return false;
    }
    if (answer.status !== "PROCESSING") this.#sinks.delete(answer.id);
    sink.take(answer);
    return true;
  }

  #countUnread(change: number): void {
    this.#unread += change;
    if (this.#unread >= this.#answersUnreadMax) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** What comes after such an answer cannot be trusted. */
  #break(what: string): void {
    this.#lossReason = `the proxy sent ${what}`;
    this.#socket.destroy();
    this.#lose(this.#lossReason);
  }

  #lose(reason: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = new ConnectionLostError(`the connection to the proxy was lost: ${reason}`);
    for (const sink of this.#sinks.values()) sink.lose(this.#lost);
    this.#sinks.clear();
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "there is no such socket; is it running?";
    case "ECONNREFUSED":
      return "nothing listens on this socket any more; is it running?";
    case "EACCES":
    case "EPERM":
      return "permission denied; the socket belongs to another user";
    case "ENOTSOCK":
      return "this is no socket";
    default:
      return error.message;
  }
}
