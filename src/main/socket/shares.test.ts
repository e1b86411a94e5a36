import assert from "node:assert/strict";
import { test } from "node:test";
import { findExcess } from "./shares.ts";

const ROOT = 0;
const OWN = 900;
const READER = 990;
const LIMITS = { connectionsMax: 8, connectionsPerUserMax: 3 };

/** What a further connection of `uid` is told where these are; `undefined`: it is taken. */
function told(present: readonly (number | null)[], uid: number | null): string | undefined {
  return findExcess(
    present.map((each) => ({ uid: each })),
    { uid },
    LIMITS,
    OWN,
  )?.message;
}

const times = (count: number, uid: number | null): (number | null)[] =>
  Array.from({ length: count }, () => uid);

test("a user has a share, and whoever is beyond it is told which limit that is", () => {
  assert.equal(told(times(2, READER), READER), undefined);
  assert.match(told(times(3, READER), READER)!, /^user 990 has 3 .*limits\.connections_per_user_max/);
  assert.equal(told(times(3, READER), 991), undefined);
});

test("all users but root and main's own share the whole", () => {
  const present = [...times(3, 1), ...times(3, 2), ...times(2, 3)];
  assert.match(told(present, 4)!, /^other users have 8 .*limits\.connections_max/);
  assert.equal(told(present.slice(1), 4), undefined);
});

test("root and main's own user get in whatever others have, and take no place of theirs", () => {
  const others = [...times(3, 1), ...times(3, 2), ...times(2, 3)];
  assert.equal(told([...others, ...times(8, OWN)], ROOT), undefined);
  assert.equal(told([...others, ...times(8, ROOT)], OWN), undefined);
  assert.equal(told([...times(8, ROOT), ...times(8, OWN)], READER), undefined);
});

test("root and main's own user are bounded, too", () => {
  assert.equal(told(times(7, ROOT), ROOT), undefined);
  assert.match(told(times(8, ROOT), ROOT)!, /^user 0 has 8 .*limits\.connections_max/);
  assert.match(told(times(8, OWN), OWN)!, /^user 900 has 8/);
});

test("those whom the kernel does not name are one user with a share", () => {
  assert.equal(told(times(2, null), null), undefined);
  assert.match(told(times(3, null), null)!, /^users that are not known have 3/);
});
