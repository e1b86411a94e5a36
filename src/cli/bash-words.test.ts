import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { readBashLine, writeBashWord } from "./bash-words.ts";

const BREAKS = " \t\n\"'@><=;|&(:";

function wordsOf(line: string): readonly string[] {
  return readBashLine(line, BREAKS).words;
}

function keptOf(line: string): string {
  const { words, keptChars } = readBashLine(line, BREAKS);
  return words.at(-1)!.slice(0, keptChars);
}

test("words are what bash makes of them, without what it would run", () => {
  assert.deepEqual(wordsOf("kakehi  cluster\tremove "), ["kakehi", "cluster", "remove", ""]);
  assert.deepEqual(wordsOf(`k a\\ b 'c d'e "f'\\"\\g" $(x`), ["k", "a b", "c de", `f'"\\g`, "$(x"]);
  assert.deepEqual(wordsOf("k 'a b"), ["k", "a b"]);
  assert.deepEqual(wordsOf("k ''"), ["k", ""]);
  assert.deepEqual(wordsOf("k ab\\"), ["k", "ab"]);
});

test("bash keeps what stands before its last break or quote", () => {
  assert.equal(keptOf("k 127.0.0.1:80"), "127.0.0.1:");
  assert.equal(keptOf("k --cluster-id=ap"), "--cluster-id=");
  assert.equal(keptOf('k ab"c:d'), "ab");
  assert.equal(keptOf("k a\\:b"), "");
  assert.equal(keptOf("k a:b c"), "");
  assert.equal(keptOf("k ab@c"), "ab");
});

test("what bash reads of a written word is the word, and nothing of it runs", () => {
  const hostile = fc.string({
    unit: fc.constantFrom(..."$(){}[]<>|&;`'\"\\*?~#^!=:,. -/aé€😀".split(/(?:)/u)),
    minLength: 1,
    maxLength: 20,
  });
  const texts = fc.sample(hostile, { numRuns: 300, seed: 5 });
  const cases = texts.flatMap((text) => [
    { text, source: writeBashWord(text, "none") },
    { text, source: `'${writeBashWord(text, "single")}'` },
    ...(text.includes("!") ? [] : [{ text, source: `"${writeBashWord(text, "double")}"` }]),
  ]);
  // Posix sh reads words as bash does, and is everywhere.
  const script = cases.map(({ source }) => `printf '%s\\n' ${source}`).join("\n");
  const { stdout, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.deepEqual(
    stdout.split("\n").slice(0, -1),
    cases.map(({ text }) => text),
  );
  for (const { text, source } of cases) assert.deepEqual(wordsOf(`k ${source}`), ["k", text]);
});

test("what bash would take for its history is not put between double quotes", () => {
  assert.equal(writeBashWord("a!b", "double"), undefined);
  assert.equal(writeBashWord("a!b", "none"), "a\\!b");
});
