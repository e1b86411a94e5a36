import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters, styleText } from "node:util";
import { type Column, formatTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly count?: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", cell: (row) => row.name },
  { title: "COUNT", align: "right", cell: (row) => row.count },
  { title: "MANY", cell: (row) => (row.count ?? 0) > 9 },
];

function plain(rows: readonly Row[]): string[] {
  return stripVTControlCharacters(formatTable(COLUMNS, rows)).split("\n");
}

test("columns are as wide as they need to be, numbers at the right, nothing behind the last", () => {
  assert.deepEqual(
    plain([{ name: "a", count: 5 }, { name: "a longer name", count: 1_000_000 }, { name: "b" }]),
    [
      "NAME             COUNT  MANY",
      "a                    5  no",
      "a longer name  1000000  yes",
      "b                    -  no",
      "",
    ],
  );
});

test("without rows there are the titles", () => {
  assert.deepEqual(plain([]), ["NAME  COUNT  MANY", ""]);
});

test("a value cannot steer the terminal", () => {
  const table = formatTable(COLUMNS, [
    { name: `${styleText("red", "x", { validateStream: false })}\n\u009b2J` },
  ]);
  assert.equal(table.split("\n").length, 3);
  assert(!table.split("\n")[1]!.includes("\u001b") && !table.includes("\u009b"));
});
