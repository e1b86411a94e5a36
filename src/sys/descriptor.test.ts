import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { test } from "node:test";
import { closeDescriptor, closeOnExec, duplicateDescriptor, isReadable, keepOnExec } from "./descriptor.ts";
import { openDescriptorPair } from "./descriptor-passing.ts";

/** What koffi would take for another descriptor than was meant: 0, or one that somebody else owns. */
const NO_DESCRIPTORS = [-1, -(2 ** 31), 0.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53];

test("to close what is not open, or no descriptor at all, stops us and closes nothing", () => {
  for (const wrong of NO_DESCRIPTORS) {
    assert.throws(() => closeDescriptor(wrong), /is no descriptor/, String(wrong));
  }
  assert.throws(() => closeDescriptor(1_000_000), /not open/);
  for (const standard of [0, 1, 2]) fstatSync(standard);
});

test("a descriptor is closed once: a second close is a defect, not another owner's loss", () => {
  const fd = openSync("/dev/null", "r");
  closeDescriptor(fd);
  assert.throws(() => closeDescriptor(fd), new RegExp(`descriptor ${fd}, which is not open`));
});

test("a duplicate is the same file, is closed on exec, and lives when the first is closed", () => {
  const fd = openSync("/dev/null", "r");
  const duplicate = duplicateDescriptor(fd);
  assert.ok(duplicate.ok && duplicate.value !== fd);
  closeSync(fd);
  assert.equal(fstatSync(duplicate.value).rdev, statSync("/dev/null").rdev);
  const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${duplicate.value}`, "utf8"))?.[1];
  assert.equal(Number.parseInt(flags ?? "", 8) & 0o2000000, 0o2000000);
  closeDescriptor(duplicate.value);
});

test("what is not open has no duplicate, and what is no descriptor is a defect", () => {
  const none = duplicateDescriptor(1_000_000);
  assert.equal(!none.ok && none.error.name, "EBADF");
  for (const wrong of NO_DESCRIPTORS) {
    assert.throws(() => duplicateDescriptor(wrong), /is no descriptor/, String(wrong));
  }
});

test("what is kept on exec is there in another program, until it is closed on exec again", () => {
  const fd = openSync("/dev/null", "r");
  const isInheritedNow = (): boolean => spawnSync("test", ["-e", `/proc/self/fd/${fd}`]).status === 0;
  assert.equal(isInheritedNow(), false);
  keepOnExec(fd);
  assert.equal(isInheritedNow(), true);
  closeOnExec(fd);
  assert.equal(isInheritedNow(), false);
  closeDescriptor(fd);
  assert.throws(() => keepOnExec(fd), /not open/);
  assert.throws(() => closeOnExec(fd), /not open/);
});

test("a descriptor is readable when there are bytes or an end, and to ask takes none of them", () => {
  const pair = openDescriptorPair();
  assert.ok(pair.ok);
  const { first, second } = pair.value;
  assert.equal(isReadable(second), false);
  writeSync(first, "x");
  assert.equal(isReadable(second), true);
  assert.equal(isReadable(second), true);
  assert.equal(isReadable(first), false);
  closeDescriptor(second);
  assert.equal(isReadable(first), true);
  closeDescriptor(first);
  assert.throws(() => isReadable(first), /not open/);
  assert.throws(() => isReadable(-1), /not open|is no descriptor/);
});
