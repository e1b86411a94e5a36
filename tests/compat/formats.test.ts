/** Every format that a release has written can be read by this one: a fixture of each stays here for ever. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type {
  CarriedDrain,
  CarriedDrainWait,
  CarriedFile,
  CarriedMain,
  CarriedSession,
  CarriedSwap,
  CarriedUpgrade,
} from "../../src/model/carried.ts";
import { openBlock, readBlocks } from "../../src/main/history/block.ts";
import { DOCUMENT_FORMAT, parseDocument } from "../../src/model/upgrade-document.ts";

function carriedIn(name: string): { readonly main: CarriedMain; readonly written: unknown } {
  const text = readFileSync(new URL(`upgrade-document-${name}.json`, import.meta.url), "utf8");
  const read = parseDocument(text);
  assert.ok(read.ok, read.ok ? "" : read.error);
  return { main: read.value.main, written: (JSON.parse(text) as { readonly main: unknown }).main };
}

/** Complete, or they do not compile: whoever carries a field more adds it here, and to a document. */
const MAIN_FIELDS: Readonly<Record<keyof CarriedMain, true>> = {
  revision: true,
  hash: true,
  state_fd: true,
  journal_bytes: true,
  history_fd: true,
  socket_lock_fd: true,
  state_lock_fd: true,
  command_socket_fd: true,
  read_socket_fd: true,
  sessions: true,
  own_orders: true,
  listeners: true,
  workers: true,
  drains: true,
  secrets: true,
  events: true,
  counters: true,
  former_totals: true,
  started_ms: true,
  program: true,
  niceness: true,
  demo_fd: true,
  configuration_file: true,
};
const SESSION_FIELDS: Readonly<Record<keyof CarriedSession, true>> = {
  fd: true,
  via: true,
  unread: true,
  unsent: true,
  orders: true,
};
const DRAIN_FIELDS: Readonly<Record<keyof CarriedDrain, true>> = {
  drain: true,
  order: true,
  kind: true,
  key: true,
  stays: true,
  since_ms: true,
  close_at_ms: true,
};
const UPGRADE_FIELDS: Readonly<Record<keyof CarriedUpgrade, true>> = {
  kind: true,
  from_version: true,
  from_program: true,
  from_command: true,
  workers: true,
  failure: true,
};
const SWAP_FIELDS: Readonly<Record<keyof CarriedSwap, true>> = {
  kind: true,
  swap: true,
  if_revision: true,
  until_ms: true,
};
const FILE_FIELDS: Readonly<Record<keyof CarriedFile, true>> = { path: true, settings: true, rights: true };

const kindsOf = ({ sessions }: CarriedMain): readonly string[] =>
  sessions.flatMap(({ orders }) => orders.map(({ order }) => order.kind));

test("a document of format 1, of a main that becomes another program, is read; its drains' one deadline is that of each", () => {
  const { main } = carriedIn("1");
  assert.deepEqual(kindsOf(main), ["drain", "wait-revision", "subscription", "upgrade"]);
  const drain = main.sessions[0]!.orders[0]!.order as CarriedDrainWait;
  assert.deepEqual(drain.deadlines, [{ at_ms: 1790000030000.5, on_deadline: "close", drains: [3] }]);
  assert.deepEqual([drain.drains, drain.unwaited, drain.progress_ms], [[3], [], 1_000]);
});

test("a document of format 2, with Sōzu's orders and a deadline that nobody waits for, is read whole", () => {
  const { main, written } = carriedIn("2");
  assert.deepEqual(main, written);
  const kinds = ["drain", "wait-revision", "subscription", "dialect", "dialect-events", "upgrade"];
  assert.deepEqual(kindsOf(main), kinds);
  assert.equal(main.drains.lasting[0]!.close_at_ms, 1790000030000.5);
});

test("a document of format 2 with what came to it later (rights, a socket for looking, history in memory) is read whole", () => {
  const { main, written } = carriedIn("2-later");
  assert.deepEqual(main, written);
  assert.deepEqual(main.configuration_file?.rights?.[1]?.clusters, ["shop-*", "cart"]);
});

test("a document of format 3, with swaps of backends, is read whole", () => {
  const { main, written } = carriedIn("3");
  assert.deepEqual(main, written);
  const swap = main.sessions.flatMap(({ orders }) => orders).find(({ id }) => id === "swap");
  assert.deepEqual(Object.keys(swap!.order), Object.keys(SWAP_FIELDS));
});

test("every field that this version carries stands in a document of its format", () => {
  const mains = [carriedIn("3").main];
  const sessions = mains.flatMap((main) => main.sessions);
  const orders = sessions.flatMap((session) => session.orders.map(({ order }) => order));
  const drains = mains.flatMap((main) => main.drains.lasting);
  const upgrades = orders.filter(({ kind }) => kind === "upgrade");
  const swaps = orders.filter(({ kind }) => kind === "swap-backends");
  const files = mains.flatMap((main) => main.configuration_file ?? []);
  const held: readonly (readonly [fields: object, objects: readonly object[]])[] = [
    [MAIN_FIELDS, mains],
    [SESSION_FIELDS, sessions],
    [DRAIN_FIELDS, drains],
    [UPGRADE_FIELDS, upgrades],
    [SWAP_FIELDS, swaps],
    [FILE_FIELDS, files],
  ];
  for (const [fields, objects] of held) {
    const lacking = Object.keys(fields).filter((name) => !objects.some((object) => name in object));
    assert.deepEqual(lacking, []);
  }
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
