import assert from "node:assert/strict";
import { test } from "node:test";
import { LISTENER_DEFAULTS } from "../model/defaults.ts";
import { BoundSockets } from "./bound-sockets.ts";
import { ListenerRuntime } from "./runtime/listener.ts";

const ADDRESS = "127.0.0.1:80";

function createSockets(): { sockets: BoundSockets; asked: string[] } {
  const asked: string[] = [];
  const sockets = new BoundSockets({
    accept: (socket) => void asked.push(`accept ${socket}`),
    pauseAccepting: (socket) => void asked.push(`pause ${socket}`),
    stopAccepting: (socket) => void asked.push(`stop ${socket}`),
    abandonListener: (socket) => void asked.push(`abandon ${socket}`),
  });
  return { sockets, asked };
}

function createListener(): ListenerRuntime {
  return new ListenerRuntime(
    { ...LISTENER_DEFAULTS, address: ADDRESS, protocol: "http" },
    { useChanged: () => {} },
  );
}

test("the queue of a removed listener is one use of it, from its removal until it is empty", () => {
  const { sockets, asked } = createSockets();
  const listener = createListener();
  sockets.bind(ADDRESS, listener, 7);
  sockets.countQueues();
  assert.equal(listener.use.count, 0);
  listener.isRemoved = true;
  sockets.countQueues();
  sockets.countQueues();
  assert.equal(listener.use.count, 1);
  assert.equal(sockets.empty(ADDRESS, false), true);
  assert.equal(sockets.findListener(7), listener);
  assert.equal(sockets.emptied(7), ADDRESS);
  assert.equal(sockets.findListener(7), undefined);
  assert.equal(listener.use.count, 0);
  assert.deepEqual(asked, ["accept 7", "stop 7"]);
});

test("only the socket of the removed listener is emptied, not that of the one which took its address", () => {
  const { sockets, asked } = createSockets();
  const [removed, added] = [createListener(), createListener()];
  sockets.bind(ADDRESS, removed, 7);
  removed.isRemoved = true;
  sockets.countQueues();
  sockets.bind(ADDRESS, added, 8);
  assert.equal(sockets.empty(ADDRESS, false), true);
  assert.equal(sockets.empty(ADDRESS, false), false);
  assert.deepEqual(asked, ["accept 7", "accept 8", "stop 7"]);
});

test("at a stop the queue of a listener that is there is emptied, is one use of it until then, and is not abandoned", () => {
  const { sockets, asked } = createSockets();
  const listener = createListener();
  sockets.bind(ADDRESS, listener, 7);
  assert.equal(sockets.empty(ADDRESS, false), false);
  assert.equal(sockets.empty(ADDRESS, true), true);
  assert.equal(sockets.empty(ADDRESS, true), false);
  assert.equal(listener.use.count, 1);
  assert.equal(sockets.findListener(7), listener);
  assert.equal(sockets.emptied(7), ADDRESS);
  assert.equal(listener.use.count, 0);
  sockets.abandon();
  assert.deepEqual(asked, ["accept 7", "stop 7"]);
});

test("a worker that leaves abandons every socket once, those that come later too, and its queues use nothing", () => {
  const { sockets, asked } = createSockets();
  const [removed, present] = [createListener(), createListener()];
  sockets.bind(ADDRESS, removed, 7);
  removed.isRemoved = true;
  sockets.countQueues();
  sockets.bind(ADDRESS, present, 8);
  sockets.abandon();
  sockets.abandon();
  assert.equal(removed.use.count, 0);
  sockets.bind(ADDRESS, present, 9);
  assert.deepEqual(asked, ["accept 7", "accept 8", "abandon 7", "abandon 8", "abandon 9"]);
  // What was on its way may still come.
  assert.equal(sockets.findListener(8), present);
});
