import assert from "node:assert/strict";
import { test } from "node:test";
import { asWritten, bold, escapeText, paragraph, prose, tagged } from "./roff.ts";

test("no sign of a text is an instruction, or becomes another sign", () => {
  assert.equal(escapeText("a\\fBb"), "a\\(rsfBb");
  assert.equal(escapeText("--no-wait"), "\\-\\-no\\-wait");
  assert.equal(escapeText("'it'"), "\\(aqit\\(aq");
  assert.equal(escapeText('"^`~'), "\\(dq\\(ha\\(ga\\(ti");
  assert.equal(escapeText("a\nb\u001bc"), "a b c");
});

test("what is not ASCII is named by its number", () => {
  assert.equal(escapeText("Sōzu → 🎋"), "S\\[u014D]zu \\[u2192] \\[u1F38B]");
});

test("a line that begins with a dot or an apostrophe is text, also one that is broken there", () => {
  assert.equal(paragraph(".SH x"), ".PP\n\\&.SH x\n");
  assert.equal(paragraph("'nf"), ".PP\n\\&'nf\n");
  assert.equal(asWritten([".so /x", ""]), ".PP\n.RS 4\n.nf\n\\&.so /x\n\\&\n.fi\n.RE\n");
  assert.equal(tagged(".x", ".y"), ".TP\n\\&.x\n\\&.y\n");
  const broken = paragraph(`${"word ".repeat(19)}long .so /x`).split("\n");
  assert.deepEqual(broken.slice(2), ["\\&.so /x", ""]);
});

test("a term without words about it takes none of what follows", () => {
  assert.equal(tagged("x", ""), ".TP\nx\n\\&\n");
});

test("what stands in backticks is bold, a lone backtick is a backtick", () => {
  assert.equal(prose("give `--at 4` or `-`"), "give \\fB\\-\\-at 4\\fR or \\fB\\-\\fR");
  assert.equal(prose("a ` b"), "a \\(ga b");
  assert.equal(bold(""), "");
});

test("long text is broken between words, and none is lost", () => {
  const words = Array.from({ length: 60 }, (_, index) => `word${index}`);
  const [first, ...lines] = paragraph(words.join("  ")).trimEnd().split("\n");
  assert.equal(first, ".PP");
  assert.deepEqual(lines.join(" ").split(" "), words);
  assert.ok(lines.length > 1 && lines.every((line) => line.length <= 100));
});
