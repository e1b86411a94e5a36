/**
 * The configuration that a file asks for: its own objects, and of the kinds that it leaves to orders those
 * that are there. Of these, one goes whose listener or cluster goes.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { applyOrder } from "../../model/apply.ts";
import { type Addition, additionsOf } from "../../model/dump.ts";
import { pathText } from "../../model/field-path.ts";
import type { Fault } from "../../model/file/fault.ts";
import type { Backend, Certificate, Frontend, ObjectKind } from "../../model/objects.ts";
import { State } from "../../model/state.ts";
import type { FileHead, FileObject } from "./file-objects.ts";

const KINDS: readonly ObjectKind[] = ["listener", "cluster", "backend", "frontend", "certificate"];

/** The state, in steps; or each object of the file that does not go with the others. */
export function* wantedState(
  { owns }: Pick<FileHead, "owns">,
  objects: readonly FileObject[],
  current: State = new State(),
): Generator<void, Result<State, readonly Fault[]>> {
  const state = new State();
  const faults: Fault[] = [];
  const left = KINDS.every((kind) => owns.has(kind)) ? [] : additionsOf(current);
  for (const kind of KINDS) {
    if (owns.has(kind)) {
      for (const object of objects) {
        if (kindOf(object) !== kind) continue;
        yield;
        const fault = add(state, object);
        if (fault !== undefined) faults.push(fault);
      }
      continue;
    }
    for (const addition of left) {
      if (addition.kind !== kind || !hasItsPlace(state, addition)) continue;
      yield;
      state.applyChange(addition);
    }
  }
  return faults.length > 0 ? fail(faults) : ok(state);
}

/** What drains goes on to: a file does not speak of it, and so does not end it. */
export function keepDraining(state: State, current: State): void {
  for (const [kind, objects] of [
    ["listener", current.listeners],
    ["cluster", current.clusters],
    ["backend", current.backends],
  ] as const) {
    for (const [key, { draining }] of objects) {
      const before = draining === true ? state.find(kind, key) : undefined;
      if (before !== undefined)
        state.applyChange({ kind, key, before, after: { ...before, draining: true } });
    }
  }
}

function add(state: State, { path, order }: FileObject): Fault | undefined {
  const applied = applyOrder(state, order);
  const place = pathText(path);
  if (!applied.ok) return { path, message: `${place}: ${applied.error.message}` };
  if (applied.value.changes.length > 0) return undefined;
  return { path, message: `${place} is there twice` };
}

function kindOf({ order }: FileObject): ObjectKind {
  return order.type.slice("ADD_".length).toLowerCase() as ObjectKind;
}

function hasItsPlace(state: State, { kind, after }: Addition): boolean {
  if (kind === "backend") return state.clusters.has((after as Backend).cluster_id);
  const isOfListener = kind === "frontend" || kind === "certificate";
  return !isOfListener || state.listeners.has((after as Frontend | Certificate).listener);
}
