/**
 * One client of the command socket: its frames become orders, its orders' answers go back. It knows no
 * order's meaning.
 *
 * Rules of this file:
 *  1. Orders are executed in the order sent; an order that takes effect later (its promise) holds those
 *     behind it.
 *  2. Bounded: a client with too many orders in flight, or too many unread answers, is not read until that is
 *     over.
 *  3. Each order gets one final answer. Progress may be left out for a client that does not read; final
 *     answers never.
 *  4. A client that ends its side (as `socat` does after its input) still gets all its answers.
 */
import type { Socket } from "node:net";
import { assert } from "../../base/assert.ts";
import { okAnswer, errorAnswer, processingAnswer, type Answer, type OkAnswer } from "../../model/answers.ts";
import { descriptorOf } from "../../io/node-descriptors.ts";
import { dialectAnswer, type AnswerForm } from "../../model/dialect/answer-form.ts";
import type { OrderError } from "../../model/errors.ts";
import { FrameReader, type Frame } from "../../model/framing.ts";
import type { MainLimits } from "../limits.ts";
import type { CarriedForm, CarriedSession } from "../../model/carried.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { OrderExecutor } from "./order-executor.ts";
import { readOrderFrame } from "./read-order-frame.ts";
import type { CarriesOn, Reply } from "./reply.ts";
import { readAhead } from "./read-ahead.ts";
import type { Sender } from "./sender.ts";
import type { TurnTaker, Turns } from "./turns.ts";
import { WrittenJson } from "./written-json.ts";

export interface SessionOptions {
  readonly executor: OrderExecutor;
  readonly turns: Turns;
  readonly limits: MainLimits;
  readonly sender: Sender;
  readonly closed: (session: CommandSession) => void;
}

/** An order without its final answer. */
interface InFlight {
  /** How its answers are written; absent: as ours. */
  readonly form?: AnswerForm;
  /** Told when its client leaves. */
  gone?: () => void;
  /** How another program goes on with it, if one could. */
  describe?: CarriesOn;
  /** What it is called, where it may take long. */
  lasting?: string;
}

export class CommandSession implements TurnTaker {
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #reader: FrameReader;
  readonly #writer: AnswerWriter;
  readonly #inFlight: Map<string, InFlight> = new Map();
  #answers: string[] = [];
  /** Told once when the client has read some of what it was sent. */
  #waitForRoom: (() => void)[] = [];
  /** Of all answers that are not handed to the socket yet. */
  #answerChars = 0;
  /**
   * `held`: an order has not taken effect yet. `ended`: nothing more is read. `closed`: nothing more is
   * written.
   */
  #state: "open" | "held" | "ended" | "closed" = "open";
  /** The order that holds it, last. */
  #heldBy = "";
  #peerEnded: "no" | "yes" = "no";
  #mayTake: "yes" | "paused" = "yes";

