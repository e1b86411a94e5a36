/**
 * The smallest engine: relays bytes between each client and one backend, with back-pressure, and nothing
 * else. For tests of what carries an engine; not a model of the real one.
 */
import type { Address } from "../../src/base/address.ts";
import type { IoFault, Port, PortEvents } from "../../src/engine/port.ts";

const UNSENT_BYTES_MAX = 65_536;

export class RelayEngine implements PortEvents {
  readonly faults: IoFault[] = [];
  readonly clients: string[] = [];
  stopped: readonly number[] = [];
  readonly #port: Port;
  readonly #backend: Address;
  readonly #other: Map<number, number> = new Map();
  readonly #ended: Set<number> = new Set();

  constructor(port: Port, backend: Address) {
    this.#port = port;
    this.#backend = backend;
  }

  turnStarts(): void {}

  turnEnds(): number {
    return Infinity;
  }

  accepted(_listener: number, front: number, ip: string, port: number): void {
    this.clients.push(`${ip}:${port}`);
    const back = this.#port.connect(this.#backend);
    if (back === -1) {
      this.#port.reset(front);
      return;
    }
    this.#other.set(front, back).set(back, front);
  }

  acceptingStopped(listener: number): void {
    this.stopped = [...this.stopped, listener];
  }

  connected(back: number): void {
    this.#port.receive(back);
    this.#port.receive(this.#other.get(back)!);
  }

  received(from: number, buffer: number, start: number, end: number): void {
    const to = this.#other.get(from)!;
    this.#port.send(to, buffer, start, end);
    if (this.#port.unsentBytes(to) > UNSENT_BYTES_MAX) this.#port.pause(from);
  }

  sent(to: number): void {
    const from = this.#other.get(to)!;
    if (this.#ended.has(from) && this.#ended.has(to)) this.#closePair(from, to);
    else if (!this.#ended.has(from) && this.#port.unsentBytes(to) < UNSENT_BYTES_MAX)
      this.#port.receive(from);
  }

  ended(from: number): void {
    const to = this.#other.get(from)!;
    this.#ended.add(from);
    this.#port.shutdown(to);
    if (this.#ended.has(to)) this.#closePair(from, to);
  }

  failed(connection: number, fault: IoFault): void {
    this.faults.push(fault);
    const other = this.#other.get(connection)!;
    this.#port.close(connection);
    this.#port.reset(other);
    this.#forget(connection, other);
  }

  detached(): void {
    throw new Error("detaches nothing");
  }

  /**
   * Both ends are told; what is unsent would be lost by a close now, so each side is closed when it is empty.
   */
  #closePair(one: number, other: number): void {
    if (this.#port.unsentBytes(one) > 0 || this.#port.unsentBytes(other) > 0) return;
    this.#port.close(one);
    this.#port.close(other);
    this.#forget(one, other);
  }

  #forget(one: number, other: number): void {
    for (const connection of [one, other]) {
      this.#other.delete(connection);
      this.#ended.delete(connection);
    }
  }
}
