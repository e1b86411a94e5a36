/**
 * Who is still alive: when each worker was last heard, and who has been silent for too long. Pure: the time
 * is an argument.
 *
 * Rules of this file:
 *  1. A pause of main itself (a suspended machine, a stopped process) is no worker's silence: what main could
 *     not hear does not count against anybody.
 */

/** A look that is later than this was kept from it, as main was from what it would have heard. */
const LATE_MS_MAX = 200;
/** Between two looks, though somebody is nearly due. */
const LOOK_MS_MIN = 20;

export class Pulse {
  readonly #silenceMsMax: number;
  readonly #lookEveryMs: number;
  readonly #lastHeardMs: Map<number, number> = new Map();
  #nextLookMs: number;

  constructor(options: { silenceMsMax: number; lookEveryMs: number; nowMs: number }) {
    this.#silenceMsMax = options.silenceMsMax;
    this.#lookEveryMs = options.lookEveryMs;
    this.#nextLookMs = options.nowMs + options.lookEveryMs;
  }

  /** When `silent` is to be called: in `lookEveryMs` at the latest, and as soon as somebody can be silent. */
  get nextLookMs(): number {
    return this.#nextLookMs;
  }

  /**
   * A sign of life, or the first look at a new worker. A time to come is patience, and outlasts signs before
   * it.
   */
  heard(worker: number, nowMs: number): void {
    this.#lastHeardMs.set(worker, Math.max(nowMs, this.#lastHeardMs.get(worker) ?? nowMs));
  }

  forget(worker: number): void {
    this.#lastHeardMs.delete(worker);
  }

  /** To be called at `nextLookMs`: the workers that have been silent for too long. */
  silent(nowMs: number): readonly number[] {
    const lateMs = nowMs - this.#nextLookMs;
    if (lateMs > LATE_MS_MAX) this.#forgive(lateMs, nowMs);
    const silent: number[] = [];
    let firstDueMs = nowMs + this.#lookEveryMs;
    for (const [worker, heardMs] of this.#lastHeardMs) {
      const dueMs = heardMs + this.#silenceMsMax;
      if (nowMs >= dueMs) silent.push(worker);
      else firstDueMs = Math.min(firstDueMs, dueMs);
    }
    this.#nextLookMs = Math.max(firstDueMs, nowMs + LOOK_MS_MIN);
    return silent;
  }

  /** Main itself was away: messages may wait unread. */
  #forgive(pausedMs: number, nowMs: number): void {
    for (const [worker, heardMs] of this.#lastHeardMs) {
      this.heard(worker, Math.min(heardMs + pausedMs, nowMs));
    }
  }
}
