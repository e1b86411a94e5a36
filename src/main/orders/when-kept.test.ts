import assert from "node:assert/strict";
import { test } from "node:test";
import type { Control } from "../control.ts";
import { whenKept } from "./when-kept.ts";

interface Waiter {
  kept(): void;
  takenBack(): void;
}

/** A main where all is kept, or where what was accepted is kept, or taken back, when the test says so. */
function main(state: "settled" | "accepted"): { control: Control; waiters: Waiter[] } {
  const waiters: Waiter[] = [];
  const after = (waiter: Waiter): void => void (state === "settled" ? waiter.kept() : waiters.push(waiter));
  return { control: { configuration: { after } } as unknown as Control, waiters };
}

test("what is answered at once keeps its client from nothing", () => {
  const done: string[] = [];
  assert.equal(
    whenKept(main("settled").control, () => void done.push("kept")),
    undefined,
  );
  assert.deepEqual(done, ["kept"]);
});

test("what takes its time keeps its client's next orders waiting until it is answered", async () => {
  const answered = Promise.withResolvers<void>();
  const held = whenKept(main("settled").control, () => answered.promise);
  assert.ok(held instanceof Promise);
  answered.resolve();
  await held;
});

for (const outcome of ["kept", "takenBack"] as const) {
  test(`a question behind a change is answered when that is ${outcome}, and keeps its client waiting`, async () => {
    const { control, waiters } = main("accepted");
    const done: string[] = [];
    const held = whenKept(
      control,
      () => void done.push("kept"),
      () => void done.push("takenBack"),
    );
    assert.ok(held instanceof Promise);
    assert.deepEqual(done, []);
    waiters[0]![outcome]();
    await held;
    assert.deepEqual(done, [outcome]);
  });
}
