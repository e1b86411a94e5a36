/**
 * Clients from the queue of a removed listener that have not asked yet: the kernel took them while it stood,
 * and each gets its answer. Until then they use it, so that its drain is over only when they are. What they
 * ask is counted by its exchange.
 */
import type { Use } from "./use.ts";

export class QueuedClients {
  readonly #uses = new Map<number, Use>();

  accepted(connection: number, use: Use): void {
    use.begin();
    this.#uses.set(connection, use);
  }

  /** Its first request is read and counted, or it is gone. Costs nothing where there are none. */
  left(connection: number): void {
    if (this.#uses.size === 0) return;
    this.#uses.get(connection)?.end();
    this.#uses.delete(connection);
  }

  uses(connection: number, use: Use): boolean {
    return this.#uses.get(connection) === use;
  }
}
