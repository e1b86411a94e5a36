/**
 * Accepting over Node's `net`. A `net.Server` is given a duplicate of the listening socket and accepts all
 * that it sees; ours stays, so that what is queued when accepting stops can still be taken.
 *
 * Rules of this file:
 *  1. A socket that was accepted is told or kept (`held`), never dropped.
 *  2. Without free connection numbers nothing more is accepted: the queue belongs to the kernel, and to other
 *     workers.
 */
import { createServer, type Server, type Socket } from "node:net";
import { assert } from "../../base/assert.ts";
import { closeDescriptor, duplicateDescriptor } from "../../sys/descriptor.ts";
import { EAGAIN } from "../../sys/errno.ts";
import { acceptConnection } from "../../sys/stream-socket.ts";
import type { IoWarning } from "../io.ts";
import type { Origin } from "./node-socket.ts";

const BACKLOG = 65_535;
const RETRY_MS = 100;
/** Not all that wait: other workers accept from the same queue. */
const ACCEPTED_AT_ONCE_MAX = 16;

interface Listener {
  readonly fd: number;
  state: "idle" | "accepting" | "resting" | "pausing" | "emptying";
  server: Server | undefined;
  /** Accepted, and no number free for them. */
  held: Held[];
  retryAtMs: number;
}

interface Held {
  readonly origin: Origin;
  readonly ip: string;
  readonly port: number;
}

export interface AcceptedTarget {
  /** Gives it a connection and tells the engine; false when no number is free. */
  accepted(listener: number, origin: Origin, ip: string, port: number): boolean;
  acceptingStopped(listener: number): void;
  /** Asks for `progress` soon, inside a turn. */
  wakeAt(atMs: number): void;
}

export class NodeListeners {
  readonly #target: AcceptedTarget;
  readonly #warn: IoWarning;
  readonly #listeners = new Map<number, Listener>();
  #nextNumber = 0;

  constructor(target: AcceptedTarget, warn: IoWarning) {
    this.#target = target;
    this.#warn = warn;
  }

  adopt(fd: number): number {
    const number = this.#nextNumber++;
    this.#listeners.set(number, { fd, state: "idle", server: undefined, held: [], retryAtMs: 0 });
    return number;
  }

  accept(number: number): void {
    const listener = this.#of(number);
    if (listener.state === "idle") this.#serve(number, listener);
    else if (listener.state === "pausing") listener.state = "resting";
  }

  /** What is held is told before it is idle. */
  pause(number: number): void {
    const listener = this.#of(number);
    if (listener.state !== "accepting" && listener.state !== "resting") return;
    this.#closeServer(listener);
    listener.state = listener.held.length > 0 ? "pausing" : "idle";
  }

  stop(number: number): void {
    const listener = this.#of(number);
    this.#closeServer(listener);
    listener.state = "emptying";
    listener.retryAtMs = 0;
    this.#target.wakeAt(0);
  }

  abandon(number: number): void {
    this.#forget(number, this.#of(number));
  }

  /** Inside a turn: tells what is held, empties queues, accepts again, as far as numbers and time allow. */
  progress(nowMs: number): void {
    for (const [number, listener] of this.#listeners) {
      const isDue = listener.state !== "idle" && listener.state !== "accepting";
      if (!isDue || listener.retryAtMs > nowMs) continue;
      if (!this.#tellHeld(number, listener)) continue;
      this.#goOn(number, listener, nowMs);
    }
  }

  closeAll(): void {
    for (const [number, listener] of this.#listeners) this.#forget(number, listener);
  }

  /** All that was held is told. */
  #goOn(number: number, listener: Listener, nowMs: number): void {
    if (listener.state === "resting") this.#serve(number, listener);
    else if (listener.state === "pausing") listener.state = "idle";
    else if (listener.state === "emptying") this.#empty(number, listener, nowMs);
  }

  #serve(number: number, listener: Listener): void {
    const duplicate = duplicateDescriptor(listener.fd);
    if (!duplicate.ok) return this.#rest(number, listener, duplicate.error.message);
    listener.state = "accepting";
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.#accepted(number, listener, socket);
    });
    listener.server = server;
    server.on("error", (error) => {
      if (listener.server !== server) return;
      this.#closeServer(listener);
      this.#rest(number, listener, error.message);
    });
    // Beside the options, because Node passes over a backlog among them where there is a descriptor.
    server.listen({ fd: duplicate.value }, BACKLOG);
  }

  /**
   * Node accepts one connection in each turn of its loop. Under load these are few, and who waits in the
   * queue would wait for seconds: more are taken beside it.
   */
  #accepted(number: number, listener: Listener, socket: Socket): void {
    const ip = socket.remoteAddress ?? "0.0.0.0";
    listener.held.push({ origin: { accepted: socket }, ip, port: socket.remotePort ?? 0 });
    for (let left = ACCEPTED_AT_ONCE_MAX - 1; this.#tellHeld(number, listener); left--) {
      if (left === 0 || listener.state !== "accepting") return;
      const next = acceptConnection(listener.fd);
      // The queue is empty; or Node will meet the same fault, and tell it.
      if (!next.ok) return;
      const { fd, peer } = next.value;
      listener.held.push({ origin: { fd }, ip: peer.ip, port: peer.port });
    }
    if (listener.state !== "accepting") return;
    this.#closeServer(listener);
    listener.state = "resting";
  }

  /** False when some are still held, or the listener is gone. */
  #tellHeld(number: number, listener: Listener): boolean {
    for (let first = listener.held.shift(); first !== undefined; first = listener.held.shift()) {
      if (this.#target.accepted(number, first.origin, first.ip, first.port)) continue;
      listener.held.unshift(first);
      return false;
    }
    return this.#listeners.has(number);
  }

  #empty(number: number, listener: Listener, nowMs: number): void {
    for (;;) {
      const next = acceptConnection(listener.fd);
      if (next.ok) {
        const { fd, peer } = next.value;
        listener.held.push({ origin: { fd }, ip: peer.ip, port: peer.port });
        if (!this.#tellHeld(number, listener)) return;
      } else if (next.error.errno === EAGAIN) {
        this.#forget(number, listener);
        return this.#target.acceptingStopped(number);
      } else {
        listener.retryAtMs = nowMs + RETRY_MS;
        this.#warn(`${next.error.message}; listener ${number} tries again in ${RETRY_MS} ms`);
        return this.#target.wakeAt(listener.retryAtMs);
      }
    }
  }

  #rest(number: number, listener: Listener, message: string): void {
    listener.state = "resting";
    listener.retryAtMs = performance.now() + RETRY_MS;
    this.#target.wakeAt(listener.retryAtMs);
    this.#warn(`accept: ${message}; listener ${number} tries again in ${RETRY_MS} ms`);
  }

  /** Node closes the duplicate before this returns, so no connection is accepted after it. */
  #closeServer(listener: Listener): void {
    listener.server?.close();
    listener.server = undefined;
  }

  #forget(number: number, listener: Listener): void {
    this.#closeServer(listener);
    for (const { origin } of listener.held) {
      if ("fd" in origin) closeDescriptor(origin.fd);
      else if ("accepted" in origin) origin.accepted.destroy();
    }
    closeDescriptor(listener.fd);
    this.#listeners.delete(number);
  }

  #of(number: number): Listener {
    const listener = this.#listeners.get(number);
    assert(listener !== undefined, `no listener ${number}`);
    return listener;
  }
}
