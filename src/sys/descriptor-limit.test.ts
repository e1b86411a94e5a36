import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { raiseDescriptorLimit } from "./descriptor-limit.ts";

test("the soft limit becomes the hard one, and is told", () => {
  const told = raiseDescriptorLimit();
  const [, soft, hard] =
    /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  assert.equal(soft, hard);
  if (hard !== "unlimited") assert.equal(told, Number(hard));
});
