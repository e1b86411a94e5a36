/**
 * The listening sockets: main opens one per listener and keeps it for as long as the listener stands, so the
 * kernel's queue outlives every worker. Workers get duplicates.
 *
 * ```text
 *  prepared ──publish──▶ open ──retire──▶ leaving ──all workers emptied the queue──▶ closed
 *     └──cancel──▶ closed  ▲                 │
 *                          └─────publish─────┘   a listener that comes back takes its socket back
 * ```
 *
 * Rules of this file:
 *  1. Between `retire` and the close nothing that the kernel has accepted is lost: first no new connection is
 *     let in, then handshakes under way get their time, then every worker empties the queue, and only then is
 *     it closed.
 *  2. A socket that outlives us (a service manager's) is left as we found it when we stop: what comes waits
 *     in its queue for who is started next.
 *  3. A worker owes one `unlistened` for each `unlisten`; a worker that is gone owes nothing.
 */
import { assert } from "../base/assert.ts";
import { ok, type Result } from "../base/result.ts";
import type { OrderError } from "../model/errors.ts";

/** Opens sockets, and filters new connections. `sys` in the process, something else in tests. */
export interface ListeningSockets {
  open(address: string): Result<number, OrderError>;
  refuseNew(fd: number): void;
  takeNew(fd: number): void;
  close(fd: number): void;
  /** Whether somebody else keeps the socket at this address open after us, and its queue with it. */
  outlivesUs(address: string): boolean;
  /** All that others keep take new connections, also those whose listener was removed. */
  giveBack(): void;
}

/** The workers, as far as listeners need them. */
export interface ListenerWorkers {
  /** Hands a duplicate of `fd` to each worker that accepts. */
  listen(address: string, fd: number): void;
  /**
   * Asks them to empty the queue and close their duplicates; returns who was asked. `atStop`: though the
   * listener was not removed.
   */
  unlisten(address: string, atStop: boolean): readonly number[];
}

interface Entry {
  readonly fd: number;
  state: "prepared" | "open" | "leaving";
  /** Calls back when the socket is closed or taken back. */
  readonly waiting: (() => void)[];
  /** How many `unlistened` each worker owes; empty before they were asked. */
  readonly owed: Map<number, number>;
  cancelGrace: () => void;
}

export class Listeners {
  readonly #sockets: ListeningSockets;
  readonly #workers: ListenerWorkers;
  readonly #later: (action: () => void) => () => void;
  readonly #entries: Map<string, Entry> = new Map();

  /**
   * `later` calls back after the time that handshakes under way are given; what it returns calls that off.
   */
  constructor(options: {
    sockets: ListeningSockets;
    workers: ListenerWorkers;
    later: (action: () => void) => () => void;
  }) {
    this.#sockets = options.sockets;
    this.#workers = options.workers;
    this.#later = options.later;
  }

