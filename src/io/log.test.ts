import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type LogLevel } from "./log.ts";

const NOON_MS = Date.UTC(2026, 10, 22, 12);

function newLog(
  form: "text" | "json",
  level: LogLevel = "info",
): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return { lines, log: createLog({ level, form, write: (line) => lines.push(line), now: () => NOON_MS }) };
}

test("text is one readable line with its fields", () => {
  const { lines, log } = newLog("text");
  log.info("worker 0 runs", { pid: 42, reason: "io_uring works" });
  assert.deepEqual(lines, [
    '2026-11-22T12:00:00.000Z info    worker 0 runs pid=42 reason="io_uring works"\n',
  ]);
});

test("JSON is one object", () => {
  const { lines, log } = newLog("json");
  log.warning("worker 0 died", { pid: 42 });
  assert.deepEqual(JSON.parse(lines[0]!), {
    time: "2026-11-22T12:00:00.000Z",
    level: "warning",
    message: "worker 0 died",
    pid: 42,
  });
});

test("what is below the level is left out", () => {
  const { lines, log } = newLog("text", "error");
  log.debug("a");
  log.info("b");
  log.warning("c");
  log.error("d");
  assert.equal(lines.length, 1);
});

test("a message cannot make a second line or steer the terminal", () => {
  const { lines, log } = newLog("text");
  log.info("one\ntwo\u001b[31m");
  assert.equal(lines[0]?.split("\n").length, 2);
  assert.equal(lines[0]?.includes("\u001b"), false);
});
