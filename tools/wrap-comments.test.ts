import assert from "node:assert/strict";
import { test } from "node:test";
import { COLUMNS_MAX } from "./tidy/sizes.ts";
import { wrapComments } from "./wrap-comments.ts";

const words = (count: number): string =>
  Array.from({ length: count }, (_, index) => `word${index}`).join(" ");
const lines = (...all: string[]): string => all.join("\n");

test("what fits is left alone, and wrapping twice is wrapping once", () => {
  const text = lines("/**", ` * ${words(10)}`, " */", `const a = "${"x".repeat(200)}";`);
  assert.equal(wrapComments(text), text);
  const wrapped = wrapComments(lines("/**", ` * ${words(60)}`, " */"));
  assert.equal(wrapComments(wrapped), wrapped);
});

test("no line is wider than a page afterwards, and no word is lost", () => {
  const wrapped = wrapComments(lines("  /**", `   * ${words(60)}`, "   * and on", "   */"));
  for (const line of wrapped.split("\n")) assert.ok(line.length <= COLUMNS_MAX, line);
  assert.equal(wrapped.replaceAll(/\s+\*?\s*/g, " ").includes(`${words(60)} and on`), true);
});

test("a list's item hangs under its text, and does not flow into the next item", () => {
  const wrapped = wrapComments(lines("/**", ` *  1. ${words(20)}`, " *  2. next", " */"));
  assert.match(wrapped, /^ \* {5}word\d+/m);
  assert.match(wrapped, /^ \* {2}2\. next$/m);
});

test("a doc comment in one line that is too wide becomes several", () => {
  assert.match(wrapComments(`  /** ${words(20)} */`), /^ {2}\/\*\*\n {3}\* word0 [^]*\n {3}\*\/$/);
});

test("a drawing between fences keeps its lines", () => {
  const text = lines("/**", " * ```text", ` * ${words(40)}`, " * ```", " */");
  assert.equal(wrapComments(text), text);
});

test("a table's row keeps its line, and nothing flows into it", () => {
  const text = lines("/**", ` * | ${words(40)} |`, " */");
  assert.equal(wrapComments(text), text);
  assert.match(wrapComments(lines("/**", ` * ${words(20)}`, " * | a | b |", " */")), /^ \* \| a \| b \|$/m);
});
