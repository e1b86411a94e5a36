import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { tidy } from "./tidy.ts";
import { formatComplaint, type Complaint, type SourceFile } from "./tidy/complaint.ts";
import { checkDocuments } from "./tidy/documents.ts";
import { checkLayers } from "./tidy/layers.ts";
import { checkHeader, checkMarks } from "./tidy/marks.ts";
import { checkReferences } from "./tidy/references.ts";
import { checkColumns, checkFileSize, checkFunctionSize, functionsOf } from "./tidy/sizes.ts";
import { withoutTestBeside } from "./tidy/tests-beside.ts";
import { checkWords, parseRefusedWords } from "./tidy/words.ts";

const file = (path: string, text: string): SourceFile => ({ path, text });
const messages = (complaints: readonly Complaint[]): string => complaints.map(formatComplaint).join("\n");

suite("layers", () => {
  const complaintsFor = (path: string, text: string): string => messages(checkLayers(file(path, text)));

  test("an upward import is refused, with what is allowed", () => {
    const found = complaintsFor("src/base/a.ts", 'import { b } from "../model/b.ts";');
    assert.equal(found, "src/base/a.ts:1: base may not import model; it may import nothing (layers)");
  });

  test("an upward import is refused in every form that an import has", () => {
    for (const text of [
      'import "../model/b.ts";',
      'export { b } from "../model/b.ts";',
      'export * from "../model/b.ts";',
      'import type { B } from "../model/b.ts";',
      'import {\n  type B,\n  b,\n} from "../model/b.ts";',
      'const b = await import("../model/b.ts");',
    ]) {
      assert.match(complaintsFor("src/base/a.ts", text), /may not import model/, text);
    }
  });

  test("main and worker do not know each other", () => {
    assert.match(
      complaintsFor("src/main/a.ts", 'import { b } from "../worker/b.ts";'),
      /may not import worker/,
    );
    assert.match(
      complaintsFor("src/worker/a.ts", 'import { b } from "../main/b.ts";'),
      /may not import main/,
    );
  });

  test("io takes the port's types from engine, and nothing else", () => {
    assert.equal(complaintsFor("src/io/node/a.ts", 'import type { Port } from "../../engine/port.ts";'), "");
    assert.match(
      complaintsFor("src/io/a.ts", 'import type { E } from "../engine/engine.ts";'),
      /only src\/engine\/port.ts/,
    );
    assert.match(
      complaintsFor("src/io/a.ts", 'import { Port } from "../engine/port.ts";'),
      /only types of engine/,
    );
  });

  test("the client library takes types of model, and only framing as code", () => {
    assert.equal(complaintsFor("src/client/a.ts", 'import { FrameReader } from "../model/framing.ts";'), "");
    assert.equal(complaintsFor("src/client/a.ts", 'import { type Order } from "../model/catalogue.ts";'), "");
    assert.match(
      complaintsFor("src/client/a.ts", 'import { parseOrder } from "../model/catalogue.ts";'),
      /only types/,
    );
  });

  test("koffi belongs to sys, zod to model, commander to cli", () => {
    assert.equal(complaintsFor("src/sys/a.ts", 'import koffi from "koffi";'), "");
    assert.match(
      complaintsFor("src/io/a.ts", 'import koffi from "koffi";'),
      /may not import the package koffi/,
    );
    assert.match(
      complaintsFor("src/main/a.ts", 'import { z } from "zod";'),
      /may not import the package zod/,
    );
    assert.match(
      complaintsFor("src/client/a.ts", 'import { Command } from "commander";'),
      /package commander/,
    );
  });

  test("a pure room imports nothing of Node, a node room may, and so may a test", () => {
    assert.match(complaintsFor("src/engine/a.ts", 'import { connect } from "node:net";'), /pure room/);
    assert.equal(complaintsFor("src/main/a.ts", 'import { connect } from "node:net";'), "");
    assert.equal(complaintsFor("src/engine/a.test.ts", 'import { test } from "node:test";'), "");
  });

  test("a test reaches down and to the testing folder, never up", () => {
    assert.equal(complaintsFor("src/engine/a.test.ts", 'import { S } from "../../testing/sim/sim.ts";'), "");
    assert.match(
      complaintsFor("src/engine/a.test.ts", 'import { m } from "../main/m.ts";'),
      /put the test there/,
    );
  });

  test("source does not reach outside src, and a room without a row in the table is refused", () => {
    assert.match(complaintsFor("src/main/a.ts", 'import { S } from "../../testing/sim.ts";'), /outside src/);
    assert.match(complaintsFor("src/attic/a.ts", "export const a = 1;"), /no room/);
  });
});

