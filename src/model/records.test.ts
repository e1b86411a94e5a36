import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type FileRecord, RecordReader, recordText } from "./records.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Reads whole, in pieces and byte by byte, up to a damaged record; all must agree. */
function read(text: string): readonly FileRecord[] {
  const records = readPieces([encode(text)]);
  for (const pieceBytes of [1, 7]) {
    const bytes = encode(text);
    const count = Math.ceil(bytes.length / pieceBytes);
    const pieces = Array.from({ length: count }, (_, at) =>
      bytes.subarray(at * pieceBytes, (at + 1) * pieceBytes),
    );
    assert.deepEqual(readPieces(pieces), records);
  }
  return records;
}

function readPieces(pieces: readonly Uint8Array[]): readonly FileRecord[] {
  const reader = new RecordReader();
  const records: FileRecord[] = [];
  for (const piece of pieces) {
    records.push(...reader.push(piece));
    if (records.at(-1)?.kind === "damaged") return records;
  }
  return [...records, ...[reader.end() ?? []].flat()];
}

test("each record knows its number and where it begins", () => {
  assert.deepEqual(read(`${recordText({ a: 1 })}${recordText({ b: 2 })}`), [
    { kind: "record", number: 1, atByte: 0, value: { a: 1 } },
    { kind: "record", number: 2, atByte: 8, value: { b: 2 } },
  ]);
});

test("a record that the file cuts short is unfinished, complete JSON or not", () => {
  for (const rest of ['{"b":', '\n{"b":2}']) {
    assert.deepEqual(read(`${recordText({ a: 1 })}${rest}`)[1], { kind: "unfinished", number: 2, atByte: 8 });
  }
  assert.equal(read(recordText({ a: 1 })).length, 1);
});

test("plain records and others are read alike, whole and byte by byte", () => {
  const piece = fc.constantFrom(
    '{"a":1}',
    '{"a":"ü"}',
    '{"a":"\ufeff"}',
    "[1]",
    "{oops",
    "1},{",
    "\n",
    " ",
    "\ufeff",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => void read(pieces.join("\0"))));
});

test("a damaged record is named with the reason", () => {
  const [, damaged] = new RecordReader().push(encode(`${recordText({ a: 1 })}{oops\0\n`));
  assert.equal(damaged?.kind, "damaged");
  assert.deepEqual([damaged.number, damaged.atByte], [2, 8]);
});

test("a record without end is damaged before it fills the memory", () => {
  const reader = new RecordReader();
  const piece = encode("x".repeat(65_536));
  let last: FileRecord | undefined;
  for (let pieces = 0; pieces < 100 && last === undefined; pieces++) last = reader.push(piece)[0];
  assert.equal(last?.kind, "damaged");
});
