import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { closeDescriptor, duplicateDescriptor } from "./descriptor.ts";

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
