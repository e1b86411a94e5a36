/**
 * Accepting on the ring: one single-shot accept on each listening socket, armed again after each connection.
 * Multishot would take every connection of a socket that workers share, even while we are frozen
 * (`docs/decisions`).
 *
 * ```text
 *  idle ─accept→ armed ⇄ (connection) ─stop→ stopping ─left the kernel→ emptying ─queue empty→ closed
 *                  │ ↑                 ├pause→ pausing ─left the kernel→ idle
 *     no resources ↓ │ later, or when  └abandon→ abandoning ─left the kernel→ closed
 *                 resting, a number is free
 * ```
 *
 * Rules of this file:
 *  1. A socket that was accepted is told or kept (`held`), never dropped, whatever was asked meanwhile.
 *  2. A failure that would only repeat itself is tried again after `ACCEPT_RETRY_MS`, never at once.
 *  3. A connection wakes one process of those that share a socket. If that one is frozen, it waits until the
 *     next comes, and would be reset as the frozen one is killed: so we look for it from time to time. If
 *     that one has just given its accept up, it looks itself.
 */
import { assert } from "../../base/assert.ts";
import type { Region } from "../../sys/arena.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { EAGAIN, ECANCELED, ECONNABORTED, EINTR, EPROTO, systemFault } from "../../sys/errno.ts";
import { readSocketName, SOCKET_ADDRESS_BYTES } from "../../sys/socket-address.ts";
import { acceptConnection, type AcceptedSocket } from "../../sys/stream-socket.ts";
import type { IoWarning } from "../io.ts";
import { ACCEPT, type Operations } from "./operations.ts";

export const LISTENERS_MAX = 16_384;
/** Where the kernel writes a peer: its address, then its length. */
export const PEER_BYTES = 32;
const ACCEPT_RETRY_MS = 100;
/**
 * Well before a worker that hangs is killed. Nothing wakes us for it: a worker's heartbeat comes as often.
 */
const LOOK_EVERY_MS = 500;

type ListenerState = "idle" | "armed" | "resting" | "pausing" | "stopping" | "emptying" | "abandoning";

interface Listener {
  readonly fd: number;
  /** Its row of peer memory. */
  readonly row: number;
  state: ListenerState;
  /** An accepted socket for which there is no connection number yet. */
  held: AcceptedSocket | undefined;
  /** When to try again, on the loop's clock. */
  retryAtMs: number;
}

/** What listeners ask of the port. */
export interface AcceptedTarget {
  /** True while `accepted` would find a number. */
  hasFreeNumber(): boolean;
  /** Gives the socket a connection and tells the engine; false when no number is free. */
  accepted(listener: number, socket: AcceptedSocket): boolean;
  acceptingStopped(listener: number): void;
}

export class Listeners {
  readonly #operations: Operations;
  readonly #peers: Region;
  readonly #target: AcceptedTarget;
  readonly #warn: IoWarning;
  readonly #listeners = new Map<number, Listener>();
  /** Those that wait for a time, a number, or their turn. */
  readonly #due = new Set<number>();
  readonly #freeRows: number[] = [];
  #rowCount = 0;
  #nextNumber = 0;
  #lookAtMs = 0;

  constructor(operations: Operations, peers: Region, target: AcceptedTarget, warn: IoWarning) {
    this.#operations = operations;
    this.#peers = peers;
    this.#target = target;
    this.#warn = warn;
  }

  adopt(fd: number): number {
    const row = this.#freeRows.pop() ?? this.#rowCount++;
    assert(row < LISTENERS_MAX, `more than ${LISTENERS_MAX} listeners`);
    const number = this.#nextNumber++;
    this.#listeners.set(number, { fd, row, state: "idle", held: undefined, retryAtMs: 0 });
    return number;
  }

  accept(number: number): void {
    const listener = this.#of(number);
    if (listener.state === "idle") this.#arm(number, listener);
    else if (listener.state === "pausing") listener.state = this.#due.has(number) ? "resting" : "armed";
  }

