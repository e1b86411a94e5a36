import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { test } from "node:test";
import { ignoreSignals } from "./signal-action.ts";

/** Whether the kernel has this signal in a mask of ours, as in `SigIgn`. */
function isIn(mask: string, signal: NodeJS.Signals): boolean {
  const [, bits] = RegExp(`${mask}:\\t(.*)`).exec(readFileSync("/proc/self/status", "utf8"))!;
  return ((BigInt(`0x${bits!}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

test("a signal is ignored, though it has a listener, until it is to do again what it did", async () => {
  const heard = once(process, "SIGHUP");
  const restore = ignoreSignals(["SIGHUP", "SIGUSR2"]);
  assert.deepEqual([isIn("SigIgn", "SIGHUP"), isIn("SigIgn", "SIGUSR2")], [true, true]);
  process.kill(process.pid, "SIGUSR2");
  restore();
  assert.deepEqual([isIn("SigIgn", "SIGUSR2"), isIn("SigCgt", "SIGHUP")], [false, true]);
  process.kill(process.pid, "SIGHUP");
  assert.equal((await heard)[0], "SIGHUP");
});
