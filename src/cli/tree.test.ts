import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { type Branch, DRAWN, formatTree, PLAIN, type Signs, signsFor } from "./tree.ts";

function linesOf(tree: Branch, signs: Signs): string[] {
  return stripVTControlCharacters(formatTree(tree, signs)).split("\n");
}

const TREE: Branch = {
  text: "root",
  branches: [
    { text: "a", branches: [{ text: "a → 1…", taken: true }, { text: "a2" }] },
    { text: "b", taken: false, branches: [{ text: "b1" }] },
  ],
};

test("a tree has its branches under what they belong to, and no line goes on where none is left", () => {
  assert.deepEqual(linesOf(TREE, DRAWN), [
    "root",
    "├─ a",
    "│  ├─ ✓ a → 1…",
    "│  └─ a2",
    "└─ ✗ b",
    "   └─ b1",
    "",
  ]);
});

test("a plain tree is ASCII, our own signs too", () => {
  assert.deepEqual(linesOf(TREE, PLAIN), [
    "root",
    "|- a",
    "|  |- [x] a -> 1...",
    "|  `- a2",
    "`- [ ] b",
    "   `- b1",
    "",
  ]);
});

test("what a text holds never steers the terminal, nor makes a line of its own", () => {
  const tree = { text: "x\u001b[2J", branches: [{ text: "a\nb" }] };
  for (const signs of [DRAWN, PLAIN]) {
    assert.deepEqual(linesOf(tree, signs), ["x\ufffd[2J", `${signs.last}a\ufffdb`, ""]);
  }
});

test("a tree is drawn only on a terminal whose locale is UTF-8", () => {
  const terminal = { isTTY: true };
  assert.equal(signsFor(terminal, { LANG: "de_DE.UTF-8" }), DRAWN);
  assert.equal(signsFor(terminal, { LANG: "C.utf8", LC_ALL: "" }), DRAWN);
  assert.equal(signsFor(terminal, { LANG: "de_DE.UTF-8", LC_CTYPE: "C.UTF-8", LC_ALL: "POSIX" }), PLAIN);
  assert.equal(signsFor(terminal, { LANG: "de_DE.UTF-8", LC_CTYPE: "C" }), PLAIN);
  assert.equal(signsFor(terminal, {}), PLAIN);
  assert.equal(signsFor({}, { LANG: "C.UTF-8" }), PLAIN);
});
