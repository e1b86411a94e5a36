/**
 * Completions as the kernel may send them, made by hand: those that come too late are hard to get from a real
 * one.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { BufferPool } from "../../base/buffer-pool.ts";
import type { PortEvents } from "../../engine/port.ts";
import { mapRegion } from "../../sys/arena.ts";
import { EAGAIN, ECANCELED, ECONNRESET } from "../../sys/errno.ts";
import { openStreamSocket } from "../../sys/stream-socket.ts";
import { Completions } from "./completions.ts";
import { Connections, OPEN, RECEIVE_BIT, ROOM_BIT, SEND_BIT } from "./connections.ts";
import { Listeners } from "./listeners.ts";
import { CANCEL_MISSED, MESSAGE_BYTES, Operations, RECEIVE, ROOM, SEND } from "./operations.ts";
import { UringPort } from "./port.ts";
import { registerBuffers } from "./provided-buffers.ts";
import { ARMED, IDLE } from "./receive-state.ts";
import { openRing } from "./ring.ts";
import { SendQueues } from "./send-queues.ts";

const POOL = { count: 8, bufferBytes: 1_000 };
const BUFFER = 1;
const MORE = 2;
const trial = openRing({ entryCount: 8, completionCount: 16 });
if (trial.ok) trial.value.close();
const skip = trial.ok ? false : trial.error;

interface Rig {
  readonly pool: BufferPool;
  readonly port: UringPort;
  readonly connection: number;
  readonly events: string[];
  readonly connections: Connections;
  readonly completions: Completions;
  /** The kinds of the operations that were to be cancelled. */
  readonly cancelled: readonly number[];
  /** What to do at the next event. */
  react: (() => void) | undefined;
  complete(kind: number, result: number, flags: number): void;
}

function openRig(t: TestContext): Rig {
  const ring = openRing({ entryCount: 8, completionCount: 16 });
  const memory = mapRegion(BufferPool.bytesFor(POOL.count, POOL.bufferBytes));
  const messages = mapRegion(8 * MESSAGE_BYTES);
  assert.ok(ring.ok && memory.ok && messages.ok);
  t.after(() => ring.value.close());
  const pool = new BufferPool(memory.value.bytes, POOL);
  const provided = registerBuffers(ring.value, pool, memory.value);
  const fd = openStreamSocket(4);
  assert.ok(provided.ok && fd.ok);
  const regions = { pool: memory.value, messages: messages.value };
  const operations = new Operations(ring.value, regions, { limitsReceives: true });
  const connections = new Connections(2);
  const queues = new SendQueues(2, pool);
  const parts = { pool, operations, connections, queues, provided: provided.value };
  const completions = new Completions(parts);
  const cancelled: number[] = [];
  t.mock.method(operations, "cancel", (kind: number) => void cancelled.push(kind));
  const listeners = new Listeners(operations, messages.value, completions, assert.fail);
  const connection = connections.take(fd.value, OPEN);
  connections.receiving[connection] = ARMED;
  connections.operations[connection] = RECEIVE_BIT;
  const events: string[] = [];
  const rig: Rig = {
    pool,
    port: new UringPort(parts, listeners),
    connection,
    events,
    connections,
    completions,
    cancelled,
    react: undefined,
    complete: (kind, result, flags) => completions.completed((kind << 28) | connection, result, flags),
  };
  const tell =
    (name: string) =>
    (_connection: number, ...rest: readonly unknown[]): void => {
      events.push([name, ...rest].join(" "));
      rig.react?.();
    };
  const told = ["received", "sent", "ended", "failed", "detached"].map((name) => [name, tell(name)] as const);
  completions.bind(listeners, Object.fromEntries(told) as unknown as PortEvents);
  return rig;
}

const flagsOf = (buffer: number, more: number): number => (buffer << 16) | BUFFER | more;

test(
  "bytes over several buffers are told buffer by buffer, in the order they were offered",
  { skip },
  (t) => {
    const { complete, events, pool } = openRig(t);
    complete(RECEIVE, 2_500, flagsOf(1, MORE));
    assert.deepEqual(
      events,
      [1, 2, 3].map((buffer, index) => {
        const start = pool.startOf(buffer);
        return `received ${buffer} ${start} ${start + (index < 2 ? 1_000 : 500)}`;
      }),
    );
  },
);

test(
  "bytes that come after the close go back to the pool, however many buffers they lie in",
  { skip },
  (t) => {
    const rig = openRig(t);
    rig.react = () => {
      rig.pool.release(0);
      rig.port.close(rig.connection);
    };
    rig.complete(RECEIVE, 1_500, flagsOf(0, MORE));
    rig.complete(RECEIVE, 2_000, flagsOf(2, 0));
    assert.equal(rig.events.length, 1);
    for (const buffer of [0, 1, 2, 3]) assert.equal(rig.pool.references(buffer), 0, `buffer ${buffer}`);
    assert.equal(rig.connections.freeCount, 2);
  },
);

test("nothing is told after a fault, and a buffer that comes with it is not lost", { skip }, (t) => {
  const rig = openRig(t);
  rig.complete(RECEIVE, -ECONNRESET, flagsOf(0, 0));
  rig.complete(SEND, -ECONNRESET, 0);
  assert.deepEqual(rig.events, ["failed reset"]);
  assert.equal(rig.pool.references(0), 0);
});

