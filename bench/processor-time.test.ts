import assert from "node:assert/strict";
import { test } from "node:test";
import { readMemoryBytes, readProcessorTime, readRunSeconds, usedBetween } from "./processor-time.ts";

const skip = process.platform === "linux" ? false : "reads /proc, which only Linux has";

test("processor time that a process uses is seen, and agrees with the process's own count", { skip }, () => {
  const before = readProcessorTime([process.pid]);
  const ownBefore = process.cpuUsage();
  while (process.cpuUsage(ownBefore).user < 200_000) JSON.parse("[1,2,3]");
  const used = usedBetween(before, readProcessorTime([process.pid]));
  const own = process.cpuUsage(ownBefore);
  const difference = used.user + used.kernel - (own.user + own.system) / 1e6;
  assert.ok(Math.abs(difference) < 0.1, `differs by ${difference} s`);
});

test("what threads have run is counted finer than ticks", { skip }, () => {
  const before = readRunSeconds(process.pid);
  const ownBefore = process.cpuUsage();
  while (process.cpuUsage(ownBefore).user < 3_000) JSON.parse("[1,2,3]");
  const { user, system } = process.cpuUsage(ownBefore);
  const run = readRunSeconds(process.pid) - before;
  assert.ok(run > 0.001, `${run} s`);
  assert.ok(Math.abs(run - (user + system) / 1e6) < 0.1, `${run} s`);
});

test("memory that a process takes is seen", { skip }, () => {
  const before = readMemoryBytes(process.pid);
  const taken = Buffer.alloc(64 * 1024 * 1024, 1);
  const grown = readMemoryBytes(process.pid) - before;
  assert.ok(grown > taken.length / 2, `grew by ${grown} bytes`);
});
