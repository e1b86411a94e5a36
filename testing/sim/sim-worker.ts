/**
 * One process in the simulated network: a port with memory of its own, the engine that asks through it, and
 * its copies of listening sockets. Time, peers and what is on its way belong to the network around it.
 */
import { assert } from "../../src/base/assert.ts";
import { type Address, formatIp } from "../../src/base/address.ts";
import { BufferPool } from "../../src/base/buffer-pool.ts";
import type { Prng } from "../../src/base/prng.ts";
import type { IoFault, Port, PortEvents } from "../../src/engine/port.ts";
import { mayReceive, SimConnection, type World } from "./sim-connection.ts";
import { SimListener } from "./sim-listener.ts";
import { SimPort } from "./sim-port.ts";
import { SimDescriptor, type SimSocket, type Wire } from "./sim-socket.ts";

/** What a process needs from the network. */
export interface Surroundings extends Wire {
  readonly prng: Prng;
  readonly nowMs: number;
  /** A socket to `address`; `arrived` is called when it is clear what became of it, if it ever is. */
  startConnecting(address: Address, arrived: (outcome: "connected" | IoFault) => void): SimSocket;
  /** The queue of the listening socket at `address`. */
  queueAt(address: string): SimSocket[];
}

export interface WorkerLimits {
  readonly connectionsMax: number;
  readonly buffers: number;
  readonly bufferBytes: number;
  /** Where the buffers lie; default a new array. */
  readonly memory?: Uint8Array;
}

export class SimWorker {
  readonly port: Port;
  readonly #around: Surroundings;
  readonly #port: SimPort;
  readonly #world: World;
  readonly #listeners: SimListener[] = [];
  readonly #starved: Set<SimConnection> = new Set();
  #events: PortEvents | undefined;
  #state: "outside" | "inside" | "ended" = "outside";
  #deadlineMs = Infinity;

  constructor(around: Surroundings, limits: WorkerLimits) {
    this.#around = around;
    const { buffers: count, bufferBytes, connectionsMax } = limits;
    const memory = limits.memory ?? new Uint8Array(BufferPool.bytesFor(count, bufferBytes));
    const buffers = new BufferPool(memory, { count, bufferBytes });
    this.#world = this.#makeWorld(buffers);
    this.#port = this.#makePort(buffers, connectionsMax);
    this.port = this.#port;
  }

  /** Connection numbers in the engine's hands. */
  get openCount(): number {
    return this.#port.openCount;
  }

