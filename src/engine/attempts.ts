/**
 * The attempts of one exchange to be served by its cluster: which backend is tried now, which ones were, and
 * where its client's cookie leads. It counts the use of the cluster and of the backend at work. When to try
 * again is decided in `endings.ts`.
 *
 * Rule of this file: used again from a pool, so `end` leaves nothing of the last exchange behind.
 */
import { assert } from "../base/assert.ts";
import type { StickyValue } from "../balancing/sticky.ts";
import type { Head } from "../http/head.ts";
import type { BackendRuntime, IdleConnection } from "./runtime/backend.ts";
import type { ClusterRuntime } from "./runtime/cluster.ts";
import type { Use, UsedObject } from "./use.ts";

export class Attempts<Connection extends IdleConnection> {
  #cluster: ClusterRuntime<Connection> | undefined;
  #backend: BackendRuntime<Connection> | undefined;
  readonly #ruledOut: BackendRuntime<Connection>[] = [];
  /** What the client's cookie says of the backend that it comes back to, where sessions are sticky. */
  #stickyValue: StickyValue<BackendRuntime<Connection>> | undefined;
  #made = 0;

  /** The cluster that serves the exchange, from `begin` to `end`. */
  get cluster(): ClusterRuntime<Connection> | undefined {
    return this.#cluster;
  }

  /** The backend that is tried now. */
  get backend(): BackendRuntime<Connection> | undefined {
    return this.#backend;
  }

  /** How many were made, those included for which there was no backend. */
  get made(): number {
    return this.#made;
  }

  /** What a response tells the client besides what the backend says: whole field lines. */
  get addedLines(): Uint8Array {
    return this.#cluster!.linesFor(this.#backend!, this.#stickyValue);
  }

  uses(use: Use): boolean {
    return this.#cluster?.use === use || this.#backend?.use === use;
  }

  /** What is counted of it. */
  get usedObjects(): readonly UsedObject[] {
    const cluster = this.#cluster!;
    const backend = this.#backend!;
    const id = cluster.configuration.cluster_id;
    return [
      { kind: "cluster", key: id, use: cluster.use },
      { kind: "backend", key: `${id} ${backend.id}`, use: backend.use },
    ];
  }

  /** Its request, with this head, is `cluster`'s. */
  begin(cluster: ClusterRuntime<Connection>, head: Head): void {
    assert(this.#cluster === undefined, "begins attempts before the last ones ended");
    this.#cluster = cluster;
    this.#stickyValue = cluster.stickyValueIn(head);
    cluster.use.begin();
  }

  /** Its request is `cluster`'s from now on. Attempts that were made count on. */
  moveTo(cluster: ClusterRuntime<Connection>, head: Head): void {
    assert(this.#backend === undefined, "moves to another cluster with a backend at work");
    cluster.use.begin();
    this.#cluster!.use.end();
    this.#cluster = cluster;
    this.#stickyValue = cluster.stickyValueIn(head);
  }

  /** Picks the backend to try next, and uses it; `undefined` if there is none. */
  next(now: number, balancingKey: number): BackendRuntime<Connection> | undefined {
    this.#made++;
    const backend = this.#cluster!.pick(now, balancingKey, this.#ruledOut, this.#stickyValue);
    this.#backend = backend;
    backend?.use.begin();
    return backend;
  }

  /** The backend at work is not picked again for this exchange. */
  ruleOut(): void {
    this.#ruledOut.push(this.#backend!);
  }

  /** Leaves the backend at work. */
  leave(): void {
    this.#backend?.use.end();
    this.#backend = undefined;
  }

  /** Leaves everything, also before anything began. */
  end(): void {
    this.leave();
    this.#cluster?.use.end();
    this.#cluster = undefined;
    this.#stickyValue = undefined;
    // Asked first, because setting a length is slow, and most requests try one backend.
    if (this.#ruledOut.length > 0) this.#ruledOut.length = 0;
    this.#made = 0;
  }
}
