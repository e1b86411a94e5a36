import assert from "node:assert/strict";
import { test } from "node:test";
import { remembering } from "./memo.ts";

test("what was made of a text is not made again", () => {
  const asked: string[] = [];
  const twice = remembering(2, (text) => (asked.push(text), text + text));
  assert.deepEqual([twice("a"), twice("a"), twice("b")], ["aa", "aa", "bb"]);
  assert.deepEqual(asked, ["a", "b"]);
});

test("no more is kept than was asked for", () => {
  const asked: string[] = [];
  const twice = remembering(2, (text) => (asked.push(text), text + text));
  for (const text of ["a", "b", "c", "a"]) assert.equal(twice(text), text + text);
  assert.deepEqual(asked, ["a", "b", "c", "a"]);
});

test("what nothing is made of is asked for each time", () => {
  let count = 0;
  const nothing = remembering<string>(2, () => (count++, undefined));
  assert.deepEqual([nothing("a"), nothing("a"), count], [undefined, undefined, 2]);
});
