/**
 * I/O over Node's `net`, for every system, and wherever io_uring is forbidden. Same behaviour as `io/uring`,
 * slower.
 */
import type { Address } from "../../base/address.ts";
import { assert } from "../../base/assert.ts";
import { BufferPool } from "../../base/buffer-pool.ts";
import type { IoFault, Port, PortEvents } from "../../engine/port.ts";
import { mapRegion, type Region } from "../../sys/arena.ts";
import { clearResetOnClose } from "../../sys/stream-socket.ts";
import type { Io, IoLimits, IoWarning } from "../io.ts";
import { NodeConnection, type ConnectionTarget } from "./node-connection.ts";
import type { Origin } from "./node-socket.ts";
import { NodeListeners, type AcceptedTarget } from "./node-listeners.ts";
import { Turns } from "./turns.ts";
import { WriteQueue } from "./write-queue.ts";

/**
 * One buffer in so many is left to the engine when it is among the last free ones: it needs buffers to write
 * with.
 */
const RESERVE_SHARE = 8;

class NodePort implements Port, ConnectionTarget, AcceptedTarget {
  readonly buffers: BufferPool;
  readonly connectionsMax: number;
  readonly listeners: NodeListeners;
  readonly turns: Turns;
  readonly #memory: Buffer;
  readonly #reserve: number;
  readonly #connections: (NodeConnection | undefined)[];
  readonly #free: number[];
  readonly #touched = new Set<NodeConnection>();
  readonly #starved = new Set<NodeConnection>();

