/** How an I/O implementation shares its thread with Node's own loop. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { parseAddress } from "../../src/base/address.ts";
import type { Io, IoLimits } from "../../src/io/io.ts";
import { openNodeIo } from "../../src/io/node/node-io.ts";
import { openUringIo } from "../../src/io/uring/uring-io.ts";
import { openListeningSocket, socketName } from "../../src/sys/listening-socket.ts";
import { Recorder } from "./recorder.ts";

const LIMITS: IoLimits = { connectionsMax: 8, buffersMax: 64, bufferBytes: 4_096 };
const TIMEOUT_MS = 20_000;
/** More than what else happens in a test process could bring. */
const DEADLINES = 1_000;
/**
 * What the test runner itself may bring in `IDLE_MS`; a loop that polls every millisecond would bring more.
 */
const IDLE_TURNS_MAX = 100;
const IDLE_MS = 300;
/**
 * V8 does its marking of garbage in hundreds of tasks of Node's loop, when it is time for it: that is in one
 * look or two, and a loop that polls is so in all.
 */
const IDLE_LOOKS = 5;
/** Longer than Node is kept waiting. */
const LONG_WAIT_MS = 60;
const LONG_WAITS = 6;

interface Implementation {
  readonly name: string;
  /** Not where `skip` says why. */
  open(): Io;
  readonly skip: string | false;
}

const trial = openUringIo(LIMITS, () => undefined);
if (trial.ok) trial.value.stop();

const IMPLEMENTATIONS: readonly Implementation[] = [
  { name: "node", open: () => openNodeIo(LIMITS, () => undefined), skip: false },
  { name: "uring", open: openUring, skip: trial.ok ? false : trial.error },
];

function openUring(): Io {
  const io = openUringIo(LIMITS, () => undefined);
  assert.ok(io.ok);
  return io.value;
}

/** Counts turns, and does something at each end. */
class TurnCounter extends Recorder {
  turnCount = 0;
  atEnd: (() => void) | undefined;

  override turnEnds(): number {
    this.turnCount++;
    this.atEnd?.();
    return super.turnEnds();
  }
}

function start(t: TestContext, implementation: Implementation): { io: Io; turns: TurnCounter } {
  const io = implementation.open();
  const turns = new TurnCounter();
  io.run(turns);
  t.after(() => io.stop());
  return { io, turns };
}

/** Two connections of the port, each sending back what it receives: the ring is never idle. */
async function playPingPong(io: Io, turns: TurnCounter): Promise<void> {
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(listening.ok);
  const { port } = io;
  const address = parseAddress(`127.0.0.1:${socketName(listening.value).port}`)!;
  const listener = io.adoptListener(listening.value);
  const isBouncing = new Promise<void>((resolve) => {
    let bounces = 0;
    Object.assign(turns, {
      accepted: (_listener: number, connection: number) => port.receive(connection),
      connected: (connection: number) => {
        port.receive(connection);
        const buffer = port.buffers.take();
        port.send(connection, buffer, port.buffers.startOf(buffer), port.buffers.startOf(buffer) + 10);
      },
      received: (connection: number, buffer: number, begin: number, end: number) => {
        port.send(connection, buffer, begin, end);
        if (bounces++ === 100) resolve();
      },
      sent: () => undefined,
    });
  });
  io.perform(() => {
    port.accept(listener);
    port.connect(address);
  });
  await isBouncing;
}

for (const implementation of IMPLEMENTATIONS) {
  const options = { skip: implementation.skip, timeout: TIMEOUT_MS };
  const { name } = implementation;

  test(`${name}: turns come at their deadlines though nothing else happens`, options, async (t) => {
    const { io, turns } = start(t, implementation);
    await new Promise<void>((resolve) => {
      turns.atEnd = () => {
        turns.deadlineMs = turns.nowMs + 1;
        if (turns.turnCount >= DEADLINES) resolve();
      };
      io.perform(() => undefined);
    });
    turns.atEnd = undefined;
    turns.deadlineMs = Infinity;
  });

  test(`${name}: Node's timers come though the port is idle, and bring hardly a turn`, options, async (t) => {
    const { turns } = start(t, implementation);
    let idleTurns = Infinity;
    for (let look = 0; look < IDLE_LOOKS && idleTurns > IDLE_TURNS_MAX; look++) {
      const before = turns.turnCount;
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
      idleTurns = turns.turnCount - before;
    }
    assert.ok(idleTurns <= IDLE_TURNS_MAX, `${idleTurns} turns`);
  });

  test(`${name}: after a wait that lasted Node has one turn, not two`, options, async (t) => {
    const { io, turns } = start(t, implementation);
    let turnsInAll = Infinity;
    for (let look = 0; look < IDLE_LOOKS && turnsInAll > LONG_WAITS * 2 + 1; look++) {
      const before = turns.turnCount;
      await new Promise<void>((resolve) => {
        let waits = 0;
        turns.atEnd = () => {
          if (turns.nowMs < turns.deadlineMs) return;
          turns.deadlineMs = turns.nowMs + LONG_WAIT_MS;
          if (waits++ === LONG_WAITS) resolve();
        };
        io.perform(() => (turns.deadlineMs = 0));
      });
      turns.atEnd = undefined;
      turns.deadlineMs = Infinity;
      turnsInAll = turns.turnCount - before;
    }
    assert.ok(turnsInAll <= LONG_WAITS * 2 + 1, `${turnsInAll} turns for ${LONG_WAITS} waits`);
  });

  test(
    `${name}: what a socket of Node's sets off by an immediate comes though the port is idle`,
    options,
    async (t) => {
      start(t, implementation);
      const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
      await once(server, "listening");
      const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
      t.after(() => client.destroy());
      t.after(() => server.close());
      for (let round = 0; round < 100; round++) {
        client.write("ping");
        await new Promise((resolve) => client.once("data", () => setImmediate(resolve)));
      }
    },
  );

  test(`${name}: Node's timers and sockets are served though the port is never idle`, options, async (t) => {
    const { io, turns } = start(t, implementation);
    await playPingPong(io, turns);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    t.after(() => client.destroy());
    t.after(() => server.close());
    for (let round = 0; round < 20; round++) {
      client.write("ping");
      await once(client, "data");
    }
  });
}
