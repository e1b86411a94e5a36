/**
 * What the kernel tells, as events for the engine. The tables are brought up to date before an event is told,
 * so that the engine may ask anything, closing included, from within it.
 *
 * Rules of this file:
 *  1. A connection that is closed or failed tells nothing more; its bytes go back to the pool.
 *  2. A row is freed when its connection is closed and the kernel's last completion has come. One that is to
 *     be detached tells what comes until then, and then that it is.
 */
import { assert } from "../../base/assert.ts";
import type { PortEvents } from "../../engine/port.ts";
import { EAGAIN, ECANCELED, ENOBUFS } from "../../sys/errno.ts";
import type { AcceptedSocket } from "../../sys/stream-socket.ts";
import { ioFaultOf } from "../io-fault.ts";
import * as table from "./connections.ts";
import type { AcceptedTarget, Listeners } from "./listeners.ts";
import * as operation from "./operations.ts";
import type { UringParts } from "./parts.ts";
import { ENDED, LEFT, MORE, nextReceiveState, STOPPING, WANTED } from "./receive-state.ts";
import type { CompletionTarget } from "./ring.ts";

const FLAG_BUFFER = 1 << 0;
const FLAG_MORE = 1 << 1;
const BUFFER_SHIFT = 16;

export class Completions implements CompletionTarget, AcceptedTarget {
  /** Node's own loop has something to do; who turns the loop resets it. */
  isNodeReady = false;
  /** This turn's time, set by who turns the loop. */
  nowMs = 0;
  readonly #parts: UringParts;
  readonly #connections: table.Connections;
  #listeners: Listeners | undefined;
  #events: PortEvents | undefined;

  constructor(parts: UringParts) {
    this.#parts = parts;
    this.#connections = parts.connections;
  }

  /** Before the first completion: who accepts, and who is told. */
  bind(listeners: Listeners, events: PortEvents): void {
    this.#listeners = listeners;
    this.#events = events;
  }

  completed(userData: number, result: number, flags: number): void {
    const number = operation.numberOf(userData);
    switch (operation.kindOf(userData)) {
      case operation.RECEIVE:
        return this.#receiveCompleted(number, result, flags);
      case operation.SEND:
        return this.#sendCompleted(number, result);
      case operation.ACCEPT:
        return this.#listeners!.completed(number, result, this.nowMs);
      case operation.CONNECT:
        return this.#connectCompleted(number, result);
      case operation.ROOM:
        return this.#roomCame(number);
      case operation.NODE_LOOP:
        this.isNodeReady = true;
        return;
      default:
        return this.#cancelMissed(operation.kindOf(userData) & ~operation.CANCEL_MISSED, number);
    }
  }

  /** Tells of those that had nothing in the kernel when they were to be detached. */
  tellQuiet(): void {
    for (const connection of this.#connections.quiet.splice(0)) this.#leaveWhenQuiet(connection);
  }

  hasFreeNumber(): boolean {
    return this.#connections.freeCount > 0;
  }

  accepted(listener: number, socket: AcceptedSocket): boolean {
    const connection = this.#connections.take(socket.fd, table.OPEN);
    if (connection < 0) return false;
    this.#events!.accepted(listener, connection, socket.peer.ip, socket.peer.port);
    return true;
  }

  acceptingStopped(listener: number): void {
    this.#events!.acceptingStopped(listener);
  }

  #receiveCompleted(connection: number, result: number, flags: number): void {
    const connections = this.#connections;
    const isMore = (flags & FLAG_MORE) !== 0;
    if (!isMore) connections.operations[connection]! &= ~table.RECEIVE_BIT;
    const buffer = (flags & FLAG_BUFFER) !== 0 ? flags >>> BUFFER_SHIFT : -1;
    const phase = connections.phase[connection];
    if (phase !== table.OPEN && phase !== table.DETACHING) {
      if (buffer >= 0) this.#releaseReceived(buffer, result);
    } else if (result > 0) {
      this.#stepReceive(connection, isMore);
      this.#adjustLimit(connection, isMore);
      this.#tellReceived(connection, buffer, result);
    } else {
      if (buffer >= 0) this.#releaseReceived(buffer, 0);
      this.#receiveEnded(connection, result, isMore);
    }
    if (phase !== table.OPEN) this.#leaveWhenQuiet(connection);
  }

