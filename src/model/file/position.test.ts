import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { findPosition, type Position, type ValuePath } from "./position.ts";

const TEXT = `# A comment with [brackets] and "quotes"
owns = ["listeners", "clusters"] # [after]

[socket]
  path = "/run/a#b"   # not the comment

[[clusters]]
cluster_id = 'one'
health_check = { path = "/health", "status" = [200, 204] }

  [[clusters.backends]]
  backend_id = "a"

  [[clusters.backends]]
  backend_id = """
multi [[clusters]] "line"
"""
  weight = 7

[[clusters]]
tls.server_name = "x"
cluster_id = "two"
[clusters.tags]
"a b" = 1
`;

function wordAt({ line, column }: Position): string {
  return TEXT.split("\n")
    .slice(line - 1)
    .join("\n")
    .slice(column - 1);
}

test("a value's key is found: in tables, in tables of lists, inline, quoted, after comments and strings", () => {
  const cases: readonly (readonly [ValuePath, string])[] = [
    [["owns", 1], '"clusters"]'],
    [["socket", "path"], "path ="],
    [["clusters", 0, "health_check", "path"], 'path = "/health"'],
    [["clusters", 0, "health_check", "status", 1], "204]"],
    [["clusters", 0, "backends", 0, "backend_id"], 'backend_id = "a"'],
    [["clusters", 0, "backends", 1, "weight"], "weight = 7"],
    [["clusters", 1, "tls", "server_name"], "server_name ="],
    [["clusters"], "[[clusters]]\ncluster_id = 'one'"],
    [["clusters", 0, "backends"], '[[clusters.backends]]\n  backend_id = "a"'],
    [["clusters", 1, "tags", "a b"], '"a b" = 1'],
  ];
  for (const [path, word] of cases) assert.ok(wordAt(findPosition(TEXT, path)).startsWith(word), path.join());
});

test("of what is not written down, the table around it is told, or the start of the file", () => {
  assert.deepEqual(findPosition(TEXT, ["clusters", 0, "backends", 1, "address"]), { line: 14, column: 3 });
  assert.deepEqual(findPosition(TEXT, ["clusters", 1, "load_balancing"]), { line: 20, column: 1 });
  assert.deepEqual(findPosition(TEXT, ["nothing"]), { line: 1, column: 1 });
});

test("a key of tens of thousands of names takes no longer than its text", { timeout: 10_000 }, () => {
  const deep = "a.".repeat(100_000);
  const text = `${deep}a = 1\n[${deep}b]\nc = 2\n[d]\ne = 3\n`;
  assert.deepEqual(findPosition(text, ["d", "e"]), { line: 5, column: 1 });
  assert.deepEqual(findPosition(text, ["a"]), { line: 1, column: 1 });
});

const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
const tree = fc.letrec<{ table: Record<string, unknown> }>((tie) => ({
  table: fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom("a", "b c", "d.e", 'f"g', "h'i")).filter((k) => k !== "__proto__"),
    fc.oneof(
      { depthSize: "small" },
      leaf,
      tie("table"),
      fc.array(tie("table"), { minLength: 1, maxLength: 3 }),
    ),
    { maxKeys: 4 },
  ),
})).table;

const KEY = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^ =]+)/;

function* leavesOf(value: unknown, path: ValuePath): Iterable<ValuePath> {
  if (typeof value !== "object" || value === null) yield path;
  else if (Array.isArray(value))
    for (const [at, each] of value.entries()) yield* leavesOf(each, [...path, at]);
  else for (const [name, each] of Object.entries(value)) yield* leavesOf(each, [...path, name]);
}

test("law: what stands at the position of a value is its key, or the value itself in a list", () => {
  fc.assert(
    fc.property(tree, (table) => {
      const text = stringify(table);
      for (const path of leavesOf(parse(text), [])) {
        const { line, column } = findPosition(text, path);
        const rest = text
          .split("\n")
          .slice(line - 1)
          .join("\n")
          .slice(column - 1);
        const name = path.at(-1)!;
        if (typeof name === "number") assert.ok(column > 1, text);
        else assert.deepEqual(Object.keys(parse(`${KEY.exec(rest)?.[0]} = 0`)), [name], text);
      }
    }),
    { numRuns: 200 },
  );
});

test("a string and a run of comments as large as a file are passed over", () => {
  const large = 'x"\n'.repeat(1_000_000);
  const text = `a = """${large}"""\n${"# comment\n".repeat(300_000)}b = 1\n`;
  assert.equal(findPosition(text, ["b"]).line, 1_300_002);
});

test("whatever the text is, the search ends", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from("[]{}=.\"'#,\n a1")) }), (text) => {
      const { line, column } = findPosition(text, ["a", 0, "a", "1"]);
      assert.ok(line >= 1 && column >= 1);
    }),
  );
});
