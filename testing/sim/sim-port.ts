/**
 * The engine's side of the simulated network: `Port`, with every rule of `src/engine/port.ts` asserted. It
 * moves nothing itself: what the engine asks for begins only after the turn in which it asked, as with a real
 * ring.
 */
import { assert } from "../../src/base/assert.ts";
import type { Address } from "../../src/base/address.ts";
import type { BufferPool } from "../../src/base/buffer-pool.ts";
import type { Port } from "../../src/engine/port.ts";
import type { SimConnection } from "./sim-connection.ts";
import type { SimListener } from "./sim-listener.ts";
import type { SimSocket } from "./sim-socket.ts";

/** What the port needs from the network behind it. */
export interface PortWorld {
  /** Whether a turn is under way: the engine may only ask within one. */
  readonly inTurn: boolean;
  startConnecting(number: number, address: Address): SimConnection;
  findListener(listener: number): SimListener | undefined;
}

export class SimPort implements Port {
  readonly buffers: BufferPool;
  readonly connectionsMax: number;
  readonly #world: PortWorld;
  readonly #connections: (SimConnection | undefined)[];
  readonly #freeNumbers: number[];
  readonly #closing: number[] = [];
  readonly #asked: Set<SimConnection | SimListener> = new Set();

  constructor(world: PortWorld, options: { buffers: BufferPool; connectionsMax: number }) {
    this.#world = world;
    this.buffers = options.buffers;
    this.connectionsMax = options.connectionsMax;
    this.#connections = Array.from({ length: options.connectionsMax }, () => undefined);
    this.#freeNumbers = Array.from(
      { length: options.connectionsMax },
      (_, index) => options.connectionsMax - 1 - index,
    );
  }

  /** How many numbers are in the engine's hands. */
  get openCount(): number {
    return this.#connections.filter((connection) => connection !== undefined).length;
  }

  /** Gives out a number, or -1. For the network. */
  takeNumber(): number {
    return this.#freeNumbers.pop() ?? -1;
  }

  /** Puts a connection under its number. For the network. */
  adopt(connection: SimConnection): void {
    this.#connections[connection.number] = connection;
  }

  /**
   * Begins what was asked for in the turn that ended; returns how many numbers it left free. For the network.
   */
  beginAsked(): number {
    const asked = [...this.#asked];
    this.#asked.clear();
    for (const one of asked) one.wake();
    // The number closed last is given out first: whoever still uses it is found out.
    const freed = this.#closing.splice(0);
    this.#freeNumbers.push(...freed);
    return freed.length;
  }

  /** The process dies: the kernel closes what it had. For the network. */
  endAll(): void {
    for (const open of this.#connections) open?.close("exit");
    this.#connections.fill(undefined);
    this.#asked.clear();
  }

  accept(listener: number): void {
    const found = this.#listener(listener, "accept");
    assert(found.state !== "stopping", "accepts on a listener that it asked to stop");
    found.state = "accepting";
    this.#asked.add(found);
  }

  pauseAccepting(listener: number): void {
    const found = this.#listener(listener, "pauseAccepting");
    assert(found.state !== "stopping", "pauses a listener that it asked to stop");
    found.state = "idle";
  }

  stopAccepting(listener: number): void {
    const found = this.#listener(listener, "stopAccepting");
    found.state = "stopping";
    this.#asked.add(found);
  }

  abandonListener(listener: number): void {
    this.#listener(listener, "abandonListener").state = "closed";
  }

  connect(address: Address): number {
    this.#assertInTurn("connect");
    assert(address.port > 0, "connects to port 0");
    const number = this.takeNumber();
    if (number === -1) return -1;
    this.adopt(this.#world.startConnecting(number, address));
    return number;
  }

  receive(connection: number): void {
    const open = this.#open(connection, "receive");
    assert(open.state !== "connecting", "receives before the connection is there");
    if (open.receiving !== "ended") open.receiving = "armed";
    this.#asked.add(open);
  }

  pause(connection: number): void {
    this.#open(connection, "pause").pause();
  }

  send(connection: number, buffer: number, start: number, end: number): void {
    const open = this.#open(connection, "send");
    const { buffers } = this;
    assert(
      Number.isInteger(buffer) && buffer >= 0 && buffer < buffers.count,
      "sends a buffer that does not exist",
    );
    assert(buffers.references(buffer) > 0, "sends a buffer that nobody holds");
    const first = buffers.startOf(buffer);
    assert(
      first <= start && start <= end && end <= first + buffers.bufferBytes,
      "sends bytes outside of the buffer",
    );
    assert(open.sending === "open", "sends after shutdown");
    open.queue(buffer, start, end);
    this.#asked.add(open);
  }

  unsentBytes(connection: number): number {
    return this.#find(connection, "unsentBytes").unsentBytes;
  }

  unsentBuffers(connection: number): number {
    return this.#find(connection, "unsentBuffers").unsentBuffers;
  }

  resetOnExit(connection: number): void {
    const open = this.#open(connection, "resetOnExit");
    assert(open.sending === "open", "resets on exit after shutdown");
    open.resetOnExit();
  }

  shutdown(connection: number): void {
    const open = this.#open(connection, "shutdown");
    assert(open.state !== "connecting", "shuts down before the connection is there");
    if (open.sending === "open") open.sending = "finishing";
    this.#asked.add(open);
  }

  close(connection: number): void {
    this.#end(connection, "close");
  }

  reset(connection: number): void {
    this.#end(connection, "reset");
  }

  detach(connection: number): void {
    const open = this.#open(connection, "detach");
    assert(open.state === "open", `detaches a connection that is ${open.state}`);
    open.detach();
    this.#asked.add(open);
  }

  eachUnsent(connection: number, visit: (buffer: number, start: number, end: number) => void): void {
    this.#detached(connection, "eachUnsent").eachUnsent(visit);
  }

  attach(connection: number): void {
    const detached = this.#detached(connection, "attach");
    detached.attach();
    this.#asked.add(detached);
  }

  release(connection: number): void {
    this.#detached(connection, "release");
    this.#end(connection, "exit");
  }

  /** What a detached connection's descriptor is of. For the network. */
  detachedSocket(connection: number): SimSocket {
    const found = this.#find(connection, "descriptorOf");
    assert(found.state === "detached", "gives away a connection that is not detached");
    return found.socket;
  }

  #detached(connection: number, what: string): SimConnection {
    const found = this.#open(connection, what);
    assert(found.state === "detached", `${what} on connection ${connection}, which is ${found.state}`);
    return found;
  }

  #end(connection: number, how: "close" | "reset" | "exit"): void {
    const open = this.#open(connection, how);
    open.close(how);
    this.#asked.delete(open);
    this.#connections[connection] = undefined;
    this.#closing.push(connection);
  }

  #open(connection: number, what: string): SimConnection {
    this.#assertInTurn(what);
    return this.#find(connection, what);
  }

  #find(connection: number, what: string): SimConnection {
    const open = this.#connections[connection];
    assert(open !== undefined, `${what} on connection ${connection}, which is not open`);
    return open;
  }

  #listener(listener: number, what: string): SimListener {
    this.#assertInTurn(what);
    const found = this.#world.findListener(listener);
    assert(
      found !== undefined && found.state !== "closed",
      `${what} on listener ${listener}, which is not open`,
    );
    return found;
  }

  #assertInTurn(what: string): void {
    assert(this.#world.inTurn, `${what} outside of a turn`);
  }
}
