/**
 * The configuration as it was at a revision: found by walking back through history, a block in a turn of the
 * loop. `DUMP_STATE` and `EXPLAIN` with `at` ask it.
 */
import { setImmediate } from "node:timers/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../../model/errors.ts";
import { type StateView, Undone } from "../../model/undone.ts";
import type { Control } from "../control.ts";
import type { ReadRecords } from "../history/history.ts";
import { historyError } from "./history.ts";

type Kept = Pick<Control, "configuration">;

/** How the present of some moment becomes the past. */
export interface WayBack {
  readonly undone: Undone;
  /** The revision that it begins at, and that it leads to. */
  readonly from: number;
  readonly to: number;
  /** The hash of the configuration that it leads to. */
  readonly hash: string;
}

/** Walks back to `to`. */
export async function walkBack(control: Kept, to: number): Promise<Result<WayBack, OrderError>> {
  const { configuration } = control;
  await whenKept(control);
  const { revision: from, history } = configuration;
  if (to > from) {
    const message = `revision ${to} is not there yet: the configuration is at ${from}`;
    return fail({ code: "INVALID_FIELD", message, field: "data.revision" });
  }
  if (to < history.oldest) return fail(historyError({ kind: "gone" }, history, to));
  const undone = new Undone();
  let hash = configuration.state.hash();
  for (let at = from; at > to;) {
    const read = await history.read(at);
    if (!read.ok) return fail(historyError(read.error, history, to));
    ({ at, hash } = undo(undone, read.value, at, to));
    await setImmediate();
  }
  return ok({ undone, from, to, hash });
}

/**
 * The same way from a later present, where what has gone by since is more than `extendToNow` finds at hand.
 * It is shorter each time: who walked anew would be outrun by changes that come faster than one whole walk.
 */
export async function walkOn(control: Kept, way: WayBack): Promise<Result<WayBack, OrderError>> {
  const since = await walkBack(control, way.from);
  // What led here is not kept any more: then neither is what lies before it.
  if (!since.ok) return walkBack(control, way.to);
  const { undone, from } = since.value;
  undone.takeAll(way.undone);
  return ok({ ...way, undone, from });
}

/** Walks back from the present of this very moment; `undefined`: too far has gone by, `walkOn`. */
export function extendToNow({ configuration }: Kept, way: WayBack): Undone | undefined {
  const { revision, history } = configuration;
  if (revision === way.from) return way.undone;
  const newest = history.readNewest(way.from);
  if (newest === undefined) return undefined;
  const undone = new Undone();
  undo(undone, newest, revision, way.from);
  undone.takeAll(way.undone);
  return undone;
}

/** Does `use` with the configuration as it was at `to`, at once and without changing anything. */
export async function withPast<Value>(
  control: Kept,
  to: number,
  use: (view: StateView) => Value,
): Promise<Result<Value, OrderError>> {
  let way = await walkBack(control, to);
  for (;;) {
    if (!way.ok) return fail({ ...way.error, field: "data.at" });
    const undone = extendToNow(control, way.value);
    if (undone !== undefined) return ok(use(undone.viewOf(control.configuration.state)));
    way = await walkOn(control, way.value);
  }
}

/** Fulfilled when what was accepted before is kept, or is not. */
function whenKept({ configuration }: Kept): Promise<void> {
  return new Promise((resolve) => configuration.after({ kept: () => resolve(), takenBack: () => resolve() }));
}

/** Takes back what these records say, from `at` to `to`; gives where that leads. */
function undo(
  undone: Undone,
  { records, hashBefore }: ReadRecords,
  at: number,
  to: number,
): { readonly at: number; readonly hash: string } {
  for (const record of records.toReversed()) {
    if (record.revision > at) continue;
    if (record.revision === to) return { at: to, hash: record.hash };
    undone.take(record.undo);
  }
  return { at: records[0]!.revision - 1, hash: hashBefore };
}