  /** When the engine wants its next turn; `Infinity` for a process that is over. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  attach(events: PortEvents): void {
    this.#events = events;
  }

  /**
   * A copy of the listening socket at `address`, for `bindListener`. The queue of an earlier copy, or of
   * another process's, is found again.
   */
  listen(address: string): number {
    const queue = this.#around.queueAt(address);
    const listener = new SimListener(this.#listeners.length, queue, (one) => this.#acceptNext(one));
    this.#listeners.push(listener);
    return listener.number;
  }

  /**
   * Does something to the engine in a turn of its own, as the worker does with orders. After `end` there is
   * no turn, and the port refuses everything.
   */
  perform<Value>(action: () => Value): Value {
    if (!this.isAlive) return action();
    this.beginTurn();
    const value = action();
    this.endTurn();
    return value;
  }

  /**
   * A duplicate of a detached connection's descriptor, on its way to another process. To be adopted or
   * closed.
   */
  duplicateOf(connection: number): SimDescriptor {
    return new SimDescriptor(this.#port.detachedSocket(connection));
  }

  /** Takes a descriptor that arrived; its number, or -1 when none is free: then it stays the caller's. */
  adoptConnection(descriptor: SimDescriptor): number {
    const number = this.#port.takeNumber();
    if (number === -1) return -1;
    const { socket } = descriptor;
    socket.resetsOnClose = false;
    this.#port.adopt(new SimConnection(this.#world, { number, socket, state: "open" }));
    descriptor.close();
    return number;
  }

  /** The process dies without a word, and nothing is told to its engine any more: peers see what is left. */
  end(): void {
    assert(this.#state === "outside", "ends within a turn, or twice");
    this.#state = "ended";
    this.#deadlineMs = Infinity;
    this.#port.endAll();
    for (const listener of this.#listeners) listener.state = "closed";
  }

  /** Asserts that the engine holds so many connections, and at most so many references of buffers. */
  assertHolds(most: { connections: number; references: number }): void {
    const { buffers } = this.#port;
    let references = 0;
    for (let buffer = 0; buffer < buffers.count; buffer++) references += buffers.references(buffer);
    assert(
      references <= most.references,
      `${references} references of buffers are held, not ${most.references}`,
    );
    assert(
      this.openCount === most.connections,
      `${this.openCount} connections are open, not ${most.connections}`,
    );
  }

  // For the network.

  get isAlive(): boolean {
    return this.#state !== "ended";
  }

  beginTurn(): void {
    assert(
      this.#state === "outside",
      "a turn within a turn: let peers send, and let the test run the network",
    );
    const { events } = this.#world;
    this.#state = "inside";
    events.turnStarts(this.#around.nowMs);
  }

  endTurn(): void {
    const deadlineMs = this.#world.events.turnEnds();
    this.#state = "outside";
    assert(!Number.isNaN(deadlineMs), "turnEnds gives a time or Infinity");
    this.#deadlineMs = deadlineMs;
    if (this.#port.beginAsked() > 0) for (const listener of this.#listeners) listener.wake();
    this.#feedStarved();
  }

  /** A client is new in this queue. */
  clientCame(queue: readonly SimSocket[]): void {
    for (const listener of this.#listeners) if (listener.queue === queue) this.#acceptNext(listener);
  }

  #feedStarved(): void {
    if (this.#starved.size === 0 || !mayReceive(this.#port.buffers)) return;
    const starved = [...this.#starved];
    this.#starved.clear();
    for (const connection of starved) connection.wake();
  }

  #acceptNext(listener: SimListener): void {
    if (listener.state !== "accepting" && listener.state !== "stopping") return;
    this.#around.later(() => this.#accept(listener));
  }

  #accept(listener: SimListener): void {
    if (listener.state !== "accepting" && listener.state !== "stopping") return;
    const number = listener.queue.length > 0 ? this.#port.takeNumber() : -1;
    const socket = number === -1 ? undefined : listener.queue.shift();
    if (socket !== undefined) {
      const { peer } = socket;
      peer.state = "open";
      this.#port.adopt(new SimConnection(this.#world, { number, socket, state: "open" }));
      this.#world.events.accepted(listener.number, number, formatIp(peer.address.ip), peer.address.port);
      this.#acceptNext(listener);
    } else if (listener.state === "stopping" && listener.queue.length === 0) {
      listener.state = "closed";
      this.#world.events.acceptingStopped(listener.number);
    }
  }

  #connect(number: number, address: Address): SimConnection {
    const socket = this.#around.startConnecting(address, (outcome) => {
      if (connection.state !== "connecting") return;
      if (outcome !== "connected") return connection.fail(outcome);
      connection.state = "open";
      this.#world.events.connected(number);
      connection.wake();
    });
    const connection = new SimConnection(this.#world, { number, socket, state: "connecting" });
    return connection;
  }

  #makeWorld(buffers: BufferPool): World {
    const around = this.#around;
    const engine = (): PortEvents => {
      assert(this.#events !== undefined, "attach an engine before the network runs");
      return this.#events;
    };
    return {
      buffers,
      socketBytes: around.socketBytes,
      get events() {
        return engine();
      },
      later: (happen) => around.later(happen),
      pieceOf: (bytes) => around.pieceOf(bytes),
      racesPause: () => around.prng.chance(0.5),
      starves: (connection) => void this.#starved.add(connection),
    };
  }

  #makePort(buffers: BufferPool, connectionsMax: number): SimPort {
    const isInside = (): boolean => this.#state === "inside";
    return new SimPort(
      {
        get inTurn() {
          return isInside();
        },
        startConnecting: (number, address) => this.#connect(number, address),
        findListener: (listener) => this.#listeners[listener],
      },
      { buffers, connectionsMax },
    );
  }
}