suite("references", () => {
  test("a project that references more than the table, or has Node's types in a pure room, is refused", () => {
    const project = (base: string, references: string[]): SourceFile =>
      file(
        "src/http1/tsconfig.json",
        JSON.stringify({ extends: base, references: references.map((path) => ({ path })) }),
      );
    const about = (candidate: SourceFile): string =>
      messages(checkReferences([candidate]).filter((complaint) => complaint.path === candidate.path));
    assert.equal(about(project("../../tsconfig.pure.json", ["../base", "../http"])), "");
    assert.match(
      about(project("../../tsconfig.pure.json", ["../base", "../http", "../io"])),
      /tools\/rooms.ts says/,
    );
    assert.match(about(project("../../tsconfig.node.json", ["../base", "../http"])), /pure room/);
    assert.match(messages(checkReferences([])), /src\/sys\/tsconfig.json: missing/);
  });
});

suite("sizes", () => {
  test("a source file of 400 lines passes and one of 401 does not; a test may have 800", () => {
    const lines = (count: number): string => "x\n".repeat(count);
    assert.equal(messages(checkFileSize(file("src/a.ts", lines(400)))), "");
    assert.match(messages(checkFileSize(file("src/a.ts", lines(401)))), /401 lines, at most 400/);
    assert.equal(messages(checkFileSize(file("src/a.test.ts", lines(800)))), "");
    assert.match(messages(checkFileSize(file("src/a.test.ts", lines(801)))), /801 lines/);
  });

  test("a function of 70 lines passes and one of 71 does not, whatever its form", () => {
    const body = (lines: number, indent: string): string => `${indent}x();\n`.repeat(lines - 2);
    const forms: Readonly<Record<string, (lines: number) => string>> = {
      declared: (lines) => `export function long(a: number): void {\n${body(lines, "  ")}}\n`,
      broken: (lines) => `function long(\n  a: number,\n): void {\n${body(lines - 2, "  ")}}\n`,
      arrow: (lines) => `const long = (a: number): void => {\n${body(lines, "  ")}};\n`,
      method: (lines) => `class A {\n  #long(a: number): void {\n${body(lines, "    ")}  }\n}\n`,
    };
    for (const [name, form] of Object.entries(forms)) {
      assert.equal(messages(checkFunctionSize(file("src/a.ts", form(70)))), "", name);
      assert.match(messages(checkFunctionSize(file("src/a.ts", form(71)))), /long has 71 lines/, name);
    }
  });

  test("calls, conditions and signatures are no functions", () => {
    const text =
      "class A {\n  run() {\n    if (a) {\n      b();\n    }\n  }\n  call(x);\n}\ninterface B {\n  c(): void;\n}\n";
    assert.deepEqual(functionsOf(text), [{ name: "run", line: 2, lines: 5 }]);
  });

  test("a line of 111 columns is refused, unless one literal or a table makes it so", () => {
    assert.match(messages(checkColumns(file("src/a.ts", ` * ${"x ".repeat(55)}`))), /113 columns/);
    assert.equal(messages(checkColumns(file("src/a.ts", `const a = "${"x".repeat(110)}";`))), "");
    assert.equal(messages(checkColumns(file("src/a.ts", "x".repeat(110)))), "");
    assert.equal(messages(checkColumns(file("src/a.ts", ` * | ${"x".repeat(110)} |`))), "");
  });
});

suite("marks", () => {
  const marksIn = (path: string, text: string): string => messages(checkMarks(file(path, text)));

  test("what is unfinished, unchecked or of one machine is refused", () => {
    const refused = [
      ["src/a.ts", `// TO${"DO"} later`],
      ["docs/a.md", `FIX${"ME"}: write this`],
      ["src/a.ts", `const a = b as a${"ny"};`],
      ["src/a.ts", `// @ts-ig${"nore"}`],
      ["src/a.ts", `// oxlint-dis${"able"}-next-line eqeqeq`],
      ["src/a.ts", `debug${"ger"};`],
      ["src/a.test.ts", `test.on${"ly"}("x", () => {});`],
      ["src/a.test.ts", `test("x", { skip: tr${"ue"} }, () => {});`],
      ["docs/a.md", `look in /wo${"rk"}/main`],
      ["tools/a.ts", `const folder = "/tm${"p"}/kakehi";`],
      ["docs/a.md", `https://regis${"try"}.example.org/kakehi`],
    ] as const;
    for (const [path, text] of refused) assert.match(marksIn(path, text), /\(marks\)/, text);
  });

  test("the same letters in other words are not", () => {
    for (const text of ["a tomato document", "worker/entry.ts and src/home.ts", "as anything", "mastodon"]) {
      assert.equal(marksIn("src/a.ts", text), "", text);
    }
    assert.equal(
      marksIn("src/a.ts", `// oxlint-dis${"able"}-next-line eqeqeq -- null and undefined are one here`),
      "",
    );
  });

  test("a source file begins with its header, after a hash-bang if there is one; a test needs none", () => {
    assert.equal(messages(checkHeader(file("src/a.ts", "/**\n * It is a.\n */\n"))), "");
    assert.equal(messages(checkHeader(file("src/a.ts", "#!/usr/bin/env node\n/** It is a. */\n"))), "");
    assert.match(messages(checkHeader(file("src/a.ts", 'import "b";\n'))), /without a header/);
    assert.equal(messages(checkHeader(file("src/a.test.ts", 'import "b";\n'))), "");
  });
});

