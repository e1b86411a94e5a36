/**
 * What workers have counted, kept by main: each worker's last word, and the sum of those that are gone, so
 * that a counter never goes back when a worker is replaced.
 *
 * Rules of this file:
 *  1. What was told once is never lost: who is gone is counted with its last word.
 *  2. A worker's number may be given again: its next one begins at nothing.
 */
import { addTotals } from "../../metrics/sum.ts";
import type { MetricValues } from "../../model/metric-values.ts";

export class WorkerTotals {
  readonly #present: Map<number, MetricValues> = new Map();
  #former: MetricValues;

  /** `former`: what the main before us knew of workers that are gone. */
  constructor(former: MetricValues = {}) {
    this.#former = former;
  }

  /** A worker tells what it has counted. */
  told(worker: number, values: MetricValues): void {
    this.#present.set(worker, values);
  }

  /** A worker is gone. */
  left(worker: number): void {
    this.#former = addTotals(this.#former, this.#present.get(worker) ?? {});
    this.#present.delete(worker);
  }

  /** By worker, as each told last. */
  get workers(): ReadonlyMap<number, MetricValues> {
    return this.#present;
  }

  /** Of all that are gone. */
  get former(): MetricValues {
    return this.#former;
  }
}
