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

test("drains travel with the parts, each once", () => {
  const drains = changes(5).map(({ kind, key }, drain) => ({ drain, kind, key }));
  const messages = encodeApply({ revision: 1, changes: changes(7), drains }, 3).map(decode);
  const counts = messages.map((message) => ("drains" in message ? message.drains.length : -1));
  assert.deepEqual(counts, [3, 2, 0]);
});

function loadOf(revision: number, all: readonly Change[]): StateLoad {
  const load = new StateLoad(3);
  load.add(all);
  load.end(revision);
  return load;
}

const messagesOf = (load: StateLoad): string[] =>
  Array.from({ length: load.count }, (_, index) => load.message(index));

test("an empty state is one load, and it is the last", () => {
  const load = loadOf(5, []);
  assert.equal(load.count, 1);
  assert.deepEqual(decode(load.message(0)), { type: "load", revision: 5, changes: [], last: true });
});

test("a state is loaded in parts, and only the last says so", () => {
  const messages = messagesOf(loadOf(5, changes(6)));
  assert.deepEqual(shape(messages), ["load 012", "load 345"]);
  assert.deepEqual(
    messages.map((text) => JSON.parse(text.slice(0, -1)).last),
    [false, true],
  );
});

test("a state that grows gives what is full, tells when there is more, and its last part at its end", () => {
  const load = new StateLoad(3);
  let told = 0;
  const stop = load.watch(() => told++);
  const all = changes(8);
  const counts = all.map((change) => {
    load.add([change]);
    return load.count;
  });
  assert.deepEqual(counts, [0, 0, 0, 1, 1, 1, 2, 2]);
  assert.equal(told, 2);
  const early = messagesOf(load);
  load.end(7);
  assert.equal(told, 3);
  assert.deepEqual(shape(messagesOf(load)), ["load 012", "load 345", "load 67"]);
  assert.deepEqual(messagesOf(load).slice(0, 2), early);
  assert.deepEqual(
    messagesOf(load).map((text) => JSON.parse(text.slice(0, -1)).last),
    [false, false, true],
  );
  stop();
  load.add(all);
  assert.equal(told, 3);
});
