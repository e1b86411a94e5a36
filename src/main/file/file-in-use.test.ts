import assert from "node:assert/strict";
import { test } from "node:test";
import { FileInUse } from "./file-in-use.ts";

test("one reload begins when the one before is over, also where that one failed", async () => {
  const file = new FileInUse(undefined);
  const steps: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = file.inOrder(() => {
    steps.push("first begins");
    return first.promise;
  });
  const second = file.inOrder(() => Promise.resolve(void steps.push("second begins")));
  await new Promise((later) => setImmediate(later));
  assert.deepEqual(steps, ["first begins"]);
  first.reject(new Error("no file"));
  await assert.rejects(failing, /no file/);
  await second;
  assert.deepEqual(steps, ["first begins", "second begins"]);
});
