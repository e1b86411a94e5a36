/** Accepting where the kernel refuses, or answers after we changed our mind: answers made by hand. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { parseAddress } from "../../base/address.ts";
import { mapRegion } from "../../sys/arena.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { ECANCELED, ECONNABORTED, EMFILE } from "../../sys/errno.ts";
import { openListeningSocket, socketName } from "../../sys/listening-socket.ts";
import { openStreamSocket } from "../../sys/stream-socket.ts";
import { Listeners, PEER_BYTES } from "./listeners.ts";
import { MESSAGE_BYTES, Operations } from "./operations.ts";
import { openRing } from "./ring.ts";

const SIZES = { entryCount: 16, completionCount: 32 };
const ACCEPT_RETRY_MS = 100;
const LOOK_EVERY_MS = 500;
const NOW_MS = 5_000;
const trial = openRing(SIZES);
if (trial.ok) trial.value.close();
const skip = trial.ok ? false : trial.error;

interface Rig {
  /** How many accepts were asked of the kernel, and how many of them were to be cancelled. */
  readonly asked: { accepts: number; cancels: number };
  readonly listeners: Listeners;
  readonly listener: number;
  /** Where it listens. */
  readonly port: number;
  readonly told: string[];
  readonly warnings: string[];
  freeNumbers: number;
  /** A descriptor as an accept brings it. */
  openSocket(): number;
}

function openRig(t: TestContext): Rig {
  const ring = openRing(SIZES);
  const memory = mapRegion(SIZES.entryCount * MESSAGE_BYTES);
  const peers = mapRegion(PEER_BYTES);
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(ring.ok && memory.ok && peers.ok && listening.ok);
  t.after(() => ring.value.close());
  const regions = { pool: memory.value, messages: memory.value };
  const operations = new Operations(ring.value, regions, { limitsReceives: true });
  const asked = { accepts: 0, cancels: 0 };
  t.mock.method(operations, "accept", () => void asked.accepts++);
  t.mock.method(operations, "cancel", () => void asked.cancels++);
  const told: string[] = [];
  const warnings: string[] = [];
  const target = {
    hasFreeNumber: () => rig.freeNumbers > 0,
    accepted: (listener: number, socket: { fd: number }) => {
      if (rig.freeNumbers === 0) return false;
      rig.freeNumbers--;
      told.push(`accepted ${listener}`);
      closeDescriptor(socket.fd);
      return true;
    },
    acceptingStopped: (listener: number) => void told.push(`stopped ${listener}`),
  };
  const listeners = new Listeners(operations, peers.value, target, (message) => void warnings.push(message));
  const listener = listeners.adopt(listening.value);
  t.after(() => listeners.closeAll());
  const openSocket = (): number => {
    const socket = openStreamSocket(4);
    assert.ok(socket.ok);
    return socket.value;
  };
  const { port } = socketName(listening.value);
  const rig: Rig = { asked, listeners, listener, port, told, warnings, freeNumbers: 10, openSocket };
  return rig;
}

test("without descriptors accepting rests, says so, and is tried again later", { skip }, (t) => {
  const { listeners, listener, told, warnings, openSocket } = openRig(t);
  listeners.accept(listener);
  listeners.completed(listener, -EMFILE, NOW_MS);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /too many open files/);
  assert.equal(listeners.deadlineMs(true), NOW_MS + ACCEPT_RETRY_MS);
  listeners.progress(NOW_MS + ACCEPT_RETRY_MS);
  assert.equal(listeners.deadlineMs(true), Infinity);
  listeners.completed(listener, openSocket(), NOW_MS + ACCEPT_RETRY_MS);
  assert.deepEqual(told, [`accepted ${listener}`]);
});

