/**
 * A network in one process, for one engine under test: clients, backends, delays, pieces, faults and time,
 * all drawn from a seed, so that every run can be had again. Not a model of TCP: it gives what an engine can
 * see of one, at its worst.
 *
 * ```ts
 *  const net = new SimNetwork({ seed: 1 });
 *  const engine = new Engine({ port: net.port, … });
 *  net.attach(engine);
 *  net.perform(() => engine.bindListener("127.0.0.1:80", net.listen("127.0.0.1:80")));
 *  const backend = net.backend("10.0.0.1:9000");
 *  const client = net.client("127.0.0.1:80").send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
 *  net.settle();
 *  backend.connections[0]!.received;
 * ```
 */
import { assert } from "../../src/base/assert.ts";
import { type Address, formatIp, parseAddress } from "../../src/base/address.ts";
import { BufferPool } from "../../src/base/buffer-pool.ts";
import { Prng } from "../../src/base/prng.ts";
import type { Port, PortEvents } from "../../src/engine/port.ts";
import { Schedule } from "./schedule.ts";
import { SimBackend } from "./sim-backend.ts";
import { mayReceive, SimConnection, type World } from "./sim-connection.ts";
import { SimListener } from "./sim-listener.ts";
import { SimPeer } from "./sim-peer.ts";
import { SimPort } from "./sim-port.ts";

export interface SimOptions {
  readonly seed?: number;
  /** How bytes are cut: as sent, in single bytes, or in pieces of any size down to one byte. */
  readonly pieces?: "whole" | "bytes" | "random";
  /** Each step of each byte takes 0 to so many milliseconds. */
  readonly latencyMsMax?: number;
  readonly connectionsMax?: number;
  readonly buffers?: number;
  readonly bufferBytes?: number;
  /** What the kernel holds for a peer that does not read. */
  readonly socketBytes?: number;
  /** Where the buffers lie; default a new array. */
  readonly memory?: Uint8Array;
}

const DEFAULTS = {
  seed: 1,
  pieces: "whole",
  latencyMsMax: 0,
  connectionsMax: 64,
  buffers: 256,
  bufferBytes: 16_384,
  socketBytes: 65_536,
} as const satisfies Required<Omit<SimOptions, "memory">>;

/**
 * So many turns in which nothing happened, at one moment: the engine asks for the next one again and again.
 */
const IDLE_TURNS_MAX = 1_000;
/** So many turns without coming to rest are taken for a loop. */
const TURNS_MAX = 5_000_000;

export class SimNetwork {
  readonly port: Port;
  readonly prng: Prng;
  readonly #options: Required<Omit<SimOptions, "memory">>;
  readonly #port: SimPort;
  readonly #schedule: Schedule;
  readonly #world: World;
  readonly #listeners: SimListener[] = [];
  readonly #backends: Map<string, SimBackend> = new Map();
  readonly #queues: Map<string, SimPeer[]> = new Map();
  readonly #byPeer: Map<SimPeer, SimConnection> = new Map();
  readonly #starved: Set<SimConnection> = new Set();
  #events: PortEvents | undefined;
  #nowMs = 0;
  #deadlineMs = Infinity;
  #turn: "outside" | "inside" = "outside";
  #clientPort = 40_000;

