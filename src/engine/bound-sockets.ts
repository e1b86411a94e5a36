/**
 * The listening sockets that this worker accepts on, each with its listener; those of listeners that were
 * removed, or drain, stay until their queue is empty. The sockets themselves are main's.
 *
 * ```text
 *  accepting ──► removed ──► emptying ──► gone     its listener leaves; then main has its queue emptied
 *      └────────at a stop───────┘
 *  any ──► abandoned                               the worker leaves; what was on its way may still come
 * ```
 */
import { assert } from "../base/assert.ts";
import type { HeldSocket } from "../model/adoption.ts";
import type { Port } from "./port.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";

/** The part of the port that is about listening sockets. */
export type ListeningPort = Pick<Port, "accept" | "pauseAccepting" | "stopAccepting" | "abandonListener">;

interface BoundSocket {
  readonly address: string;
  readonly listener: ListenerRuntime;
  state: "accepting" | "removed" | "emptying" | "abandoned";
}

/** A listening socket of this worker, by the port's number. */
export interface ListeningSocket extends HeldSocket {
  readonly socket: number;
}

export class BoundSockets {
  readonly #port: ListeningPort;
  /** By the port's number. */
  readonly #sockets = new Map<number, BoundSocket>();
  #presence: "here" | "pausing" | "leaving" = "here";

  constructor(port: ListeningPort) {
    this.#port = port;
  }

  /** Whose clients come from `socket`; `undefined` once it is empty and closed. */
  findListener(socket: number): ListenerRuntime | undefined {
    return this.#sockets.get(socket)?.listener;
  }

  /** Those that are not abandoned: each with its listener's address, and whether that was removed. */
  list(): readonly ListeningSocket[] {
    return [...this.#sockets].flatMap(([socket, { address, state }]) =>
      state === "abandoned"
        ? []
        : [{ socket, address, state: state === "accepting" ? "accepting" : "removed" }],
    );
  }

  /**
   * Accepts on a socket for the listener at `address`. A listener that was removed and added back has a
   * socket of its own: the one before is emptied beside it.
   */
  bind(address: string, listener: ListenerRuntime, socket: number): void {
    const isLeaving = this.#presence === "leaving";
    this.#sockets.set(socket, { address, listener, state: isLeaving ? "abandoned" : "accepting" });
    if (this.#presence === "here") this.#port.accept(socket);
    else if (isLeaving) this.#port.abandonListener(socket);
  }

  /** Accepts no more, but keeps the sockets. Those of removed listeners are emptied all the same. */
  pause(): void {
    this.#presence = "pausing";
    for (const [socket, { state }] of this.#sockets)
      if (state === "accepting") this.#port.pauseAccepting(socket);
  }

  /** Accepts again. */
  goOn(): void {
    this.#presence = "here";
    for (const [socket, { state }] of this.#sockets) if (state === "accepting") this.#port.accept(socket);
  }

  /**
   * Listeners were removed, or drain: the queue of each may hold connections that will use it, so it is one
   * use itself.
   */
  countQueues(): void {
    for (const bound of this.#sockets.values()) {
      if (!bound.listener.isLeaving || bound.state !== "accepting") continue;
      bound.state = "removed";
      bound.listener.use.begin();
    }
  }

  /**
   * Begins to empty the queue of the listener at `address`: of the removed one, or, at a stop, of the one
   * that is there. False: there is none.
   */
  empty(address: string, atStop: boolean): boolean {
    for (const [socket, bound] of this.#sockets) {
      if (bound.address !== address || bound.state !== (atStop ? "accepting" : "removed")) continue;
      if (atStop) bound.listener.use.begin();
      bound.state = "emptying";
      this.#port.stopAccepting(socket);
      return true;
    }
    return false;
  }

  /** The queue is empty and the socket closed. Gives its address. */
  emptied(socket: number): string {
    const bound = this.#sockets.get(socket);
    assert(bound !== undefined, "accepting stopped on a socket of nobody");
    this.#sockets.delete(socket);
    bound.listener.use.end();
    return bound.address;
  }

  /** The worker leaves: it accepts no more, and other workers take what the queues hold. */
  abandon(): void {
    this.#presence = "leaving";
    for (const [socket, bound] of this.#sockets) {
      if (bound.state !== "abandoned") this.#port.abandonListener(socket);
      if (bound.state === "removed" || bound.state === "emptying") bound.listener.use.end();
      bound.state = "abandoned";
    }
  }
}
