/**
 * The state for workers that start: taken once per revision and shared, so that many workers that start
 * together cost one.
 */
import type { State } from "../../model/state.ts";
import { changesOf, StateLoad } from "./worker-messages.ts";

export class StateLoader {
  readonly #changesMax: number;
  #load: StateLoad | undefined;

  constructor(changesMax: number) {
    this.#changesMax = changesMax;
  }

  /** The state as it is now. */
  take(state: State, revision: number): StateLoad {
    if (this.#load?.revision !== revision)
      this.#load = new StateLoad(revision, changesOf(state), this.#changesMax);
    return this.#load;
  }

  /** Nobody is loading: a large state need not stay in memory twice. */
  forget(): void {
    this.#load = undefined;
  }
}
