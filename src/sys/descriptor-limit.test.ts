import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { raiseDescriptorLimit, widenDescriptorTable } from "./descriptor-limit.ts";

test("the soft limit becomes the hard one, and is told", () => {
  const told = raiseDescriptorLimit();
  const [, soft, hard] =
    /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  assert.equal(soft, hard);
  if (hard !== "unlimited") assert.equal(told, Number(hard));
});

/** How many descriptors the kernel's table has room for (proc_pid_status(5)). */
function tableSize(): number {
  return Number(/^FDSize:\s+(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

test("the table has room for as many as are asked for, and none is left open", () => {
  const open = readdirSync("/proc/self/fd");
  const wanted = 2 * tableSize();
  widenDescriptorTable(wanted, wanted + 1);
  assert.equal(tableSize(), wanted);
  assert.deepEqual(readdirSync("/proc/self/fd"), open);
});

test("room beyond the limit is not asked for", () => {
  const before = tableSize();
  widenDescriptorTable(4 * before, before);
  assert.equal(tableSize(), before);
});

test("what the kernel refuses leaves the table as it is", () => {
  const before = tableSize();
  widenDescriptorTable(2 ** 30, 2 ** 31 - 1);
  assert.equal(tableSize(), before);
});
