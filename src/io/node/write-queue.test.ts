import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { BufferPool } from "../../base/buffer-pool.ts";
import { WriteQueue } from "./write-queue.ts";

const POOL = { count: 16, bufferBytes: 16_384 };

/** A socket that only takes notes, and says that it wrote when it is told to. */
class FakeSocket extends Socket {
  readonly writes: number[] = [];
  done: (() => void) | undefined;

  override write(bytes: unknown, callback?: unknown): boolean {
    this.writes.push((bytes as Uint8Array).length);
    if (typeof callback === "function") this.done = callback as () => void;
    return true;
  }
}

function open(): { pool: BufferPool; queue: WriteQueue; socket: FakeSocket } {
  const memory = new Uint8Array(BufferPool.bytesFor(POOL.count, POOL.bufferBytes));
  const pool = new BufferPool(memory, POOL);
  return { pool, queue: new WriteQueue(pool, Buffer.from(memory.buffer)), socket: new FakeSocket() };
}

function appendWhole(pool: BufferPool, queue: WriteQueue): number {
  const buffer = pool.take();
  queue.append(buffer, pool.startOf(buffer), pool.startOf(buffer) + pool.bufferBytes);
  return buffer;
}

test("neighbours join, empty slices vanish, and one reference is kept for each slice", () => {
  const { pool, queue, socket } = open();
  const buffer = pool.take();
  const start = pool.startOf(buffer);
  for (const [from, to] of [
    [0, 10],
    [10, 10],
    [10, 30],
    [40, 50],
  ] as const) {
    pool.retain(buffer);
    queue.append(buffer, start + from, start + to);
  }
  assert.equal(pool.references(buffer), 3);
  queue.write(socket, () => undefined);
  assert.deepEqual(socket.writes, [30, 10]);
  queue.written();
  assert.equal(pool.references(buffer), 1);
});

test("one write takes 64 KiB at most, and the next waits for it", () => {
  const { pool, queue, socket } = open();
  const buffers = Array.from({ length: 6 }, () => appendWhole(pool, queue));
  queue.write(socket, () => undefined);
  assert.deepEqual(socket.writes, [16_384, 16_384, 16_384, 16_384]);
  assert.throws(() => queue.write(socket, () => undefined), /under way/);
  assert.equal(pool.references(buffers[0]!), 1);
  queue.written();
  assert.equal(pool.references(buffers[0]!), 0);
  assert.equal(queue.unsentBytes, 32_768);
  queue.drop();
  assert.equal(pool.freeCount, POOL.count);
});

test("a slice is not joined to one that Node already has", () => {
  const { pool, queue, socket } = open();
  const buffer = pool.take();
  const start = pool.startOf(buffer);
  pool.retain(buffer);
  queue.append(buffer, start, start + 10);
  queue.write(socket, () => undefined);
  queue.append(buffer, start + 10, start + 20);
  queue.written();
  assert.equal(queue.unsentBytes, 10);
  assert.equal(pool.references(buffer), 1);
});
