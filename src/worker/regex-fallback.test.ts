import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const FLAG = "--enable-experimental-regexp-engine-on-excessive-backtracks";

test("a worker runs with the fallback that gives regex rules an end", () => {
  const entry = readFileSync(new URL("entry.ts", import.meta.url), "utf8");
  assert.ok(entry.includes(`setFlagsFromString("${FLAG}")`), "the entry sets the flag");
  // Without the flag this match takes minutes; with it, milliseconds. The limit is only there to end a
  // failure.
  const script = `new RegExp("^(?:/a*a*a*a*b)$").test("/" + "a".repeat(900))`;
  const ended = spawnSync(process.execPath, [FLAG, "--eval", script], { timeout: 30_000 });
  assert.equal(ended.status, 0, "the flag is known to this Node, and works");
});
