import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BufferPool } from "../../base/buffer-pool.ts";
import { SendQueues } from "./send-queues.ts";

const POOL = { count: 8, bufferBytes: 100 };

function newQueues(): { pool: BufferPool; queues: SendQueues } {
  const pool = new BufferPool(new Uint8Array(BufferPool.bytesFor(POOL.count, POOL.bufferBytes)), POOL);
  return { pool, queues: new SendQueues(4, pool) };
}

/** The bytes of a queue, as places in the pool's memory. */
function placesOf(queues: SendQueues, connection: number): number[] {
  const pairs = new Int32Array(4_000);
  const count = queues.gather(connection, pairs, 2_000);
  return Array.from({ length: count }, (_, index) =>
    Array.from({ length: pairs[index * 2 + 1]! }, (_unused, at) => pairs[index * 2]! + at),
  ).flat();
}

test("bytes leave in the order they were queued, however they are cut, and every reference comes back", () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant("append" as const),
      buffer: fc.nat(7),
      start: fc.nat(100),
      length: fc.nat(50),
    }),
    fc.record({ kind: fc.constant("consume" as const), bytes: fc.nat(120) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { pool, queues } = newQueues();
      for (let taken = 0; taken < POOL.count; taken++) pool.take();
      let expected: number[] = [];
      for (const one of steps) {
        if (one.kind === "append") {
          const start = pool.startOf(one.buffer) + one.start;
          const end = Math.min(start + one.length, pool.startOf(one.buffer) + POOL.bufferBytes);
          pool.retain(one.buffer);
          queues.append(2, one.buffer, start, end);
          for (let place = start; place < end; place++) expected.push(place);
        } else {
          const bytes = Math.min(one.bytes, expected.length);
          queues.consume(2, bytes);
          expected = expected.slice(bytes);
        }
        assert.deepEqual(placesOf(queues, 2), expected);
        assert.equal(queues.unsentBytes(2), expected.length);
      }
      queues.drop(2);
      for (let buffer = 0; buffer < POOL.count; buffer++) assert.equal(pool.references(buffer), 1);
    }),
  );
});

test("neighbours become one slice with one reference", () => {
  const { pool, queues } = newQueues();
  const buffer = pool.take();
  const start = pool.startOf(buffer);
  pool.retain(buffer);
  queues.append(0, buffer, start, start + 10);
  queues.append(0, buffer, start + 10, start + 30);
  assert.ok(queues.isSingle(0));
  assert.equal(queues.firstBytes(0), 30);
  assert.equal(pool.references(buffer), 1);
});

test("the queues grow with what is queued, and those of other connections are not touched", () => {
  const { pool, queues } = newQueues();
  const buffer = pool.take();
  const start = pool.startOf(buffer);
  for (let count = 0; count < 5_000; count++) {
    pool.retain(buffer);
    pool.retain(buffer);
    queues.append(1, buffer, start + (count % 2) * 50, start + (count % 2) * 50 + 1);
    queues.append(3, buffer, start + (count % 2) * 50, start + (count % 2) * 50 + 1);
  }
  queues.drop(1);
  assert.equal(queues.unsentBytes(3), 5_000);
  queues.consume(3, 5_000);
  assert.equal(pool.references(buffer), 1);
});

test("more written than was queued stops us", () => {
  const { queues } = newQueues();
  assert.throws(() => queues.consume(0, 1), /more than was queued/);
});
