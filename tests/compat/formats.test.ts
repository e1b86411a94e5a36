/** Every format that a release has written can be read by this one: a fixture of each stays here for ever. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { openBlock, readBlocks } from "../../src/main/history/block.ts";
import { DOCUMENT_FORMAT, parseDocument } from "../../src/model/upgrade-document.ts";

test("a document of format 1, of a main that becomes another program, is read whole", () => {
  const text = readFileSync(new URL("upgrade-document-1.json", import.meta.url), "utf8");
  const read = parseDocument(text);
  assert.ok(read.ok, read.ok ? "" : read.error);
  assert.deepEqual(read.value.main, (JSON.parse(text) as { readonly main: unknown }).main);
  const kinds = read.value.main.sessions.flatMap(({ orders }) => orders.map(({ order }) => order.kind));
  assert.deepEqual(kinds, ["drain", "wait-revision", "subscription", "upgrade"]);
});

test("this version's format has its document here", () => {
  assert.ok(existsSync(new URL(`upgrade-document-${DOCUMENT_FORMAT}.json`, import.meta.url)));
});

test("a block of history of format 1 is read whole", () => {
  const bytes = readFileSync(new URL("history-1.blocks", import.meta.url));
  const { blocks, damage, wholeBytes } = readBlocks(bytes);
  assert.deepEqual([blocks.length, damage, wholeBytes], [1, undefined, bytes.length]);
  const opened = openBlock(blocks[0]!);
  assert.ok(opened.ok, opened.ok ? "" : opened.error);
  assert.deepEqual(
    opened.value.map(({ revision, order, order_id, undo }) => [revision, order, order_id, undo[0]!.key]),
    [
      [1, "ADD_CLUSTER", "41", "app"],
      [2, "REMOVE_CLUSTER", null, "app"],
    ],
  );
});
