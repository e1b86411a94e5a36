import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOSING, Connections, OPEN, RECEIVE_BIT } from "./connections.ts";

test("a number is given out again only when the kernel is done with it", () => {
  const connections = new Connections(2);
  const first = connections.take(10, OPEN);
  connections.take(11, OPEN);
  assert.equal(connections.take(12, OPEN), -1);
  connections.operations[first] = RECEIVE_BIT;
  connections.phase[first] = CLOSING;
  connections.freeWhenQuiet(first);
  assert.equal(connections.take(12, OPEN), -1);
  connections.operations[first] = 0;
  connections.freeWhenQuiet(first);
  assert.equal(connections.take(12, OPEN), first);
  assert.equal(connections.fd[first], 12);
});

test("only a connection that is open may be named", () => {
  const connections = new Connections(2);
  const connection = connections.take(10, OPEN);
  connections.check(connection);
  for (const wrong of [-1, 1, 2, 0.5, Number.NaN, 2 ** 31]) {
    assert.throws(() => connections.check(wrong), /not open/, String(wrong));
  }
  connections.phase[connection] = CLOSING;
  assert.throws(() => connections.check(connection), /not open/);
});

test("a connection touched twice is remembered once", () => {
  const connections = new Connections(3);
  connections.touch(1);
  connections.touch(2);
  connections.touch(1);
  assert.deepEqual(new Set([connections.nextTouched(), connections.nextTouched()]), new Set([1, 2]));
  assert.equal(connections.nextTouched(), -1);
  connections.touch(1);
  assert.equal(connections.nextTouched(), 1);
});
