/**
 * What the engine asks, written down in the tables; most of it is submitted at the end of the turn
 * (`submission.ts`). What comes of it is told by `completions.ts`.
 */
import type { Address } from "../../base/address.ts";
import { assert } from "../../base/assert.ts";
import type { BufferPool } from "../../base/buffer-pool.ts";
import type { Port } from "../../engine/port.ts";
import { clearResetOnClose, openStreamSocket, setNoDelay, setResetOnClose } from "../../sys/stream-socket.ts";
import * as table from "./connections.ts";
import type { Listeners } from "./listeners.ts";
import * as operation from "./operations.ts";
import type { UringParts } from "./parts.ts";
import { ASK, nextReceiveState, PAUSE, WANTED } from "./receive-state.ts";

export class UringPort implements Port {
  readonly buffers: BufferPool;
  readonly connectionsMax: number;
  readonly #parts: UringParts;
  readonly #connections: table.Connections;
  readonly #listeners: Listeners;

  constructor(parts: UringParts, listeners: Listeners) {
    this.buffers = parts.pool;
    this.connectionsMax = parts.connections.max;
    this.#parts = parts;
    this.#connections = parts.connections;
    this.#listeners = listeners;
  }

  accept(listener: number): void {
    this.#listeners.accept(listener);
  }

  pauseAccepting(listener: number): void {
    this.#listeners.pause(listener);
  }

  stopAccepting(listener: number): void {
    this.#listeners.stop(listener);
  }

  abandonListener(listener: number): void {
    this.#listeners.abandon(listener);
  }

  /** No descriptor left counts as no number left: -1. */
  connect(address: Address): number {
    if (this.#connections.freeCount === 0) return -1;
    const socket = openStreamSocket(address.family);
    if (!socket.ok) return -1;
    const fd = socket.value;
    setNoDelay(fd);
    const connection = this.#connections.take(fd, table.CONNECTING);
    this.#parts.operations.connect(connection, fd, address);
    this.#connections.operations[connection] = table.CONNECT_BIT;
    return connection;
  }

  receive(connection: number): void {
    const connections = this.#connections;
    connections.check(connection);
    assert(connections.phase[connection] !== table.CONNECTING, "receives before it is connected");
    const state = nextReceiveState(connections.receiving[connection]!, ASK);
    connections.receiving[connection] = state;
    if (state === WANTED) connections.touch(connection);
  }

  pause(connection: number): void {
    const connections = this.#connections;
    connections.check(connection);
    connections.receiving[connection] = nextReceiveState(connections.receiving[connection]!, PAUSE);
  }

  send(connection: number, buffer: number, start: number, end: number): void {
    const connections = this.#connections;
    connections.check(connection);
    assert(connections.writing[connection] === table.WRITABLE, "sends after shutdown");
    assert(this.buffers.references(buffer) > 0, "sends a buffer that nobody holds");
    const first = this.buffers.startOf(buffer);
    assert(
      start >= first && start <= end && end <= first + this.buffers.bufferBytes,
      "sends bytes outside their buffer",
    );
    this.#parts.queues.append(connection, buffer, start, end);
    connections.touch(connection);
  }

  unsentBytes(connection: number): number {
    this.#connections.check(connection);
    return this.#parts.queues.unsentBytes(connection);
  }

  unsentBuffers(connection: number): number {
    this.#connections.check(connection);
    return this.#parts.queues.unsentBuffers(connection);
  }

  resetOnExit(connection: number): void {
    const connections = this.#connections;
    connections.check(connection);
    assert(connections.writing[connection] === table.WRITABLE, "resets on exit after shutdown");
    if (connections.resetsOnExit[connection] === 1) return;
    connections.resetsOnExit[connection] = 1;
    setResetOnClose(connections.fd[connection]!);
  }

  shutdown(connection: number): void {
    const connections = this.#connections;
    connections.check(connection);
    if (connections.writing[connection] !== table.WRITABLE) return;
    connections.writing[connection] = table.FINISHING;
    connections.touch(connection);
  }

  close(connection: number): void {
    const connections = this.#connections;
    connections.check(connection);
    if (connections.resetsOnExit[connection] === 1) clearResetOnClose(connections.fd[connection]!);
    this.#leave(connection);
  }

  reset(connection: number): void {
    this.#connections.check(connection);
    setResetOnClose(this.#connections.fd[connection]!);
    this.#leave(connection);
  }

  detach(connection: number): void {
    const connections = this.#connections;
    connections.check(connection);
    assert(connections.phase[connection] === table.OPEN, "detaches a connection that is not connected");
    connections.phase[connection] = table.DETACHING;
    this.#cancelAll(connection);
    if (connections.operations[connection] === 0) connections.quiet.push(connection);
  }

  eachUnsent(connection: number, visit: (buffer: number, start: number, end: number) => void): void {
    this.#connections.checkDetached(connection);
    this.#parts.queues.each(connection, visit);
  }

  attach(connection: number): void {
    const connections = this.#connections;
    connections.checkDetached(connection);
    connections.phase[connection] = table.OPEN;
    if (connections.resetsOnExit[connection] === 1) setResetOnClose(connections.fd[connection]!);
    connections.touch(connection);
  }

  release(connection: number): void {
    this.#connections.checkDetached(connection);
    this.#leave(connection);
  }

  #leave(connection: number): void {
    const connections = this.#connections;
    const { operations, queues } = this.#parts;
    connections.phase[connection] = table.CLOSING;
    this.#cancelAll(connection);
    if ((connections.operations[connection]! & table.SEND_BIT) === 0) queues.drop(connection);
    operations.close(connections.fd[connection]!);
    connections.freeWhenQuiet(connection);
  }

  /** Cancels what the kernel holds of it; each operation completes. */
  #cancelAll(connection: number): void {
    const { operations } = this.#parts;
    const inKernel = this.#connections.operations[connection]!;
    if ((inKernel & table.CONNECT_BIT) !== 0) operations.cancel(operation.CONNECT, connection);
    if ((inKernel & table.RECEIVE_BIT) !== 0) operations.cancel(operation.RECEIVE, connection);
    if ((inKernel & table.ROOM_BIT) !== 0) operations.cancel(operation.ROOM, connection);
    if ((inKernel & table.SEND_BIT) !== 0) operations.cancel(operation.SEND, connection);
  }
}
