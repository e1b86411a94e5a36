/**
 * `RELOAD_CONFIGURATION`: a configuration file's objects as one change of what differs, removals included.
 * Its rights hold from the same moment; its other settings are those of the next start, and are named.
 */
import { resolve } from "node:path";
import { diff } from "../../model/diff.ts";
import type { OrderData } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import { configurationError, type ReadConfiguration, readConfiguration } from "../file/read-configuration.ts";
import { atOnce } from "../file/slices.ts";
import { keepDraining, wantedState } from "../file/wanted-state.ts";
import type { Fault } from "../../model/file/fault.ts";
import type { State } from "../../model/state.ts";
import { ok, type Result } from "../../base/result.ts";
import type { Reply } from "../socket/reply.ts";
import { changeTo, type ChangeToOptions, type LoadOptions } from "./state-orders.ts";

const ORDER = "RELOAD_CONFIGURATION";

/** Reads the file, then changes what differs. Fulfilled when it has taken effect, or was refused. */
export async function reloadConfiguration(
  control: Control,
  { path = control.file.path, drain }: OrderData["RELOAD_CONFIGURATION"],
  options: LoadOptions,
  reply: Reply,
): Promise<void> {
  const { configuration, limits } = control;
  if (path === undefined) {
    const message = "data.path is missing, and the proxy was started without --config";
    return reply.refuse({ code: "INVALID_FIELD", message, field: "data.path" }, configuration.revision);
  }
  const readAndChange = async (): Promise<void> => {
    const read = await readConfiguration(resolve(path), { limits, runs: "beside main" });
    if (!read.ok) return reply.refuse(configurationError(read.error), configuration.revision);
    return new Promise((tookEffect) => {
      // The configuration may have changed while the file was read: what differs is found now.
      control.inTurn(() => {
        changeToFile(control, read.value, { ...options, order: ORDER, drain }, reply);
        tookEffect();
      });
    });
  };
  return options.dryRun ? readAndChange() : control.file.inOrder(readAndChange);
}

/** Changes what runs to what a file says that was read. */
export function changeToFile(
  control: Control,
  read: ReadConfiguration,
  options: ChangeToOptions,
  reply: Reply,
): void {
  const { configuration, file } = control;
  const wanted = stateOf(read, configuration.state);
  if (!wanted.ok) {
    void read
      .faultOf(wanted.error)
      .then((fault) => reply.refuse(configurationError(fault), configuration.revision));
    return;
  }
  const needsRestart = file.changedSettings(read.file.settings);
  const { warnings } = read;
  const remark = [
    ...(needsRestart.length > 0 ? [`; a restart is needed for ${needsRestart.join(", ")}`] : []),
    ...warnings.map((warning) => `; warning: ${warning}`),
  ].join("");
  const data = { needs_restart: needsRestart, ...(warnings.length > 0 && { warnings }) };
  const kept = (): void => file.adoptRights(read.file.rights);
  changeTo(control, { state: wanted.value, isProven: true }, { ...options, data, remark, kept }, reply);
}

/** How many objects differ between what runs and what the file says; `undefined` where that cannot be. */
export function differencesTo(control: Control, read: ReadConfiguration): number | undefined {
  const { state } = control.configuration;
  const wanted = stateOf(read, state);
  return wanted.ok ? diff(state, wanted.value).length : undefined;
}

function stateOf(read: ReadConfiguration, current: State): Result<State, readonly Fault[]> {
  const { file, objects, state } = read;
  const made = state === undefined ? atOnce(wantedState(file, objects, current)) : ok(state);
  if (made.ok) keepDraining(made.value, current);
  return made;
}