test(
  "a connection that woke a frozen process is looked for in the queue, while there is a number",
  {
    skip,
  },
  async (t) => {
    const rig = openRig(t);
    const { listeners, listener, told } = rig;
    const client = connect(rig.port, "127.0.0.1");
    t.after(() => client.destroy());
    await once(client, "connect");
    // Armed, but nobody tells that somebody came: the accept of this rig never reaches the kernel.
    listeners.accept(listener);
    rig.freeNumbers = 0;
    listeners.progress(NOW_MS);
    assert.deepEqual(told, []);
    rig.freeNumbers = 1;
    listeners.progress(NOW_MS + LOOK_EVERY_MS - 1);
    assert.deepEqual(told, [], "too early to look again");
    listeners.progress(NOW_MS + LOOK_EVERY_MS);
    assert.deepEqual(told, [`accepted ${listener}`]);
  },
);

test("a client that is gone before it was accepted holds up nobody", { skip }, (t) => {
  const { listeners, listener, warnings } = openRig(t);
  listeners.accept(listener);
  listeners.completed(listener, -ECONNABORTED, NOW_MS);
  assert.equal(listeners.deadlineMs(true), Infinity);
  assert.deepEqual(warnings, []);
});

test("a connection that comes after we gave up the listener is told all the same", { skip }, (t) => {
  const { listeners, listener, told, openSocket } = openRig(t);
  listeners.accept(listener);
  listeners.abandon(listener);
  listeners.completed(listener, openSocket(), NOW_MS);
  assert.deepEqual(told, [`accepted ${listener}`]);
  assert.throws(() => listeners.accept(listener), /no listener/);
});

test("a connection that comes while accepting stops is told before the end", { skip }, (t) => {
  const { listeners, listener, told, openSocket } = openRig(t);
  listeners.accept(listener);
  listeners.stop(listener);
  listeners.completed(listener, openSocket(), NOW_MS);
  assert.deepEqual(told, [`accepted ${listener}`, `stopped ${listener}`]);
});

test("accepting that stops ends when its last accept is cancelled", { skip }, (t) => {
  const { listeners, listener, told } = openRig(t);
  listeners.accept(listener);
  listeners.stop(listener);
  assert.deepEqual(told, []);
  listeners.completed(listener, -ECANCELED, NOW_MS);
  assert.deepEqual(told, [`stopped ${listener}`]);
});

test("a connection without a number waits for one, and is not lost when accepting stops", { skip }, (t) => {
  const rig = openRig(t);
  const { listeners, listener, told, openSocket } = rig;
  rig.freeNumbers = 0;
  listeners.accept(listener);
  listeners.completed(listener, openSocket(), NOW_MS);
  listeners.stop(listener);
  listeners.progress(NOW_MS);
  assert.deepEqual(told, []);
  assert.equal(listeners.deadlineMs(false), Infinity);
  rig.freeNumbers = 1;
  assert.ok(listeners.deadlineMs(true) <= NOW_MS);
  listeners.progress(NOW_MS);
  assert.deepEqual(told, [`accepted ${listener}`, `stopped ${listener}`]);
});

test("a paused listener is idle when its accept has come back, with or without a client", { skip }, (t) => {
  for (const hasClient of [false, true]) {
    const { asked, listeners, listener, told, openSocket } = openRig(t);
    listeners.accept(listener);
    listeners.pause(listener);
    listeners.cancelMissed(listener);
    assert.deepEqual(asked, { accepts: 1, cancels: 2 });
    listeners.completed(listener, hasClient ? openSocket() : -ECANCELED, NOW_MS);
    listeners.cancelMissed(listener);
    assert.deepEqual(told, hasClient ? [`accepted ${listener}`] : []);
    assert.deepEqual(asked, { accepts: 1, cancels: 2 });
    assert.equal(listeners.deadlineMs(true), Infinity);
    listeners.accept(listener);
    assert.equal(asked.accepts, 2);
  }
});

for (const giveUp of ["pause", "abandon", "stop"] as const)
  test(
    `a client that woke the accept which was given up (${giveUp}) is told: it woke nobody else`,
    { skip },
    async (t) => {
      const { listeners, listener, port, told } = openRig(t);
      const client = connect(port, "127.0.0.1");
      t.after(() => client.destroy());
      await once(client, "connect");
      listeners.accept(listener);
      listeners[giveUp](listener);
      listeners.completed(listener, -ECANCELED, NOW_MS);
      assert.deepEqual(told.slice(0, 1), [`accepted ${listener}`]);
    },
  );

