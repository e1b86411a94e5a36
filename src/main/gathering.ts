/**
 * When has every worker applied it? Counts each worker's revision and tells those who wait for one. It knows
 * no sockets.
 *
 * Rules of this file:
 *  1. A worker counts from `join` (it has loaded a state and is about to accept) to `leave` (it is gone for
 *     good).
 *  2. Who waits is told in the order of the revisions, at the moment when the last worker that counts has
 *     applied it.
 *  3. Equal revision, equal hash. A worker whose hash differs has drifted: it decides by another
 *     configuration.
 */
import { assert } from "../base/assert.ts";

interface Wait {
  readonly revision: number;
  readonly tell: () => void;
}

export class Gathering {
  readonly #appliedRevisions: Map<number, number> = new Map();
  readonly #hashes: Map<number, string> = new Map();
  #waits: Wait[] = [];
  #waitsTold = 0;
  readonly #watchers: Set<() => void> = new Set();

  /** A worker counts from now on; it has applied `revision`. */
  join(worker: number, revision: number): void {
    assert(!this.#appliedRevisions.has(worker), "a worker joins twice");
    this.#appliedRevisions.set(worker, revision);
  }

  /** A worker is gone: nobody waits for it any more. */
  leave(worker: number): void {
    this.#appliedRevisions.delete(worker);
    this.#tell();
  }

  /** A change goes out to the workers; what their state's hash must be once they have applied it. */
  expect(revision: number, hash: string): void {
    if (this.#appliedRevisions.size > 0) this.#hashes.set(revision, hash);
  }

  /**
   * A worker has applied a revision. False: its hash is not the expected one. A worker that does not count is
   * only judged.
   */
  applied(worker: number, revision: number, hash: string): boolean {
    const expected = this.#hashes.get(revision);
    if (this.#appliedRevisions.has(worker)) {
      this.#appliedRevisions.set(worker, revision);
      this.#tell();
    }
    return expected === undefined || expected === hash;
  }

  /** Calls `tell` once all workers that count have applied `revision`: at once if they have. */
  when(revision: number, tell: () => void): void {
    assert(revision >= (this.#waits.at(-1)?.revision ?? 0), "waits for a revision older than the one before");
    this.#waits.push({ revision, tell });
    this.#tell();
  }

  /** Calls `look` whenever a worker has applied a revision, or is gone; gives how to stop that. */
  watch(look: () => void): () => void {
    this.#watchers.add(look);
    return () => this.#watchers.delete(look);
  }

  /** The newest revision that every worker has applied; `Infinity` while none counts. */
  get settledRevision(): number {
    let settled = Number.POSITIVE_INFINITY;
    for (const revision of this.#appliedRevisions.values()) settled = Math.min(settled, revision);
    return settled;
  }

  #tell(): void {
    const settled = this.settledRevision;
    for (const revision of this.#hashes.keys()) {
      if (revision >= settled) break;
      this.#hashes.delete(revision);
    }
    while (this.#waitsTold < this.#waits.length && this.#waits[this.#waitsTold]!.revision <= settled) {
      this.#waits[this.#waitsTold++]!.tell();
    }
    if (this.#waitsTold === this.#waits.length) [this.#waits, this.#waitsTold] = [[], 0];
    else if (this.#waitsTold > 1_024)
      [this.#waits, this.#waitsTold] = [this.#waits.slice(this.#waitsTold), 0];
    if (this.#watchers.size > 0) for (const look of [...this.#watchers]) look();
  }
}