test("a closed connection's number waits for its last completion", { skip }, (t) => {
  const rig = openRig(t);
  rig.connections.operations[rig.connection]! |= SEND_BIT;
  rig.port.close(rig.connection);
  rig.complete(RECEIVE, 0, 0);
  assert.equal(rig.connections.freeCount, 1);
  rig.complete(SEND, 10, 0);
  assert.equal(rig.connections.freeCount, 2);
  assert.deepEqual(rig.events, []);
});

test(
  "a receive's limit grows while more is wanted, and falls back when bytes come in a pause",
  { skip },
  (t) => {
    const rig = openRig(t);
    const { connection, connections, port } = rig;
    const limits: number[] = [];
    for (let round = 0; round < 3; round++) {
      rig.complete(RECEIVE, 100, flagsOf(round, 0));
      limits.push(connections.receiveLimitBytes[connection]!);
      connections.receiving[connection] = ARMED;
    }
    port.pause(connection);
    rig.complete(RECEIVE, 100, flagsOf(3, MORE));
    limits.push(connections.receiveLimitBytes[connection]!);
    assert.deepEqual(limits, [131_072, 262_144, 262_144, 65_536]);
  },
);

/** Queues so many bytes of a new buffer, as if a send of them were in the kernel. */
function sendBytes({ pool, port, connection, connections }: Rig, byteLength: number): void {
  const buffer = pool.take();
  port.send(connection, buffer, pool.startOf(buffer), pool.startOf(buffer) + byteLength);
  connections.operations[connection]! |= SEND_BIT;
}

test(
  "a connection is detached when its last operation has come back, with what each brought told before",
  { skip },
  (t) => {
    const rig = openRig(t);
    sendBytes(rig, 500);
    rig.port.detach(rig.connection);
    assert.deepEqual(rig.cancelled, [RECEIVE, SEND]);
    rig.complete(RECEIVE, 10, flagsOf(0, MORE));
    rig.complete(SEND, 200, 0);
    assert.deepEqual(rig.events.length, 2);
    rig.complete(RECEIVE, -ECANCELED, 0);
    assert.deepEqual(rig.events, [
      `received 0 ${rig.pool.startOf(0)} ${rig.pool.startOf(0) + 10}`,
      "sent",
      "detached",
    ]);
    assert.equal(rig.port.unsentBytes(rig.connection), 300);
  },
);

test("a send that is cancelled, or found no room, is no fault while detaching", { skip }, (t) => {
  for (const result of [-ECANCELED, -EAGAIN]) {
    const rig = openRig(t);
    sendBytes(rig, 500);
    rig.port.detach(rig.connection);
    rig.complete(RECEIVE, -ECANCELED, 0);
    rig.complete(SEND, result, 0);
    assert.deepEqual(rig.events, ["detached"]);
    assert.equal(rig.port.unsentBytes(rig.connection), 500);
  }
});

test("a connection that waits for room is detached when that wait is over", { skip }, (t) => {
  const rig = openRig(t);
  const { connection, connections, port } = rig;
  connections.receiving[connection] = IDLE;
  connections.operations[connection] = ROOM_BIT;
  port.detach(connection);
  assert.deepEqual(rig.cancelled, [ROOM]);
  rig.complete(ROOM, -ECANCELED, 0);
  assert.deepEqual(rig.events, ["detached"]);
});

test("a fault that comes while detaching is told, and no detached after it", { skip }, (t) => {
  const rig = openRig(t);
  sendBytes(rig, 500);
  rig.port.detach(rig.connection);
  rig.complete(SEND, -ECONNRESET, 0);
  rig.complete(RECEIVE, -ECANCELED, 0);
  assert.deepEqual(rig.events, ["failed reset"]);
});

test(
  "a cancellation that missed is asked again while detaching, and not once it has come back",
  { skip },
  (t) => {
    const rig = openRig(t);
    rig.port.detach(rig.connection);
    rig.complete(CANCEL_MISSED | RECEIVE, 0, 0);
    assert.deepEqual(rig.cancelled, [RECEIVE, RECEIVE]);
    rig.complete(RECEIVE, -ECANCELED, 0);
    rig.complete(CANCEL_MISSED | RECEIVE, 0, 0);
    assert.deepEqual(rig.cancelled, [RECEIVE, RECEIVE]);
  },
);

test(
  "what is quiet when it is to be detached is told later, unless it was closed meanwhile",
  { skip },
  (t) => {
    for (const closes of [false, true]) {
      const rig = openRig(t);
      rig.connections.receiving[rig.connection] = IDLE;
      rig.connections.operations[rig.connection] = 0;
      rig.port.detach(rig.connection);
      assert.deepEqual(rig.events, []);
      if (closes) rig.port.close(rig.connection);
      rig.completions.tellQuiet();
      rig.completions.tellQuiet();
      assert.deepEqual(rig.events, closes ? [] : ["detached"]);
    }
  },
);

test(
  "closed by the engine while detaching: nothing is told, and the number waits for the last completion",
  { skip },
  (t) => {
    const rig = openRig(t);
    rig.port.detach(rig.connection);
    rig.port.close(rig.connection);
    assert.equal(rig.connections.freeCount, 1);
    rig.complete(RECEIVE, -ECANCELED, 0);
    assert.equal(rig.connections.freeCount, 2);
    assert.deepEqual(rig.events, []);
  },
);