  constructor(limits: IoLimits, bytes: Uint8Array, warn: IoWarning) {
    this.buffers = new BufferPool(bytes, { count: limits.buffersMax, bufferBytes: limits.bufferBytes });
    this.connectionsMax = limits.connectionsMax;
    this.#memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#reserve = Math.floor(limits.buffersMax / RESERVE_SHARE);
    this.#connections = Array.from({ length: limits.connectionsMax }, () => undefined);
    this.#free = Array.from(
      { length: limits.connectionsMax },
      (_, index) => limits.connectionsMax - 1 - index,
    );
    this.listeners = new NodeListeners(this, warn);
    this.turns = new Turns({ beforeEnd: this.#beforeEnd, afterEnd: this.#afterEnd });
  }

  accept(listener: number): void {
    this.listeners.accept(listener);
  }

  pauseAccepting(listener: number): void {
    this.listeners.pause(listener);
  }

  stopAccepting(listener: number): void {
    this.listeners.stop(listener);
  }

  abandonListener(listener: number): void {
    this.listeners.abandon(listener);
  }

  connect(address: Address): number {
    return this.#add({ address });
  }

  receive(connection: number): void {
    this.#of(connection).receive();
  }

  pause(connection: number): void {
    this.#of(connection).pause();
  }

  send(connection: number, buffer: number, start: number, end: number): void {
    assert(this.buffers.references(buffer) > 0, "sends a buffer that nobody holds");
    const first = this.buffers.startOf(buffer);
    assert(
      start >= first && start <= end && end <= first + this.buffers.bufferBytes,
      "sends bytes outside their buffer",
    );
    const target = this.#of(connection);
    target.send(buffer, start, end);
    this.#touched.add(target);
  }

  unsentBytes(connection: number): number {
    return this.#of(connection).queue.unsentBytes;
  }

  unsentBuffers(connection: number): number {
    return this.#of(connection).queue.unsentBuffers;
  }

  resetOnExit(connection: number): void {
    this.#of(connection).resetOnExit();
  }

  shutdown(connection: number): void {
    const target = this.#of(connection);
    target.shutdown();
    this.#touched.add(target);
  }

  close(connection: number): void {
    this.#of(connection).close();
  }

  reset(connection: number): void {
    this.#of(connection).reset();
  }

  detach(connection: number): void {
    this.#of(connection).detach();
  }

  eachUnsent(connection: number, visit: (buffer: number, start: number, end: number) => void): void {
    this.#of(connection).eachUnsent(visit);
  }

  attach(connection: number): void {
    const target = this.#of(connection);
    target.attach();
    this.#touched.add(target);
  }

  release(connection: number): void {
    this.#of(connection).release();
  }

  descriptorOf(connection: number): number {
    return this.#of(connection).descriptor;
  }

  /** See `Io.adoptConnection`. */
  adopt(fd: number): number {
    if (this.#free.length === 0) return -1;
    clearResetOnClose(fd);
    return this.#add({ fd });
  }

  connected(connection: NodeConnection): void {
    this.#touched.add(connection);
    this.turns.open()?.connected(connection.number);
  }

  arrived(connection: NodeConnection, bytes: Uint8Array): number {
    const events = this.turns.open();
    const pool = this.buffers;
    let taken = 0;
    while (taken < bytes.length && connection.isReceiver && events !== undefined) {
      const buffer = pool.freeCount > this.#reserve ? pool.take() : -1;
      if (buffer < 0) {
        this.#starved.add(connection);
        break;
      }
      const start = pool.startOf(buffer);
      const part = bytes.subarray(taken, taken + pool.bufferBytes);
      pool.memory.set(part, start);
      taken += part.length;
      events.received(connection.number, buffer, start, start + part.length);
    }
    return taken;
  }

  sent(connection: NodeConnection): void {
    this.#touched.add(connection);
    this.turns.open()?.sent(connection.number);
  }

  ended(connection: NodeConnection): void {
    this.turns.open()?.ended(connection.number);
  }

  failed(connection: NodeConnection, fault: IoFault): void {
    this.turns.open()?.failed(connection.number, fault);
  }

  detached(connection: NodeConnection): void {
    this.turns.open()?.detached(connection.number);
  }

  gone(connection: NodeConnection): void {
    this.#connections[connection.number] = undefined;
    this.#free.push(connection.number);
    this.#starved.delete(connection);
    if (this.#free.length === 1) this.turns.wakeAt(0);
  }

  accepted(listener: number, origin: Origin, ip: string, port: number): boolean {
    const events = this.turns.open();
    const connection = events === undefined ? -1 : this.#add(origin);
    if (connection < 0) return false;
    events?.accepted(listener, connection, ip, port);
    return true;
  }

  acceptingStopped(listener: number): void {
    this.turns.open()?.acceptingStopped(listener);
  }

  wakeAt(atMs: number): void {
    this.turns.wakeAt(atMs);
  }

  closeAll(): void {
    this.listeners.closeAll();
    for (const connection of this.#connections) connection?.discard();
  }

  readonly #beforeEnd = (): void => {
    this.listeners.progress(this.turns.nowMs);
  };

  readonly #afterEnd = (): void => {
    for (const connection of this.#touched) connection.flush();
    this.#touched.clear();
    if (this.#starved.size > 0 && this.buffers.freeCount > this.#reserve) setImmediate(this.#feedStarved);
  };

  /** In a turn of its own: those that waited first come first. */
  readonly #feedStarved = (): void => {
    for (const connection of [...this.#starved]) {
      if (this.buffers.freeCount <= this.#reserve) return;
      this.#starved.delete(connection);
      connection.retryStash();
    }
  };

  #add(origin: Origin): number {
    const number = this.#free.pop();
    if (number === undefined) return -1;
    this.#connections[number] = new NodeConnection(
      number,
      origin,
      new WriteQueue(this.buffers, this.#memory),
      this,
    );
    return number;
  }

  #of(number: number): NodeConnection {
    const connection = this.#connections[number];
    assert(connection !== undefined, "names a connection that is not open");
    connection.check();
    return connection;
  }
}

class NodeIo implements Io {
  readonly name = "node";
  readonly port: NodePort;
  readonly memory: Region | undefined;

  constructor(limits: IoLimits, warn: IoWarning) {
    const byteLength = BufferPool.bytesFor(limits.buffersMax, limits.bufferBytes);
    this.memory = mapMemory(byteLength);
    this.port = new NodePort(limits, this.memory?.bytes ?? new Uint8Array(byteLength), warn);
  }

  adoptListener(fd: number): number {
    return this.port.listeners.adopt(fd);
  }

  descriptorOf(connection: number): number {
    return this.port.descriptorOf(connection);
  }

  adoptConnection(fd: number): number {
    return this.port.adopt(fd);
  }

  run(events: PortEvents): void {
    this.port.turns.start(events);
    this.port.turns.wakeAt(0);
  }

  perform(action: () => void): void {
    assert(this.port.turns.isStarted, "performs before it runs");
    if (this.port.turns.open() !== undefined) action();
  }

  stop(): void {
    this.port.turns.stop();
    this.port.closeAll();
  }
}

/** Always possible. */
export function openNodeIo(limits: IoLimits, warn: IoWarning): Io {
  return new NodeIo(limits, warn);
}

/** Node needs no addresses, but TLS does: its library reads and writes the buffers where they lie. */
function mapMemory(byteLength: number): Region | undefined {
  if (process.platform !== "linux") return undefined;
  const mapped = mapRegion(byteLength);
  return mapped.ok ? mapped.value : undefined;
}
