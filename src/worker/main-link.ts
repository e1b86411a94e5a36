/**
 * The way to main, who may be another one day: a worker whose main is gone serves on, and whoever takes it
 * over is main from then on.
 *
 * ```text
 *  with main ──main is gone──► alone ──one comes to the rendezvous──► with main
 *                                └─ its time is over, or SIGTERM: leaves softly, and can be taken over still
 * ```
 *
 * Rules of this file:
 *  1. What is said while nobody is there is lost: the next main is told all that it must know by the hello.
 *  2. A worker that has not loaded its state serves nobody: alone, it ends.
 */
import { Socket } from "node:net";
import { assert } from "../base/assert.ts";
import {
  DESCRIPTORS_MAX,
  receiveDescriptor,
  receiveDescriptors,
  sendDescriptors,
} from "../io/descriptors.ts";
import { encodeMessage, MessageChannel } from "../io/message-channel.ts";
import type { Hello } from "../model/adoption.ts";
import type { FromWorker, ToWorker } from "../model/channel.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import type { BroughtChannels, Rendezvous } from "./rendezvous.ts";

/** How often a worker that is alone looks whether a main has come; that one waits `adoptionMs` for it. */
const LOOK_EVERY_MS = 20;

export interface MainLinkOptions {
  /** Of the main that started us. */
  readonly channels: BroughtChannels;
  /** Absent: no other main finds us. */
  readonly rendezvous: Rendezvous | undefined;
  received(messages: readonly ToWorker[]): void;
  /** A main has come: what it is told first, and the descriptors of `hello.sockets`. */
  meet(): { readonly hello: Hello; readonly sockets: readonly number[] };
  /** Leaves softly: nobody is there, or comes. */
  leave(): void;
  /** Ends the process: it serves nobody yet. */
  end(): void;
  isReady(): boolean;
}

export class MainLink {
  readonly #options: MainLinkOptions;
  #channel: MessageChannel<ToWorker>;
  #descriptors: number;
  #state: "with main" | "alone" = "with main";
  #serveMs: number | null = 0;
  #looking: NodeJS.Timeout | undefined;
  #leaving: NodeJS.Timeout | undefined;

  constructor(options: MainLinkOptions) {
    this.#options = options;
    this.#channel = this.#open(options.channels.messages);
    this.#descriptors = options.channels.descriptors;
  }

  /** What to do when main goes; see `alone` in `model/channel.ts`. */
  serveAlone(serveMs: number | null): void {
    this.#serveMs = serveMs;
  }

  send(message: FromWorker): void {
    if (this.#state === "with main") this.#channel.sendEncoded(encodeMessage(message));
  }

  /** Sends at once what waits for others to go along. */
  flush(): void {
    this.#channel.flush();
  }

  /** Sends a duplicate of `fd`, then the message that says what it is. */
  sendWith(fd: number, message: FromWorker): void {
    const sent = sendDescriptors(this.#descriptors, [fd]);
    if (sent.ok) this.send(message);
    // Main waits for it in vain, and will do without us.
    else this.send({ type: "log", level: "error", message: `cannot send: ${sent.error.message}` });
  }

  /** The descriptor that main's last message names. */
  takeDescriptor(): number {
    const received = receiveDescriptor(this.#descriptors);
    assert(received.ok, "main names a descriptor that it did not send");
    return received.value;
  }

  /** The two that it names. */
  takeDescriptors(): readonly [number, number] {
    const received = receiveDescriptors(this.#descriptors);
    assert(received.ok && received.value.length === 2, "main names descriptors that it did not send");
    return received.value as readonly [number, number];
  }

  /** To be called now and then: turns away who comes while there is a main. */
  beat(): void {
    if (this.#state === "with main") this.#options.rendezvous?.refuse();
  }

  /** SIGTERM: main decides when we stop, and without one it is meant for us. */
  terminated(): void {
    if (this.#state === "alone") this.#options.leave();
  }

  #open(fd: number): MessageChannel<ToWorker> {
    return new MessageChannel<ToWorker>(new Socket({ fd, readable: true, writable: true }), {
      received: (messages) => this.#options.received(messages),
      drained: () => undefined,
      closed: () => this.#mainIsGone(),
    });
  }

  #mainIsGone(): void {
    const { rendezvous } = this.#options;
    this.#state = "alone";
    closeDescriptor(this.#descriptors);
    if (!this.#options.isReady()) return this.#options.end();
    if (rendezvous === undefined || this.#serveMs === 0) this.#options.leave();
    else if (this.#serveMs !== null) this.#leaving = setTimeout(() => this.#options.leave(), this.#serveMs);
    if (rendezvous === undefined) return;
    this.#looking = setInterval(() => this.#look(rendezvous), LOOK_EVERY_MS);
  }

  #look(rendezvous: Rendezvous): void {
    const brought = rendezvous.look();
    if (brought === undefined) return;
    clearInterval(this.#looking);
    clearTimeout(this.#leaving);
    this.#state = "with main";
    this.#channel = this.#open(brought.messages);
    this.#descriptors = brought.descriptors;
    const { hello, sockets } = this.#options.meet();
    for (let from = 0; from < sockets.length; from += DESCRIPTORS_MAX)
      sendDescriptors(this.#descriptors, sockets.slice(from, from + DESCRIPTORS_MAX));
    this.send(hello);
    this.flush();
  }
}
