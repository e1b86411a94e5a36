/**
 * Long work in slices, so that other clients' orders have their turns in between.
 */
import { setImmediate } from "node:timers/promises";

/** So long nobody else has a turn. */
export const SLICE_MS = 4;

/** Does all steps, some at a time. */
export async function inSlices<Value>(steps: Iterator<void, Value>): Promise<Value> {
  let until = performance.now() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE_MS;
  }
}

/** Does all steps at once. */
export function atOnce<Value>(steps: Iterator<void, Value>): Value {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
