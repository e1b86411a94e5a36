import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonObjectSplitter, NotAnObjectError } from "./json-objects.ts";

/** Every text is split whole and one character at a time; both must agree. */
function split(text: string): unknown[] {
  const whole = new JsonObjectSplitter();
  const objects = whole.push(text);
  whole.end();
  const single = new JsonObjectSplitter();
  assert.deepEqual(
    text.split("").flatMap((char) => single.push(char)),
    objects,
  );
  single.end();
  return objects;
}

test("objects may be set apart by zero bytes, lines, spaces or nothing", () => {
  for (const between of ["\0", "\n", "\0\n", " ", "", "\r\n\t"]) {
    assert.deepEqual(split(`{"a":1}${between}{"a":2}${between}`), [{ a: 1 }, { a: 2 }]);
  }
  assert.deepEqual(split(" \n\0"), []);
});

test("an object may stand on several lines, and hold braces and quotes in its strings", () => {
  const object = { a: { b: '}{"\\' }, c: ["{", "}"], "}": "\\\\" };
  assert.deepEqual(split(JSON.stringify(object, undefined, 2)), [object]);
});

test("what does not begin with a brace, is no JSON, or is cut short, is named with its place", () => {
  assert.throws(() => split('{"a":1} [2]'), /object 2 does not begin with \{: \[/);
  assert.throws(() => split("{a:1}"), /object 1 is not JSON: \{a:1\}/);
  assert.throws(() => split('{"a":1}{"a":'), /object 2 is cut short: \{"a":/);
  assert.throws(() => split('{"a":"}'), NotAnObjectError);
});

test("an object without an end does not grow without bound", () => {
  const splitter = new JsonObjectSplitter();
  const mebibyte = "x".repeat(1024 * 1024);
  splitter.push('{"a":"');
  assert.throws(() => {
    for (let count = 0; count < 20; count++) splitter.push(mebibyte);
  }, /too long/);
});
