/**
 * Who is still alive: when each worker was last heard, and who has been silent for too long. Pure: the time
 * is an argument.
 *
 * Rules of this file:
 *  1. A pause of main itself (a suspended machine, a stopped process) is no worker's silence: what main could
 *     not hear does not count against anybody.
 */

export class Pulse {
  readonly #silenceMsMax: number;
  readonly #checkEveryMs: number;
  readonly #lastHeardMs: Map<number, number> = new Map();
  #lastCheckMs: number;

  constructor(options: { silenceMsMax: number; checkEveryMs: number; nowMs: number }) {
    this.#silenceMsMax = options.silenceMsMax;
    this.#checkEveryMs = options.checkEveryMs;
    this.#lastCheckMs = options.nowMs;
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

  /** To be called every `checkEveryMs`: the workers that have been silent for too long. */
  silent(nowMs: number): readonly number[] {
    const pausedMs = nowMs - this.#lastCheckMs - this.#checkEveryMs;
    this.#lastCheckMs = nowMs;
    if (pausedMs > this.#checkEveryMs) this.#forgive(pausedMs, nowMs);
    const silent: number[] = [];
    for (const [worker, heardMs] of this.#lastHeardMs) {
      if (nowMs - heardMs > this.#silenceMsMax) silent.push(worker);
    }
    return silent;
  }

  /** Main itself was away: messages may wait unread. */
  #forgive(pausedMs: number, nowMs: number): void {
    for (const [worker, heardMs] of this.#lastHeardMs) {
      this.heard(worker, Math.min(heardMs + pausedMs, nowMs));
    }
  }
}