test(
  "a client that nobody has a number for is left to others when the listener is given up",
  { skip },
  async (t) => {
    const rig = openRig(t);
    const { listeners, listener, port, told } = rig;
    const client = connect(port, "127.0.0.1");
    t.after(() => client.destroy());
    await once(client, "connect");
    rig.freeNumbers = 0;
    listeners.accept(listener);
    listeners.abandon(listener);
    listeners.completed(listener, -ECANCELED, NOW_MS);
    assert.deepEqual(told, []);
  },
);

test("asked to accept again before its accept has come back, it goes on", { skip }, (t) => {
  const { asked, listeners, listener } = openRig(t);
  listeners.accept(listener);
  listeners.pause(listener);
  listeners.accept(listener);
  assert.equal(asked.accepts, 1);
  listeners.completed(listener, -ECANCELED, NOW_MS);
  assert.equal(asked.accepts, 2);
});

test("a listener that pauses can be stopped or given up, wherever its accept is", { skip }, (t) => {
  for (const how of ["stop", "abandon"] as const) {
    const { listeners, listener, told, openSocket } = openRig(t);
    listeners.accept(listener);
    listeners.pause(listener);
    listeners[how](listener);
    listeners.progress(NOW_MS);
    listeners.completed(listener, openSocket(), NOW_MS);
    assert.deepEqual(told, [`accepted ${listener}`, ...(how === "stop" ? [`stopped ${listener}`] : [])]);
    assert.throws(() => listeners.accept(listener), /no listener/);
  }
});

test("a listener that was paused and asked again can be stopped, wherever its accept is", { skip }, (t) => {
  const inKernel = openRig(t);
  inKernel.listeners.accept(inKernel.listener);
  inKernel.listeners.pause(inKernel.listener);
  inKernel.listeners.accept(inKernel.listener);
  inKernel.listeners.stop(inKernel.listener);
  inKernel.listeners.progress(NOW_MS);
  assert.equal(inKernel.told.length, 0);
  inKernel.listeners.completed(inKernel.listener, -ECANCELED, NOW_MS);
  assert.deepEqual(inKernel.told, [`stopped ${inKernel.listener}`]);

  const holding = openRig(t);
  holding.freeNumbers = 0;
  holding.listeners.accept(holding.listener);
  holding.listeners.completed(holding.listener, holding.openSocket(), NOW_MS);
  holding.listeners.pause(holding.listener);
  holding.listeners.accept(holding.listener);
  holding.listeners.stop(holding.listener);
  holding.freeNumbers = 1;
  holding.listeners.progress(NOW_MS);
  assert.deepEqual(holding.told, [`accepted ${holding.listener}`, `stopped ${holding.listener}`]);
});

test("a paused listener tells the client that waits for a number, and accepts no other", { skip }, (t) => {
  for (const pausesFirst of [true, false]) {
    const rig = openRig(t);
    const { asked, listeners, listener, told, openSocket } = rig;
    rig.freeNumbers = 0;
    listeners.accept(listener);
    if (pausesFirst) listeners.pause(listener);
    listeners.completed(listener, openSocket(), NOW_MS);
    if (!pausesFirst) listeners.pause(listener);
    listeners.progress(NOW_MS);
    assert.deepEqual(told, []);
    rig.freeNumbers = 2;
    listeners.progress(NOW_MS);
    assert.deepEqual(told, [`accepted ${listener}`]);
    assert.equal(asked.accepts, 1);
    listeners.accept(listener);
    assert.equal(asked.accepts, 2);
  }
});

test("a listener that rests, is paused and asked again, is tried at its time", { skip }, (t) => {
  const { asked, listeners, listener } = openRig(t);
  listeners.accept(listener);
  listeners.completed(listener, -EMFILE, NOW_MS);
  listeners.pause(listener);
  listeners.accept(listener);
  listeners.progress(NOW_MS);
  assert.equal(asked.accepts, 1);
  listeners.progress(NOW_MS + ACCEPT_RETRY_MS);
  assert.equal(asked.accepts, 2);
});
