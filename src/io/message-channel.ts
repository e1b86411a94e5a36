/**
 * Messages between main and a worker over a socket pair: JSON and a zero byte, the frames of the control
 * protocol. Both ends are ours, so a message that is no message is a defect, not an answer. Descriptors do
 * not travel here (`descriptors.ts`).
 *
 * Rules of this file:
 *  1. Messages sent while one piece of code runs leave in one write.
 *  2. Messages arrive in the order in which they were sent, all those of one read together.
 */
import type { Duplex } from "node:stream";
import { assert } from "../base/assert.ts";
import { FrameReader } from "../model/framing.ts";

/** Both ends are trusted; this only keeps a defect from eating all memory. */
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

export interface MessageEvents<Incoming> {
  received(messages: readonly Incoming[]): void;
  /** Everything that waited was taken by the kernel. */
  drained(): void;
  /** The other end is gone. Told once; nothing follows. */
  closed(): void;
  /**
   * The other end speaks something else, as a program of another version may. Told once; nothing follows.
   * Where nobody listens it is a defect.
   */
  garbled?(reason: string): void;
}

/** A message as it travels, for sending one to many. */
export function encodeMessage(message: object): string {
  return `${JSON.stringify(message)}\0`;
}

export class MessageChannel<Incoming> {
  readonly #socket: Duplex;
  readonly #reader: FrameReader = new FrameReader({ frameBytesMax: MESSAGE_BYTES_MAX });
  #waiting: string[] = [];
  #state: "open" | "closed" = "open";

  constructor(socket: Duplex, events: MessageEvents<Incoming>) {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => {
      if (this.#state === "closed") return;
      const messages: Incoming[] = [];
      for (const frame of this.#reader.push(bytes)) {
        if (frame.kind === "object") messages.push(frame.value as Incoming);
        else return this.#garbled(events, `a message is ${frame.kind}`);
      }
      if (messages.length > 0) events.received(messages);
    });
    socket.on("drain", () => events.drained());
    // A fault of the socket ends in "close" as well, where it is told.
    socket.on("error", () => undefined);
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      if (this.#state === "closed") return;
      this.#state = "closed";
      events.closed();
    });
  }

  send(message: object): void {
    this.sendEncoded(encodeMessage(message));
  }

  /**
   * Sends what `encodeMessage` gave. Does nothing when the channel is closed: `closed` was told, or will be.
   */
  sendEncoded(text: string): void {
    if (this.#state === "closed") return;
    this.#waiting.push(text);
    if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
  }

  /**
   * Sends at once what waits for others to go along. For who has it ready, or does not return to Node's loop
   * soon.
   */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const text = this.#waiting.length === 1 ? this.#waiting[0]! : this.#waiting.join("");
    this.#waiting = [];
    if (this.#state === "open") this.#socket.write(text);
  }

  /** What the other end has not read yet, nearly. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends what waits, then ends. */
  end(): void {
    this.flush();
    this.#socket.end();
  }

  /** Closes at once; `closed` is not told. */
  destroy(): void {
    this.#state = "closed";
    this.#socket.destroy();
  }

  #garbled(events: MessageEvents<Incoming>, reason: string): void {
    assert(events.garbled !== undefined, `between main and worker ${reason}`);
    this.destroy();
    events.garbled(reason);
  }
}
