/**
 * A network in one process, for one engine under test or several: clients, backends, delays, pieces, faults
 * and time, all drawn from a seed, so that every run can be had again. Not a model of TCP: it gives what an
 * engine can see of one, at its worst.
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
import { type Address, parseAddress } from "../../src/base/address.ts";
import { Prng } from "../../src/base/prng.ts";
import type { IoFault, Port, PortEvents } from "../../src/engine/port.ts";
import { Schedule } from "./schedule.ts";
import { SimBackend } from "./sim-backend.ts";
import { SimPeer } from "./sim-peer.ts";
import { SimSocket } from "./sim-socket.ts";
import { type Surroundings, SimWorker } from "./sim-worker.ts";

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
  readonly prng: Prng;
  /** The first process; most tests need no other. */
  readonly worker: SimWorker;
  readonly #options: Required<Omit<SimOptions, "memory">>;
  readonly #schedule: Schedule;
  readonly #surroundings: Surroundings;
  readonly #workers: SimWorker[] = [];
  readonly #backends: Map<string, SimBackend> = new Map();
  readonly #queues: Map<string, SimSocket[]> = new Map();
  #nowMs = 0;
  #clientPort = 40_000;

  constructor(options: SimOptions = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.prng = new Prng(this.#options.seed);
    this.#schedule = new Schedule(this.prng);
    this.#surroundings = this.#makeSurroundings();
    this.worker = this.addWorker(options.memory);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Another process with a port of its own, in the same time and with the same peers. */
  addWorker(memory?: Uint8Array): SimWorker {
    const worker = new SimWorker(this.#surroundings, { ...this.#options, ...(memory && { memory }) });
    this.#workers.push(worker);
    return worker;
  }

  // The first process.

  get port(): Port {
    return this.worker.port;
  }

  /** See `SimWorker.openCount`. */
  get openCount(): number {
    return this.worker.openCount;
  }

  attach(events: PortEvents): void {
    this.worker.attach(events);
  }

  /** See `SimWorker.listen`. */
  listen(address: string): number {
    return this.worker.listen(address);
  }

  /** See `SimWorker.perform`. */
  perform<Value>(action: () => Value): Value {
    return this.worker.perform(action);
  }

  /** See `SimWorker.end`. */
  endProcess(): void {
    this.worker.end();
  }

  /** See `SimWorker.assertHolds`. */
  assertHolds(most: { connections: number; references: number }): void {
    this.worker.assertHolds(most);
  }

  // Peers.

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
    assert(from !== undefined, "a client's ip is an IPv4 address, or an IPv6 address in brackets");
    const socket = this.#makeSocket(from);
    this.#surroundings.later(() => {
      const queue = this.#queues.get(address);
      if (queue === undefined) {
        socket.peer.state = "refused";
        return;
      }
      queue.push(socket);
      for (const worker of this.#workers) worker.clientCame(queue);
    });
    return socket.peer;
  }

  // Time.

  /** Lets a peer do something after `ms` of virtual time. */
  after(ms: number, action: () => void): void {
    this.#schedule.at(this.#nowMs + ms, action);
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
    const nextMs = this.#nextTurnMs();
    if (nextMs <= this.#nowMs + ms) this.#runTurn(nextMs);
    else this.#nowMs += ms;
    return this;
  }

  /** Runs for `ms` of virtual time, with the engines' deadlines. */
  advance(ms: number): this {
    const untilMs = this.#nowMs + ms;
    for (let idleTurns = 0; ;) {
      const nextMs = this.#nextTurnMs();
      if (nextMs > untilMs) break;
      idleTurns = nextMs === this.#nowMs && this.#schedule.nextMs > nextMs ? idleTurns + 1 : 0;
      assert(idleTurns < IDLE_TURNS_MAX, "the engine asks for a turn at once, again and again");
      this.#runTurn(nextMs);
    }
    this.#nowMs = untilMs;
    return this;
  }

  #nextTurnMs(): number {
    const deadlines = this.#workers.map(({ deadlineMs }) => deadlineMs);
    return Math.max(this.#nowMs, Math.min(this.#schedule.nextMs, ...deadlines));
  }

  /** A turn of every process at once: what one asked in it reaches the others in their next. */
  #runTurn(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
    const most = this.#options.pieces === "whole" ? Infinity : this.prng.between(1, 8);
    const workers = this.#workers.filter(({ isAlive }) => isAlive);
    for (const worker of workers) worker.beginTurn();
    for (let count = 0; count < most; count++) {
      const happen = this.#schedule.takeDue(this.#nowMs);
      if (happen === undefined) break;
      happen();
    }
    for (const worker of workers) worker.endTurn();
  }

  #startConnecting(address: Address, arrived: (outcome: "connected" | IoFault) => void): SimSocket {
    const backend = this.#backends.get(address.text);
    const socket = this.#makeSocket(address);
    if (backend !== undefined) backend.attempts++;
    this.#surroundings.later(() => {
      const mode = backend?.mode ?? "refused";
      if (mode === "silent" || !socket.isHeld) return;
      if (mode !== "accepts") return arrived(mode);
      socket.peer.state = "open";
      backend?.connections.push(socket.peer);
      backend?.onConnection?.(socket.peer);
      arrived("connected");
    });
    return socket;
  }

  #makeSocket(address: Address): SimSocket {
    const peer: SimPeer = new SimPeer(address, {
      sends: () => socket.peerSends(),
      reads: () => socket.wake(),
    });
    const socket = new SimSocket(this.#surroundings, peer);
    return socket;
  }

  #makeSurroundings(): Surroundings {
    const now = (): number => this.#nowMs;
    return {
      prng: this.prng,
      socketBytes: this.#options.socketBytes,
      get nowMs() {
        return now();
      },
      later: (happen) =>
        this.#schedule.at(this.#nowMs + this.prng.between(0, this.#options.latencyMsMax), happen),
      pieceOf: (bytes) => this.#pieceOf(bytes),
      startConnecting: (address, arrived) => this.#startConnecting(address, arrived),
      queueAt: (address) => this.#queueAt(address),
    };
  }

  #queueAt(address: string): SimSocket[] {
    const queue = this.#queues.get(address) ?? [];
    this.#queues.set(address, queue);
    return queue;
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