  constructor(options: SimOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    const { buffers: count, bufferBytes, connectionsMax, seed } = this.#options;
    this.prng = new Prng(seed);
    this.#schedule = new Schedule(this.prng);
    const memory = options.memory ?? new Uint8Array(BufferPool.bytesFor(count, bufferBytes));
    const buffers = new BufferPool(memory, { count, bufferBytes });
    this.#world = this.#makeWorld(buffers);
    this.#port = this.#makePort(buffers, connectionsMax);
    this.port = this.#port;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Connection numbers in the engine's hands. */
  get openCount(): number {
    return this.#port.openCount;
  }

  attach(events: PortEvents): void {
    this.#events = events;
  }

  /**
   * A copy of the listening socket at `address`, for `bindListener`. The queue of an earlier copy is found
   * again.
   */
  listen(address: string): number {
    const queue = this.#queues.get(address) ?? [];
    this.#queues.set(address, queue);
    const listener = new SimListener(this.#listeners.length, queue, (one) => this.#acceptNext(one));
    this.#listeners.push(listener);
    return listener.number;
  }

  /** Nothing listens there any more: new clients are refused. */
  unlisten(address: string): void {
    this.#queues.delete(address);
  }

  /** What answers at `address`; made on first use. An address that was never named here refuses. */
  backend(address: string): SimBackend {
    const known = this.#backends.get(address);
    if (known !== undefined) return known;
    const backend = new SimBackend();
    this.#backends.set(address, backend);
    return backend;
  }

  /** A client that connects to `address`. */
  client(address: string, options: { ip?: string } = {}): SimPeer {
    const from = parseAddress(`${options.ip ?? "192.0.2.1"}:${this.#clientPort++}`);
    assert(from !== undefined, "a client's ip is an IPv4 address");
    const peer = this.#makePeer(from);
    this.#world.later(() => {
      const queue = this.#queues.get(address);
      if (queue === undefined) {
        peer.state = "refused";
        return;
      }
      queue.push(peer);
      for (const listener of this.#listeners) if (listener.queue === queue) this.#acceptNext(listener);
    });
    return peer;
  }

  /** Lets a peer do something after `ms` of virtual time. */
  after(ms: number, action: () => void): void {
    this.#schedule.at(this.#nowMs + ms, action);
  }

  /** The engine's process dies without a word, and nothing is told to it any more: peers see what is left. */
  endProcess(): void {
    this.#port.endAll();
    for (const listener of this.#listeners) listener.state = "closed";
  }

  /** Does something to the engine in a turn of its own, as the worker does with orders. */
  perform<Value>(action: () => Value): Value {
    let value: Value;
    this.#inTurn(() => (value = action()));
    return value!;
  }

  /** Runs until nothing is on its way. Time passes only as far as what is on its way needs it. */
  settle(): this {
    for (let turns = 0; this.#schedule.size > 0; turns++) {
      assert(turns < TURNS_MAX, "the network never comes to rest");
      this.#runTurn(this.#schedule.nextMs);
    }
    return this;
  }

  /** Runs the next turn, if one is due within `ms`; else lets that time pass. */
  step(ms: number): this {
    const nextMs = Math.max(this.#nowMs, Math.min(this.#schedule.nextMs, this.#deadlineMs));
    if (nextMs <= this.#nowMs + ms) this.#runTurn(nextMs);
    else this.#nowMs += ms;
    return this;
  }

  /** Runs for `ms` of virtual time, with the engine's deadlines. */
  advance(ms: number): this {
    const untilMs = this.#nowMs + ms;
    for (let idleTurns = 0; ;) {
      const nextMs = Math.max(this.#nowMs, Math.min(this.#schedule.nextMs, this.#deadlineMs));
      if (nextMs > untilMs) break;
      idleTurns = nextMs === this.#nowMs && this.#schedule.nextMs > nextMs ? idleTurns + 1 : 0;
      assert(idleTurns < IDLE_TURNS_MAX, "the engine asks for a turn at once, again and again");
      this.#runTurn(nextMs);
    }
    this.#nowMs = untilMs;
    return this;
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

  #runTurn(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    const most = this.#options.pieces === "whole" ? Infinity : this.prng.between(1, 8);
    this.#inTurn(() => {
      for (let count = 0; count < most; count++) {
        const happen = this.#schedule.takeDue(this.#nowMs);
        if (happen === undefined) break;
        happen();
      }
    });
  }

  #inTurn(action: () => void): void {
    assert(
      this.#turn === "outside",
      "a turn within a turn: let peers send, and let the test run the network",
    );
    const events = this.#world.events;
    this.#turn = "inside";
    events.turnStarts(this.#nowMs);
    action();
    const deadlineMs = events.turnEnds();
    this.#turn = "outside";
    assert(!Number.isNaN(deadlineMs), "turnEnds gives a time or Infinity");
    this.#deadlineMs = deadlineMs;
    if (this.#port.beginAsked() > 0) for (const listener of this.#listeners) listener.wake();
    this.#feedStarved();
  }

  #feedStarved(): void {
    if (this.#starved.size === 0 || !mayReceive(this.#port.buffers)) return;
    const starved = [...this.#starved];
    this.#starved.clear();
    for (const connection of starved) connection.wake();
  }

  #acceptNext(listener: SimListener): void {
    if (listener.state !== "accepting" && listener.state !== "stopping") return;
    this.#world.later(() => this.#accept(listener));
  }

  #accept(listener: SimListener): void {
    if (listener.state !== "accepting" && listener.state !== "stopping") return;
    const number = listener.queue.length > 0 ? this.#port.takeNumber() : -1;
    const peer = number === -1 ? undefined : listener.queue.shift();
    if (peer !== undefined) {
      peer.state = "open";
      const connection = this.#join(peer, number, "open");
      this.#port.adopt(connection);
      const { ip, port } = peer.address;
      this.#world.events.accepted(listener.number, number, formatIp(ip), port);
      this.#acceptNext(listener);
    } else if (listener.state === "stopping" && listener.queue.length === 0) {
      listener.state = "closed";
      this.#world.events.acceptingStopped(listener.number);
    }
  }

  #connect(number: number, address: Address): SimConnection {
    const backend = this.#backends.get(address.text);
    const peer = this.#makePeer(address);
    const connection = this.#join(peer, number, "connecting");
    if (backend !== undefined) backend.attempts++;
    this.#world.later(() => {
      if (connection.state !== "connecting") return;
      const mode = backend?.mode ?? "refused";
      if (mode === "silent") return;
      if (mode !== "accepts") {
        connection.fail(mode);
        return;
      }
      peer.state = "open";
      connection.state = "open";
      backend?.connections.push(peer);
      backend?.onConnection?.(peer);
      this.#world.events.connected(number);
      connection.wake();
    });
    return connection;
  }

