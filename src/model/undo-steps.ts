/**
 * What takes a change of the configuration back, as history keeps it: for each object what it was before.
 * What it is after is not kept: whoever goes back has it.
 */
import type { Change } from "./channel.ts";
import type { ConfigObject, ObjectKind } from "./objects.ts";

/** Takes one change of one object back. */
export interface UndoStep {
  readonly kind: ObjectKind;
  readonly key: string;
  /** What it was; absent: it was not there. */
  readonly before?: ConfigObject["value"];
  /** Of a regex frontend that was removed: the place among the regexes of its group that it goes back to. */
  readonly place?: number;
}

/** The steps that take changes back, in the order in which they are taken: the last change first. */
export function* undoStepsOf(changes: readonly Change[]): Iterable<UndoStep> {
  for (const { kind, key, before, after, place } of changes.toReversed()) {
    yield {
      kind,
      key,
      ...(before !== undefined && { before }),
      ...(after === undefined && place !== undefined && { place }),
    };
  }
}