  /** The receive brought no bytes: the peer's end, a fault, cancelled, or no buffers. */
  #receiveEnded(connection: number, result: number, isMore: boolean): void {
    if (result === -ENOBUFS) this.#parts.provided.ranOut();
    if (result === -ENOBUFS || result === -ECANCELED) return this.#stepReceive(connection, isMore);
    this.#connections.receiving[connection] = ENDED;
    if (result === 0) this.#events!.ended(connection);
    else this.#fail(connection, -result);
  }

  #stepReceive(connection: number, isMore: boolean): void {
    const connections = this.#connections;
    const before = connections.receiving[connection]!;
    const state = nextReceiveState(before, isMore ? MORE : LEFT);
    connections.receiving[connection] = state;
    if (state === WANTED) connections.touch(connection);
    if (state === STOPPING && before !== STOPPING)
      this.#parts.operations.cancel(operation.RECEIVE, connection);
  }

  /**
   * The limit was reached and more is wanted: twice as much. Bytes came though it is paused: back to the
   * least.
   */
  #adjustLimit(connection: number, isMore: boolean): void {
    const { receiving, receiveLimitBytes } = this.#connections;
    const state = receiving[connection]!;
    if (state === WANTED) {
      receiveLimitBytes[connection] = Math.min(
        receiveLimitBytes[connection]! * 2,
        table.RECEIVE_LIMIT_BYTES_MAX,
      );
    } else if (!isMore || state === STOPPING) {
      receiveLimitBytes[connection] = table.RECEIVE_LIMIT_BYTES_MIN;
    }
  }

  /** Bytes over one buffer, or over several that were offered one after another. */
  #tellReceived(connection: number, firstBuffer: number, byteLength: number): void {
    assert(firstBuffer >= 0, "received bytes without a buffer");
    const { pool, provided, connections } = this.#parts;
    let buffer = firstBuffer;
    for (let left = byteLength; ; left -= pool.bufferBytes) {
      provided.taken();
      const next = left > pool.bufferBytes ? provided.follower(buffer) : -1;
      const start = pool.startOf(buffer);
      const end = start + Math.min(left, pool.bufferBytes);
      const phase = connections.phase[connection];
      if (phase === table.OPEN || phase === table.DETACHING)
        this.#events!.received(connection, buffer, start, end);
      else pool.release(buffer);
      if (next < 0) return;
      buffer = next;
    }
  }

  #releaseReceived(firstBuffer: number, byteLength: number): void {
    const { pool, provided } = this.#parts;
    let buffer = firstBuffer;
    for (let left = byteLength; ; left -= pool.bufferBytes) {
      provided.taken();
      const next = left > pool.bufferBytes ? provided.follower(buffer) : -1;
      pool.release(buffer);
      if (next < 0) return;
      buffer = next;
    }
  }

  #sendCompleted(connection: number, result: number): void {
    const connections = this.#connections;
    connections.operations[connection]! &= ~table.SEND_BIT;
    const phase = connections.phase[connection];
    const isTold = phase === table.OPEN || phase === table.DETACHING;
    if (phase === table.CLOSING) {
      this.#parts.queues.drop(connection);
    } else if (result >= 0) {
      const { queues } = this.#parts;
      queues.consume(connection, result);
      const isLeft = queues.first[connection]! >= 0 || connections.writing[connection] === table.FINISHING;
      if (isLeft) connections.touch(connection);
      if (isTold) this.#events!.sent(connection);
    } else if (result === -EAGAIN) {
      if (phase === table.OPEN) this.#awaitRoom(connection);
    } else if (isTold && result !== -ECANCELED) {
      this.#fail(connection, -result);
    }
    if (phase !== table.OPEN) this.#leaveWhenQuiet(connection);
  }

  #awaitRoom(connection: number): void {
    this.#parts.operations.awaitRoom(connection, this.#connections.fd[connection]!);
    this.#connections.operations[connection]! |= table.ROOM_BIT;
  }

  /** Whether there is room, or the wait was cancelled: the next send finds out. */
  #roomCame(connection: number): void {
    const connections = this.#connections;
    connections.operations[connection]! &= ~table.ROOM_BIT;
    connections.touch(connection);
    if (connections.phase[connection] !== table.OPEN) this.#leaveWhenQuiet(connection);
  }

  #connectCompleted(connection: number, result: number): void {
    const connections = this.#connections;
    connections.operations[connection]! &= ~table.CONNECT_BIT;
    if (connections.phase[connection] === table.CLOSING) return this.#connections.freeWhenQuiet(connection);
    if (result < 0) return this.#fail(connection, -result);
    connections.phase[connection] = table.OPEN;
    connections.touch(connection);
    this.#events!.connected(connection);
  }

  /** A connection that is closed or to be detached, and perhaps waited for no more than this completion. */
  #leaveWhenQuiet(connection: number): void {
    const connections = this.#connections;
    const phase = connections.phase[connection];
    if (phase === table.CLOSING) return connections.freeWhenQuiet(connection);
    if (phase !== table.DETACHING || connections.operations[connection] !== 0) return;
    connections.phase[connection] = table.DETACHED;
    this.#events!.detached(connection);
  }

  #fail(connection: number, errno: number): void {
    this.#connections.phase[connection] = table.FAILED;
    this.#events!.failed(connection, ioFaultOf(errno));
  }

  /**
   * A cancellation found nothing, because its operation was just then at work: asked again while it is still
   * there.
   */
  #cancelMissed(kind: number, number: number): void {
    if (kind === operation.ACCEPT) return this.#listeners!.cancelMissed(number);
    const connections = this.#connections;
    const phase = connections.phase[number];
    const isLeaving = phase === table.CLOSING || phase === table.DETACHING;
    const isWaited = isLeaving || connections.receiving[number] === STOPPING;
    const isInKernel = (connections.operations[number]! & bitOf(kind)) !== 0;
    if (isWaited && isInKernel) this.#parts.operations.cancel(kind, number);
  }
}

function bitOf(kind: number): number {
  if (kind === operation.CONNECT) return table.CONNECT_BIT;
  if (kind === operation.RECEIVE) return table.RECEIVE_BIT;
  if (kind === operation.ROOM) return table.ROOM_BIT;
  return kind === operation.SEND ? table.SEND_BIT : 0;
}
