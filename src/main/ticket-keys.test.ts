import assert from "node:assert/strict";
import { test } from "node:test";
import { TicketKeys } from "./ticket-keys.ts";

/** Keys whose time is over when `due` is called. */
function newKeys(): { keys: TicketKeys; due: () => void; waiting: () => number; told: () => number } {
  const waiting = new Set<() => void>();
  let told = 0;
  const keys = new TicketKeys({
    previousMax: 2,
    later: (action) => {
      waiting.add(action);
      return () => waiting.delete(action);
    },
    rotated: () => told++,
  });
  const due = (): void => {
    for (const action of [...waiting]) {
      waiting.delete(action);
      action();
    }
  };
  return { keys, due, waiting: () => waiting.size, told: () => told };
}

test("there is one key at the start, of the sizes that workers take", () => {
  const { keys } = newKeys();
  assert.equal(keys.keys.length, 1);
  const [key] = keys.keys;
  const sizes = [key!.name, key!.hmac_key, key!.aes_key].map((text) => Buffer.from(text, "base64").length);
  assert.deepEqual(sizes, [16, 32, 32]);
});

test("a new key comes first, two before it are still taken, and older ones are gone", () => {
  const { keys, due, told } = newKeys();
  const seen: string[] = [keys.keys[0]!.name];
  for (let round = 1; round <= 4; round++) {
    due();
    seen.unshift(keys.keys[0]!.name);
    assert.deepEqual(
      keys.keys.map(({ name }) => name),
      seen.slice(0, 3),
    );
  }
  assert.equal(new Set(seen).size, 5, "each is another");
  assert.equal(told(), 4);
});

test("after the stop no key is made", () => {
  const { keys, due, waiting, told } = newKeys();
  due();
  keys.stop();
  assert.equal(waiting(), 0);
  due();
  assert.equal(told(), 1);
});
