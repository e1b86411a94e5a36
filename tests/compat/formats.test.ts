/** Every format that a release has written can be read by this one: a fixture of each stays here for ever. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { CarriedDrainWait, CarriedMain } from "../../src/model/carried.ts";
import { openBlock, readBlocks } from "../../src/main/history/block.ts";
import { DOCUMENT_FORMAT, parseDocument } from "../../src/model/upgrade-document.ts";

function carriedIn(format: number): { readonly main: CarriedMain; readonly written: unknown } {
  const text = readFileSync(new URL(`upgrade-document-${format}.json`, import.meta.url), "utf8");
  const read = parseDocument(text);
  assert.ok(read.ok, read.ok ? "" : read.error);
  return { main: read.value.main, written: (JSON.parse(text) as { readonly main: unknown }).main };
}

const kindsOf = ({ sessions }: CarriedMain): readonly string[] =>
  sessions.flatMap(({ orders }) => orders.map(({ order }) => order.kind));

test("a document of format 1, of a main that becomes another program, is read; its drains' one deadline is that of each", () => {
  const { main } = carriedIn(1);
  assert.deepEqual(kindsOf(main), ["drain", "wait-revision", "subscription", "upgrade"]);
  const drain = main.sessions[0]!.orders[0]!.order as CarriedDrainWait;
  assert.deepEqual(drain.deadlines, [{ at_ms: 1790000030000.5, on_deadline: "close", drains: [3] }]);
  assert.deepEqual([drain.drains, drain.unwaited, drain.progress_ms], [[3], [], 1_000]);
});

test("a document of format 2, with Sōzu's orders and a deadline that nobody waits for, is read whole", () => {
  const { main, written } = carriedIn(2);
  assert.deepEqual(main, written);
  const kinds = ["drain", "wait-revision", "subscription", "dialect", "dialect-events", "upgrade"];
  assert.deepEqual(kindsOf(main), kinds);
  assert.equal(main.drains.lasting[0]!.close_at_ms, 1790000030000.5);
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
