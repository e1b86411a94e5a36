import assert from "node:assert/strict";
import { test } from "node:test";
import { runStep, STEPS } from "./check.ts";

for (const step of STEPS) {
  test(`check: ${step.name}`, () => {
    const failure = runStep(step);
    if (failure !== undefined) assert.fail(failure);
  });
}

test("a step that fails gives what it printed", () => {
  const failing = { name: "planted", command: ["node", "-e", "console.log('seen'); process.exit(1)"] };
  assert.equal(runStep(failing), "seen");
});

test("a step whose program is missing has failed", () => {
  assert.match(runStep({ name: "planted", command: ["no-such-tool"] }) ?? "", /ENOENT/);
});