  /** Opens the socket of a listener that is about to be added, or finds the one that is leaving. */
  prepare(address: string): Result<void, OrderError> {
    if (this.#entries.has(address)) return ok(undefined);
    const opened = this.#sockets.open(address);
    if (!opened.ok) return opened;
    this.#entries.set(address, newEntry(opened.value, "prepared"));
    return ok(undefined);
  }

  /** The listener has this socket, of a main before us; workers accept on it already. */
  inherit(address: string, fd: number): void {
    assert(!this.#entries.has(address), "inherits a socket for a listener that has one");
    this.#sockets.takeNew(fd);
    this.#entries.set(address, newEntry(fd, "open"));
  }

  /** The socket of a listener, if it has one. */
  find(address: string): number | undefined {
    return this.#entries.get(address)?.fd;
  }

  /** True if none is on its way, in or out. */
  get isSettled(): boolean {
    return [...this.#entries.values()].every(({ state }) => state === "open");
  }

  /** The listener is not added after all. */
  cancel(address: string): void {
    const entry = this.#entries.get(address);
    if (entry?.state !== "prepared") return;
    this.#entries.delete(address);
    this.#sockets.close(entry.fd);
  }

  /** The listener was added: workers may accept. After the change went to them. */
  publish(address: string): void {
    const entry = this.#entries.get(address);
    assert(entry !== undefined && entry.state !== "open", "publishes a listener that is not prepared");
    if (entry.state === "leaving") this.#takeBack(entry, address);
    entry.state = "open";
    this.#workers.listen(address, entry.fd);
  }

  /**
   * The listener was removed. Calls `left` when nothing that was accepted is left in the queue and the
   * address is free.
   */
  retire(address: string, left: () => void): void {
    const entry = this.#entries.get(address);
    assert(entry?.state === "open", "retires a listener that is not open");
    this.#sockets.refuseNew(entry.fd);
    this.#leave(address, entry, left, { atStop: false });
  }

  /** A worker has emptied the queue. */
  unlistened(worker: number, address: string): void {
    const entry = this.#entries.get(address);
    if (entry === undefined) return;
    owe(entry, worker, -1);
    this.#closeIfLeft(address, entry);
  }

  /** A worker is gone: it owes nothing any more. */
  forgetWorker(worker: number): void {
    for (const [address, entry] of this.#entries) {
      if (entry.owed.delete(worker)) this.#closeIfLeft(address, entry);
    }
  }

  /** Every open listener, for a worker that begins to accept. */
  open(): readonly { readonly address: string; readonly fd: number }[] {
    return [...this.#entries].flatMap(([address, entry]) =>
      entry.state === "open" ? [{ address, fd: entry.fd }] : [],
    );
  }

  /** Removes all listeners from service, for a stop; fulfilled when all queues are empty. */
  async retireAll(): Promise<void> {
    this.#sockets.giveBack();
    await Promise.all(
      this.open().map(({ address }) => new Promise<void>((left) => this.#retireAtStop(address, left))),
    );
  }

  /** Closes everything at once, for a hard stop. */
  closeAll(): void {
    this.#sockets.giveBack();
    for (const entry of this.#entries.values()) {
      entry.cancelGrace();
      this.#sockets.close(entry.fd);
      tellAll(entry);
    }
    this.#entries.clear();
  }

  #leave(address: string, entry: Entry, left: () => void, { atStop }: { readonly atStop: boolean }): void {
    entry.state = "leaving";
    entry.waiting.push(left);
    entry.cancelGrace = this.#later(() => {
      for (const worker of this.#workers.unlisten(address, atStop)) owe(entry, worker, 1);
      this.#closeIfLeft(address, entry);
    });
  }

  #retireAtStop(address: string, left: () => void): void {
    const entry = this.#entries.get(address);
    assert(entry !== undefined, "no listener to stop");
    // Who is started next takes what is in its queue.
    if (this.#sockets.outlivesUs(address)) return this.#leave(address, entry, left, { atStop: false });
    this.#sockets.refuseNew(entry.fd);
    this.#leave(address, entry, left, { atStop: true });
  }

  /**
   * What is in the queue now belongs to the listener that comes back: the workers' old duplicates are emptied
   * all the same.
   */
  #takeBack(entry: Entry, address: string): void {
    this.#sockets.takeNew(entry.fd);
    entry.cancelGrace();
    if (entry.owed.size === 0)
      for (const worker of this.#workers.unlisten(address, false)) owe(entry, worker, 1);
    tellAll(entry);
  }

  #closeIfLeft(address: string, entry: Entry): void {
    if (entry.state !== "leaving" || entry.owed.size > 0) return;
    this.#entries.delete(address);
    this.#sockets.close(entry.fd);
    tellAll(entry);
  }
}

function newEntry(fd: number, state: Entry["state"]): Entry {
  return { fd, state, waiting: [], owed: new Map(), cancelGrace: () => undefined };
}

function owe(entry: Entry, worker: number, more: number): void {
  const owed = (entry.owed.get(worker) ?? 0) + more;
  if (owed > 0) entry.owed.set(worker, owed);
  else entry.owed.delete(worker);
}

function tellAll(entry: Entry): void {
  for (const tell of entry.waiting.splice(0)) tell();
}
