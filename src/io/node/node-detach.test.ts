import assert from "node:assert/strict";
import { readSync, writeSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { withoutDescriptors } from "../../../testing/without-descriptors.ts";
import type { PortEvents } from "../../engine/port.ts";
import { closeDescriptor, isReadable } from "../../sys/descriptor.ts";
import { openDescriptorPair } from "../../sys/descriptor-passing.ts";
import type { Io } from "../io.ts";
import { openNodeIo } from "./node-io.ts";

const LIMITS = { connectionsMax: 4, buffersMax: 32, bufferBytes: 4_096 };
const DEADLINE_MS = 10_000;

interface Rig {
  readonly io: Io;
  /** One end of a pair of sockets, adopted. */
  readonly connection: number;
  readonly fd: number;
  /** The other end. */
  readonly peer: number;
  readonly told: string[];
  onTurnEnds: (() => void) | undefined;
}

function open(t: TestContext): Rig {
  const io = openNodeIo(LIMITS, () => undefined);
  const pair = openDescriptorPair();
  assert.ok(pair.ok);
  const told: string[] = [];
  const note = (name: string) => (): void => void told.push(name);
  const rig: Rig = {
    io,
    connection: io.adoptConnection(pair.value.first),
    fd: pair.value.first,
    peer: pair.value.second,
    told,
    onTurnEnds: undefined,
  };
  const events: PortEvents = {
    turnStarts: () => undefined,
    accepted: note("accepted"),
    acceptingStopped: note("acceptingStopped"),
    connected: note("connected"),
    received: (_connection, buffer) => {
      io.port.buffers.release(buffer);
      told.push("received");
    },
    sent: note("sent"),
    ended: note("ended"),
    failed: (_connection, fault) => void told.push(`failed ${fault}`),
    detached: note("detached"),
    turnEnds: () => {
      rig.onTurnEnds?.();
      return Infinity;
    },
  };
  io.run(events);
  t.after(() => {
    io.stop();
    closeDescriptor(pair.value.second);
  });
  return rig;
}

async function until(isTrue: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  for (; !isTrue(); await new Promise((resolve) => setTimeout(resolve, 1)))
    assert.ok(performance.now() < endMs, `never came: ${what}`);
}

/** So many ticks later, before Node's loop goes on. */
function afterTicks(count: number, action: () => void): void {
  if (count === 0) action();
  else process.nextTick(() => afterTicks(count - 1, action));
}

test("an end that Node was given, and has not sent yet, is sent all the same", async (t) => {
  for (let ticks = 0; ticks < 8; ticks++) {
    const rig = open(t);
    const { io, connection, peer, told } = rig;
    rig.onTurnEnds = () => {
      rig.onTurnEnds = undefined;
      process.nextTick(afterTicks, ticks, () => io.perform(() => io.port.detach(connection)));
    };
    io.perform(() => io.port.shutdown(connection));
    await until(() => told.includes("detached"), "detached");
    io.perform(() => io.port.attach(connection));
    await until(() => isReadable(peer), `the end, ${ticks} ticks after`);
    assert.equal(readSync(peer, Buffer.alloc(1)), 0);
    assert.deepEqual(told, ["detached"]);
  }
});

test("bytes that came and had no buffer are told before a connection is detached", async (t) => {
  const { io, connection, fd, peer, told } = open(t);
  const { buffers } = io.port;
  const held = Array.from({ length: LIMITS.buffersMax }, () => buffers.take());
  io.perform(() => io.port.receive(connection));
  writeSync(peer, Buffer.alloc(6_000));
  await until(() => !isReadable(fd), "taken by Node");
  io.perform(() => io.port.detach(connection));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(told.length, 0);
  for (const buffer of held) buffers.release(buffer);
  io.perform(() => undefined);
  await until(() => told.includes("detached"), "detached");
  assert.deepEqual(told, ["received", "received", "detached"]);
});

test("where no descriptor is left, to detach is told as a fault, once, and it can be closed", async (t) => {
  const { io, connection, peer, told } = open(t);
  withoutDescriptors(() => io.perform(() => io.port.detach(connection)));
  await until(() => told.length > 0, "the fault");
  assert.deepEqual(told, ["failed no-resources"]);
  io.perform(() => io.port.close(connection));
  await until(() => isReadable(peer), "the end of the connection");
  assert.deepEqual(told, ["failed no-resources"]);
});

test("of what Node was given, what it has written is told, and the rest is queued again to the byte", async (t) => {
  const rig = open(t);
  const { io, connection, peer, told } = rig;
  const { port } = io;
  const byteLength = 20 * LIMITS.bufferBytes;
  const sendAll = (): void => {
    for (let count = 0; count < 20; count++) {
      const buffer = port.buffers.take();
      const start = port.buffers.startOf(buffer);
      port.send(connection, buffer, start, start + LIMITS.bufferBytes);
    }
  };
  for (let writtenBytes = 0; ;) {
    io.perform(sendAll);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (port.unsentBytes(connection) === 0) {
      writtenBytes += byteLength;
      continue;
    }
    told.length = 0;
    io.perform(() => port.detach(connection));
    await until(() => told.includes("detached"), "detached");
    const sent = writtenBytes + byteLength - port.unsentBytes(connection);
    assert.equal(readAll(peer), sent);
    return;
  }
});

/** How many bytes can be read now. */
function readAll(fd: number): number {
  let byteLength = 0;
  const bytes = Buffer.alloc(65_536);
  while (isReadable(fd)) byteLength += readSync(fd, bytes);
  return byteLength;
}