suite("words", () => {
  const lexicon = [
    "## Words that the check refuses",
    "",
    "| Word | Say instead |",
    "| --- | --- |",
    "| `master`, `slave` | main, worker |",
    "",
    "## Verbs",
    "| `other` | nothing |",
  ].join("\n");
  const refused = parseRefusedWords(lexicon);
  const wordsIn = (text: string, path = "src/main/a.ts"): string =>
    messages(checkWords(file(path, text), refused));

  test("the list is the lexicon's own table", () => {
    assert.deepEqual(refused, [
      { word: "master", instead: "main, worker" },
      { word: "slave", instead: "main, worker" },
    ]);
  });

  test("a refused word is found in prose and in names, and not inside another word", () => {
    for (const text of [
      "// the master",
      "const masterPid = 1;",
      "class Master {}",
      "const isMaster = 1;",
      "masters",
    ]) {
      assert.match(wordsIn(text), /"master": say main, worker/, text);
    }
    for (const text of ["mastery", "remastered", "// the main process"])
      assert.equal(wordsIn(text), "", text);
  });

  test("a vague verb is refused where a name is defined, not where another's function is called", () => {
    for (const text of [
      "function handleOrder(a: A): void {",
      "  processAll(): void {",
      "  #doIt(a: A): B {",
    ]) {
      assert.match(wordsIn(text), /says nothing/, text);
    }
    for (const text of [
      "  socket.getPeer();",
      "function document(): void {",
      "function handleOf(a: A): H {",
      "  managed(): void {",
    ]) {
      assert.equal(wordsIn(text), "", text);
    }
  });

  test("a file that names no noun is refused", () => {
    assert.match(wordsIn("", "src/main/utils.ts"), /names no noun/);
    assert.match(wordsIn("", "src/main/index.ts"), /names no noun/);
  });
});

suite("documents", () => {
  const there = [file("src/model/state.ts", ""), file("docs/orders.md", ""), file("docs/decisions/a.md", "")];
  const found = (path: string, text: string): string =>
    messages(checkDocuments([...there, file(path, text)]));

  test("a file that is named and gone is complained of; one below src/ may be named from there", () => {
    assert.equal(found("A.md", "`model/state.ts` and `src/model/state.ts`"), "");
    assert.match(found("A.md", "`model/attic.ts`"), /A.md:1: names model\/attic.ts, which is not there/);
  });

  test("a link that leads nowhere is complained of, wherever the page stands", () => {
    assert.equal(
      found("A.md", "[o](docs/orders.md#add) [d](docs/decisions/) [w](https://example.org/x.md)"),
      "",
    );
    assert.equal(found("docs/b.md", "[o](orders.md) [a](decisions/a.md)"), "");
    assert.match(found("docs/b.md", "[o](attic.md)"), /links attic.md/);
  });
});

test("an excuse that excuses nothing is a complaint itself, and a used one is not", () => {
  const long = file("src/base/a.ts", `/** A. */\n${"x\n".repeat(400)}`);
  const entry = { rule: "file-size", path: "src/base/a.ts", reason: "to be split" };
  const about = (files: readonly SourceFile[]): string =>
    messages(tidy(files, [entry]).filter((complaint) => complaint.path === entry.path));
  assert.equal(about([long]), "");
  assert.match(about([file("src/base/a.ts", "/** A. */\n")]), /remove the entry/);
});

test("a logic file without a test beside it is reported; types alone are not", () => {
  const files = [
    file("src/model/a.ts", "export function a(): void {}"),
    file("src/model/b.ts", "export function b(): void {}"),
    file("src/model/b.test.ts", ""),
    file("src/model/c.ts", "export interface C {}"),
    file("src/main/d.ts", "export function d(): void {}"),
  ];
  assert.deepEqual(withoutTestBeside(files), ["src/model/a.ts"]);
});