  pause(number: number): void {
    const listener = this.#of(number);
    if (listener.state === "armed") this.#cancel(number, listener, "pausing");
    else if (listener.state === "resting") listener.state = "pausing";
  }

  stop(number: number): void {
    const listener = this.#of(number);
    const isPausing = listener.state === "pausing";
    if (isPausing && !this.#due.has(number)) listener.state = "stopping";
    else if (listener.state === "armed") this.#cancel(number, listener, "stopping");
    else if (isPausing || listener.state === "idle" || listener.state === "resting")
      this.#becomeDue(number, listener, "emptying");
  }

  abandon(number: number): void {
    const listener = this.#of(number);
    const isPausing = listener.state === "pausing" && !this.#due.has(number);
    if (listener.state === "armed") this.#cancel(number, listener, "abandoning");
    else if (listener.state === "stopping" || isPausing) listener.state = "abandoning";
    else if (listener.state !== "abandoning") this.#forget(number, listener);
  }

  /** The armed accept of `number` came back: a descriptor, or a negated error number. */
  completed(number: number, result: number, nowMs: number): void {
    const listener = this.#of(number);
    if (result >= 0) {
      const peer = readSocketName(this.#peers.bytes, listener.row * PEER_BYTES);
      listener.held = { fd: result, peer };
    } else if (result === -ECANCELED) {
      this.#takeLeft(listener);
    } else if (!isOnePeersFault(-result)) {
      this.#rest(number, listener, -result, nowMs);
    }
    this.#proceed(number, listener, nowMs);
  }

  /** The cancellation of `number`'s accept found nothing: asked again, unless it came back meanwhile. */
  cancelMissed(number: number): void {
    const listener = this.#listeners.get(number);
    const state = listener?.state;
    const isWaited = state === "stopping" || state === "abandoning" || state === "pausing";
    if (isWaited && !this.#due.has(number)) this.#operations.cancel(ACCEPT, number);
  }

  /** Goes on with those whose time has come, or that a freed number lets go on. */
  progress(nowMs: number): void {
    if (nowMs >= this.#lookAtMs) this.#lookForLeft(nowMs);
    for (const number of this.#due) {
      const listener = this.#of(number);
      if (listener.retryAtMs <= nowMs) this.#proceed(number, listener, nowMs);
    }
  }

  /** When `progress` must be called at the latest. */
  deadlineMs(isNumberFree: boolean): number {
    let deadline = Infinity;
    if (this.#due.size === 0) return deadline;
    for (const number of this.#due) {
      const listener = this.#of(number);
      const waitsForNumber = listener.held !== undefined && !isNumberFree;
      if (!waitsForNumber) deadline = Math.min(deadline, listener.retryAtMs);
    }
    return deadline;
  }

  closeAll(): void {
    for (const [number, listener] of this.#listeners) this.#forget(number, listener);
  }

  /**
   * After an accept left the kernel, or when its time has come: tell what is held, then go where its state
   * leads.
   */
  #proceed(number: number, listener: Listener, nowMs: number): void {
    if (listener.held !== undefined && !this.#tell(number, listener)) return;
    if (!this.#listeners.has(number)) return;
    switch (listener.state) {
      case "armed":
        if (listener.retryAtMs > nowMs) this.#becomeDue(number, listener, "resting");
        else this.#arm(number, listener);
        return;
      case "resting":
        return this.#arm(number, listener);
      case "pausing":
        this.#due.delete(number);
        listener.state = "idle";
        return;
      case "stopping":
      case "emptying":
        return this.#empty(number, listener, nowMs);
      case "abandoning":
        return this.#forget(number, listener);
      case "idle":
        return;
    }
  }

  /** A connection may have woken the accept that was given up, and then nobody else: it is ours. */
  #takeLeft(listener: Listener): void {
    if (!this.#target.hasFreeNumber()) return;
    const left = acceptConnection(listener.fd);
    if (left.ok) listener.held = left.value;
  }

  /** Accepts what waits in a queue though we are armed: one a listener, the rest comes by the ring again. */
  #lookForLeft(nowMs: number): void {
    this.#lookAtMs = nowMs + LOOK_EVERY_MS;
    for (const [number, { fd, state }] of this.#listeners) {
      if (state !== "armed" || !this.#target.hasFreeNumber()) continue;
      const left = acceptConnection(fd);
      if (left.ok) assert(this.#target.accepted(number, left.value), "a free number was not taken");
    }
  }

  /** Gives the held socket to the engine; without a free number it stays held, and the listener waits. */
  #tell(number: number, listener: Listener): boolean {
    const socket = listener.held;
    assert(socket !== undefined, "tells of a socket that is not held");
    listener.held = undefined;
    if (this.#target.accepted(number, socket)) return true;
    listener.held = socket;
    const isEnding = listener.state === "stopping" || listener.state === "emptying";
    const isPausing = listener.state === "pausing";
    if (listener.state === "abandoning") this.#forget(number, listener);
    else this.#becomeDue(number, listener, isEnding ? "emptying" : isPausing ? "pausing" : "resting");
    return false;
  }

  /** Accepts all that is queued, then closes our copy. */
  #empty(number: number, listener: Listener, nowMs: number): void {
    this.#becomeDue(number, listener, "emptying");
    for (;;) {
      const next = acceptConnection(listener.fd);
      if (next.ok) {
        listener.held = next.value;
        if (!this.#tell(number, listener)) return;
        if (!this.#listeners.has(number)) return;
      } else if (next.error.errno === EAGAIN) {
        this.#forget(number, listener);
        return this.#target.acceptingStopped(number);
      } else if (!isOnePeersFault(next.error.errno)) {
        return this.#rest(number, listener, next.error.errno, nowMs);
      }
    }
  }

  #arm(number: number, listener: Listener): void {
    this.#due.delete(number);
    listener.state = "armed";
    const peer = listener.row * PEER_BYTES;
    this.#peers.words[(peer + SOCKET_ADDRESS_BYTES) / 4] = SOCKET_ADDRESS_BYTES;
    const peerLength = this.#peers.addressOf(peer + SOCKET_ADDRESS_BYTES, 4);
    this.#operations.accept(
      number,
      listener.fd,
      this.#peers.addressOf(peer, SOCKET_ADDRESS_BYTES),
      peerLength,
    );
  }

  #cancel(number: number, listener: Listener, state: "pausing" | "stopping" | "abandoning"): void {
    listener.state = state;
    this.#operations.cancel(ACCEPT, number);
  }

  #becomeDue(number: number, listener: Listener, state: "resting" | "pausing" | "emptying"): void {
    listener.state = state;
    this.#due.add(number);
  }

  #rest(number: number, listener: Listener, errno: number, nowMs: number): void {
    listener.retryAtMs = nowMs + ACCEPT_RETRY_MS;
    this.#warn(
      `${systemFault(errno, "accept").message}; listener ${number} tries again in ${ACCEPT_RETRY_MS} ms`,
    );
  }

  #forget(number: number, listener: Listener): void {
    if (listener.held !== undefined) closeDescriptor(listener.held.fd);
    closeDescriptor(listener.fd);
    this.#listeners.delete(number);
    this.#due.delete(number);
    this.#freeRows.push(listener.row);
  }

  #of(number: number): Listener {
    const listener = this.#listeners.get(number);
    assert(listener !== undefined, `no listener ${number}`);
    return listener;
  }
}

/** The connection that was next is gone, the one after it may be well: accept(2), ECONNABORTED and EPROTO. */
function isOnePeersFault(errno: number): boolean {
  return errno === ECONNABORTED || errno === EPROTO || errno === EINTR;
}
