/**
 * The state for workers that start: taken once per revision and shared, so that many workers that start
 * together cost one. At main's own start it grows while the state is read, and workers load it meanwhile.
 */
import type { Change } from "../../model/channel.ts";
import { additionsOf } from "../../model/dump.ts";
import type { State } from "../../model/state.ts";
import { StateLoad } from "./worker-messages.ts";

export class StateLoader {
  readonly #changesMax: number;
  #load: StateLoad | undefined;
  /** While main starts; what comes afterwards is taken from the configuration. */
  #growing: StateLoad | undefined;

  constructor(changesMax: number) {
    this.#changesMax = changesMax;
    this.#growing = this.#load = new StateLoad(changesMax);
  }

  /** The load that still grows; `undefined` once main has its state. */
  get growing(): StateLoad | undefined {
    return this.#growing;
  }

  /** Changes of the state that main is reading. */
  readonly follow = (changes: readonly Change[]): void => this.#growing?.add(changes);

  /** Main has its state, at this revision. */
  end(revision: number): void {
    this.#growing?.end(revision);
    this.#growing = undefined;
  }

  /** The state as it is now. */
  take(state: State, revision: number): StateLoad {
    if (this.#load?.revision === revision) return this.#load;
    const load = new StateLoad(this.#changesMax);
    load.add(additionsOf(state));
    load.end(revision);
    return (this.#load = load);
  }

  /** Nobody is loading: a large state need not stay in memory twice. */
  forget(): void {
    this.#load = undefined;
  }
}