  /** `carried`: what a main before us has had of it. Its orders go on by `replyTo`. */
  constructor(socket: Socket, options: SessionOptions, carried?: CarriedSession) {
    this.#socket = socket;
    this.#options = options;
    this.#reader = new FrameReader({ frameBytesMax: options.limits.frameBytesMax });
    this.#writer = new AnswerWriter(socket, this.#taken);
    socket.on("data", this.#received);
    socket.on("end", () => this.#ended());
    socket.on("drain", () => this.#wake());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#closed());
    if (carried !== undefined) this.#goOn(carried);
  }

  takeTurn(sharers: number, isOver: () => boolean): boolean {
    const { ordersPerTurnMax, ordersPerSharedTurnMax, answerCharsPerTurnMax } = this.#options.limits;
    const ordersMax = sharers === 1 ? ordersPerTurnMax : ordersPerSharedTurnMax / sharers;
    for (let orders = 0; orders < ordersMax; orders++) {
      if (!this.#mayExecute() || this.#answerChars > answerCharsPerTurnMax / sharers) break;
      if (orders > 0 && isOver()) break;
      const frame = this.#reader.next();
      if (frame !== undefined) this.#take(frame);
    }
    if (this.#mayExecute()) return true;
    if (this.#reader.isSpent && this.#state === "open") this.#socket.resume();
    this.#endIfDone();
    return false;
  }

  /**
   * Ends the connection once the answers given so far are written. What the client still sends is thrown away
   * for a while: a close with unread bytes would look like a fault and could hide the last answer.
   */
  end(): void {
    if (this.#state === "closed" || this.#state === "ended") return;
    this.#flush();
    this.#state = "ended";
    this.#writer.end();
    this.#socket.resume();
    const linger = setTimeout(() => this.#socket.destroy(), this.#options.limits.lingerMs);
    this.#socket.on("close", () => clearTimeout(linger));
  }

  /** Answers what is under way with this, or says it to nobody's order, and ends. */
  forbid(error: OrderError): void {
    if (this.#state === "closed" || this.#state === "ended") return;
    for (const [id, { form }] of this.#inFlight) this.#refuse(id, error, form);
    if (this.#inFlight.size === 0) this.#refuse(null, error);
    this.end();
  }

  /** Takes no more orders, until `resume`. */
  pause(): void {
    this.#mayTake = "paused";
  }

  resume(): void {
    this.#mayTake = "yes";
    this.#wake();
    this.#endIfDone();
  }

  get sender(): Sender {
    return this.#options.sender;
  }

  /** True if everything of it could be carried over now. */
  get isCarriable(): boolean {
    if (this.#state === "held" && !this.#inFlight.has(this.#heldBy)) return false;
    if (this.#state === "ended") return this.#socket.writableLength === 0;
    return [...this.#inFlight.values()].every(({ describe }) => describe !== undefined);
  }

  /** Its orders that cannot be carried over and may take long, for people. */
  get lasting(): readonly string[] {
    const { uid, pid } = this.sender;
    const from = `of user ${uid ?? "unknown"}, process ${pid ?? "unknown"}`;
    return [...this.#inFlight].flatMap(([id, { lasting, describe }]) =>
      lasting === undefined || describe !== undefined
        ? []
        : [`${lasting} (id ${JSON.stringify(id)}, ${from})`],
    );
  }

  /** All that the next program goes on with; `undefined` for one that is over. */
  carry(): CarriedSession | undefined {
    if (this.#state !== "open" && this.#state !== "held") return undefined;
    return {
      fd: descriptorOf(this.#socket),
      ...(this.sender.via === "read" && { via: "read" }),
      unread: Buffer.concat([this.#reader.unread(), this.#readAhead()]).toString("base64"),
      unsent: Buffer.concat([this.#writer.unsent(), Buffer.from(this.#answers.join(""))]).toString("base64"),
      orders: [...this.#inFlight].map(([id, { describe, form }]) => {
        assert(describe !== undefined, `order ${id} cannot be carried over`);
        return { id, ...(form !== undefined && { form: carriedForm(form) }), order: describe() };
      }),
    };
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #goOn({ unread, unsent, orders }: CarriedSession): void {
    for (const { id, form } of orders)
      this.#inFlight.set(id, { ...(form !== undefined && { form: formOf(form) }) });
    this.#writer.write(Buffer.from(unsent, "base64"));
    const bytes = Buffer.from(unread, "base64");
    if (bytes.length > 0) this.#received(bytes);
  }

  /** What Node has read, and nobody has taken. It stays Node's, in case that we go on. */
  #readAhead(): Buffer {
    // Node tells those who wait for data of what is read here, too.
    this.#socket.off("data", this.#received);
    const read = readAhead(this.#socket);
    this.#socket.on("data", this.#received);
    return read;
  }

  readonly #received = (bytes: Uint8Array): void => {
    if (this.#state === "ended" || this.#state === "closed") return;
    this.#reader.give(bytes);
    this.#socket.pause();
    this.#wake();
  };

  #wake(): void {
    if (this.#mayExecute()) this.#options.turns.want(this);
  }

  #mayExecute(): boolean {
    const { ordersInFlightMax, unreadBytesMax } = this.#options.limits;
    return (
      this.#state === "open" &&
      this.#mayTake === "yes" &&
      !this.#reader.isSpent &&
      this.#inFlight.size < ordersInFlightMax &&
      this.#writer.unreadBytes + this.#answerChars < unreadBytesMax
    );
  }

  #take(frame: Frame): void {
    switch (frame.kind) {
      case "object":
        return this.#takeOrder(frame.value);
      case "malformed":
        return this.#refuse(frame.id, { code: "BAD_FRAME", message: frame.reason });
      case "too-large":
        this.#refuse(null, {
          code: "FRAME_TOO_LARGE",
          message: `a frame has at most ${frame.bytesMax} bytes; the connection is closed`,
        });
        return this.end();
    }
  }

  #takeOrder(value: Readonly<Record<string, unknown>>): void {
    const read = readOrderFrame(value, this.#options.executor);
    if (!read.ok) return this.#refuse(read.error.id, read.error.error, read.error.form);
    const { id, form, execute } = read.value;
    if (this.#inFlight.has(id)) {
      const message = `an order with id ${JSON.stringify(id)} is in flight`;
      return this.#refuse(id, { code: "DUPLICATE_ID", message }, form);
    }
    this.#inFlight.set(id, { ...(form !== undefined && { form }) });
    this.holdUntil(execute(this.replyTo(id)), id);
  }

  /** What comes after this order waits for its effect, if it has one to wait for. */
  holdUntil(effect: Promise<void> | undefined, id: string): void {
    if (effect === undefined) return;
    this.#state = "held";
    this.#heldBy = id;
    void effect.then(() => {
      if (this.#state === "held") this.#state = "open";
      this.#options.turns.want(this);
    });
  }

  /** How the order in flight with this id is answered. */
  replyTo(id: string): Reply {
    const form = this.#inFlight.get(id)?.form;
    const hasRoom = (): boolean => this.#hasRoom;
    const { sender } = this;
    return {
      author: { uid: sender.uid, pid: sender.pid, order_id: id },
      via: sender.via,
      get hasRoom() {
        return hasRoom();
      },
      onRoom: (more) => void this.#waitForRoom.push(more),
      processing: (message, data, revision) => {
        if (this.#writer.unreadBytes >= this.#options.limits.unreadBytesMax) return;
        this.#answer(processingAnswer({ id, revision }, message, data), form);
      },
      ok: (message, data, revision) => this.#finish(id, okAnswer({ id, revision }, message, data), form),
      refuse: (error, revision) => this.#finish(id, errorAnswer({ id, revision }, error), form),
      onGone: (gone) => {
        if (this.#state === "closed") gone();
        else if (this.#inFlight.has(id)) this.#inFlight.get(id)!.gone = gone;
      },
      carry: (describe) => {
        const order = this.#inFlight.get(id);
        if (order !== undefined) order.describe = describe;
      },
      lasts: (name) => {
        const order = this.#inFlight.get(id);
        if (order !== undefined) order.lasting = name;
      },
    };
  }

  get #hasRoom(): boolean {
    return this.#writer.unreadBytes + this.#answerChars < this.#options.limits.eventCharsUnreadMax;
  }

  /** The kernel has taken something. Others have their turn before there is more. */
  readonly #taken = (): void => {
    this.#wake();
    if (this.#waitForRoom.length > 0) setImmediate(() => this.#tellRoom());
  };

  #tellRoom(): void {
    if (this.#state === "closed" || !this.#hasRoom) return;
    for (const more of this.#waitForRoom.splice(0)) more();
  }

  #refuse(id: string | null, error: OrderError, form?: AnswerForm): void {
    this.#answer(errorAnswer({ id, revision: this.#options.executor.revision }, error), form);
  }

  #finish(id: string, answer: Answer, form?: AnswerForm): void {
    if (this.#state !== "closed") assert(this.#inFlight.delete(id), `order ${id} is answered twice`);
    this.#answer(answer, form);
    this.#wake();
  }

  /** Answers given while one piece of code runs leave in one write. */
  #answer(answer: Answer, form?: AnswerForm): void {
    if (answer.status !== "PROCESSING")
      this.#options.executor.answered(answer.status === "OK" ? "ok" : "error");
    if (this.#state === "closed") return;
    if (answer.status === "OK" && answer.data instanceof WrittenJson)
      return this.#answerWritten(answer, answer.data);
    const text = `${JSON.stringify(form === undefined ? answer : dialectAnswer(form, answer))}\0`;
    this.#answers.push(text);
    this.#answerChars += text.length;
    if (this.#answers.length === 1) queueMicrotask(() => this.#flush());
  }

  /** Its data goes out as it is, in its place at the answer's end. */
  #answerWritten(answer: OkAnswer, { parts }: WrittenJson): void {
    this.#flush();
    const head = JSON.stringify({ ...answer, data: null }).slice(0, -"null}".length);
    for (const part of [Buffer.from(head), ...parts, Buffer.from("}\0")]) this.#writer.write(part);
    this.#endIfDone();
  }

  #flush(): void {
    if (this.#answers.length === 0 || this.#state === "closed") return;
    const text = this.#answers.join("");
    this.#answers = [];
    this.#answerChars = 0;
    this.#writer.write(Buffer.from(text));
    this.#endIfDone();
  }

  /**
   * The client sends no more: it may read on, as `socat` does, or be gone, and only a write tells which.
   * White space between frames means nothing, so a newline is the question.
   */
  #ended(): void {
    this.#peerEnded = "yes";
    this.#endIfDone();
    if (this.#state === "ended" || this.#state === "closed") return;
    const probe = (): void => void (this.#socket.writable && this.#socket.write("\n"));
    const timer = setInterval(probe, this.#options.limits.probeEveryMs);
    this.#socket.on("close", () => clearInterval(timer));
    probe();
  }

  #endIfDone(): void {
    const done = this.#reader.isSpent && this.#inFlight.size === 0 && this.#state === "open";
    if (this.#peerEnded === "yes" && done) this.end();
  }

  #closed(): void {
    this.#state = "closed";
    this.#waitForRoom = [];
    this.#options.turns.forget(this);
    const gone = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const order of gone) order.gone?.();
    this.#options.closed(this);
  }
}

function carriedForm({ id, isVersioned, field }: AnswerForm): CarriedForm {
  return { ...(id !== undefined && { id }), is_versioned: isVersioned, field };
}

function formOf({ id, is_versioned: isVersioned, field }: CarriedForm): AnswerForm {
  return { ...(id !== undefined && { id }), isVersioned, field };
}
