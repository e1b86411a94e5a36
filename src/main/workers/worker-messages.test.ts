import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change, ToWorker } from "../../model/channel.ts";
import { encodeApply, StateLoad } from "./worker-messages.ts";

const changes = (count: number): readonly Change[] =>
  Array.from({ length: count }, (_, index) => ({ kind: "cluster", key: String(index) }));

const decode = (text: string): ToWorker => JSON.parse(text.slice(0, -1)) as ToWorker;

/** The keys that arrive, message by message. */
const shape = (messages: readonly string[]): string[] =>
  messages.map((text) => {
    const message = decode(text);
    const keys = "changes" in message ? message.changes.map((change) => change.key).join("") : "";
    return `${message.type} ${keys}`;
  });

test("a small change is one message", () => {
  assert.deepEqual(shape(encodeApply({ revision: 1, changes: changes(3), drains: [] }, 3)), ["apply 012"]);
});

test("a large change travels in parts, and only its last message makes it happen", () => {
  assert.deepEqual(shape(encodeApply({ revision: 1, changes: changes(7), drains: [] }, 3)), [
    "part 012",
    "part 345",
    "apply 6",
  ]);
});

test("an empty state is one load, and it is the last", () => {
  const load = new StateLoad(5, [], 3);
  assert.equal(load.count, 1);
  assert.deepEqual(decode(load.message(0)), { type: "load", revision: 5, changes: [], last: true });
});

test("a state is loaded in parts, and only the last says so", () => {
  const load = new StateLoad(5, changes(6), 3);
  const messages = Array.from({ length: load.count }, (_, index) => load.message(index));
  assert.deepEqual(shape(messages), ["load 012", "load 345"]);
  assert.deepEqual(
    messages.map((text) => JSON.parse(text.slice(0, -1)).last),
    [false, true],
  );
});
