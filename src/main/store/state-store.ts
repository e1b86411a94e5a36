/**
 * Where the configuration survives main: nowhere, or in a state file with its journal.
 */
import { ok, type Result } from "../../base/result.ts";
import type { Log } from "../../io/log.ts";
import { State } from "../../model/state.ts";
import type { ChangeKeeper } from "../configuration.ts";
import type { MainLimits } from "../limits.ts";

/** A configuration to start from, and who keeps its changes. */
export interface StateStore {
  readonly state: State;
  readonly revision: number;
  /** Absent: nothing is kept. */
  readonly keeper: ChangeKeeper | undefined;
  /** Brings everything to disk and lets go of the files. */
  close(): Promise<void>;
}

/** Rebuilds what `path` holds. The error is a sentence for the user. */
export async function openStateStore(
  path: string | undefined,
  _options: { readonly log: Log; readonly limits: MainLimits },
): Promise<Result<StateStore, string>> {
  return ok({ state: new State(), revision: 0, keeper: undefined, close: async () => undefined });
}
