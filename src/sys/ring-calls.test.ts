import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { scratch } from "./arena.ts";
import { closeDescriptor } from "./descriptor.ts";
import { EBADF, EINVAL, EPERM } from "./errno.ts";
import { enterRing, registerWithRing, setupRing } from "./ring-calls.ts";

const EFAULT = 14;
const EOPNOTSUPP = 95;

/** A ring, or why there is none here. */
function trySetup(): number {
  scratch.words.fill(0, 0, 30);
  return setupRing(4, scratch.addressOf(0, 120));
}

const trial = trySetup();
if (trial >= 0) closeDescriptor(trial);
const options = { skip: trial < 0 && `no io_uring here: error ${-trial}` };

test("a ring that cannot be made is a negated error number, and never a descriptor", options, () => {
  scratch.words.fill(0, 0, 30);
  assert.equal(setupRing(0, scratch.addressOf(0, 120)), -EINVAL, "no entries");
  assert.equal(setupRing(4, 0), -EFAULT, "no parameters");
  scratch.words[2] = -1;
  assert.equal(setupRing(4, scratch.addressOf(0, 120)), -EINVAL, "unknown flags");
});

test("what is no ring takes no operation", options, () => {
  const file = openSync("/dev/null", "r");
  for (const [fd, expected] of [
    [file, [-EOPNOTSUPP, -EINVAL, -EOPNOTSUPP]],
    [1_000_000, [-EBADF]],
  ] as const) {
    const results = [enterRing(fd, 0, 0, 0, 0), registerWithRing(fd, 0, 0, 0)];
    for (const result of results)
      assert.ok(
        expected.some((one) => one === result),
        `${fd}: ${result}`,
      );
  }
  closeSync(file);
});

test("a ring is entered, and an unknown registration refused", options, () => {
  const ring = trySetup();
  assert.equal(enterRing(ring, 0, 0, 0, 0), 0);
  const refused = registerWithRing(ring, 4_711, 0, 0);
  assert.ok(refused === -EINVAL || refused === -EPERM, `${refused}`);
  closeDescriptor(ring);
});