  #join(peer: SimPeer, number: number, state: "connecting" | "open"): SimConnection {
    const connection = new SimConnection(this.#world, { number, peer, state });
    this.#byPeer.set(peer, connection);
    return connection;
  }

  #makePeer(address: Address): SimPeer {
    const peer: SimPeer = new SimPeer(address, {
      sends: () => this.#byPeer.get(peer)?.peerSends(),
      reads: () => this.#byPeer.get(peer)?.peerReads(),
    });
    return peer;
  }

  #makeWorld(buffers: BufferPool): World {
    const engine = (): PortEvents => {
      assert(this.#events !== undefined, "attach an engine before the network runs");
      return this.#events;
    };
    return {
      buffers,
      socketBytes: this.#options.socketBytes,
      get events() {
        return engine();
      },
      later: (happen) =>
        this.#schedule.at(this.#nowMs + this.prng.between(0, this.#options.latencyMsMax), happen),
      pieceOf: (bytes) => this.#pieceOf(bytes),
      racesPause: () => this.prng.chance(0.5),
      starves: (connection) => void this.#starved.add(connection),
    };
  }

  #makePort(buffers: BufferPool, connectionsMax: number): SimPort {
    const isInside = (): boolean => this.#turn === "inside";
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

  #pieceOf(bytes: number): number {
    switch (this.#options.pieces) {
      case "whole":
        return bytes;
      case "bytes":
        return 1;
      case "random":
        return this.prng.chance(0.2) ? 1 : this.prng.between(1, bytes);
    }
  }
}
