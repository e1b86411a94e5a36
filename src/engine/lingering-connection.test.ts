import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";

const LISTENER = "127.0.0.1:80";
const LIMITS = { lingerMs: 10_000 };
const BACKEND = "10.0.0.1:9000";
const BODY = "b".repeat(20_000);
const BAD_HEAD = "GET / HTTP/1.1\r\nBad name: x\r\n\r\n";

/** A client whose connection got its last response: there is a doubt about its request. */
function refused(): { rig: EngineRig; client: SimPeer } {
  const rig = new EngineRig({}, LIMITS);
  rig.listener(LISTENER);
  const client = rig.net.client(LISTENER).send(BAD_HEAD);
  rig.net.settle();
  assert.match(client.received, /^HTTP\/1\.1 400 .*\r\nConnection: close\r\n/s);
  assert.deepEqual([client.ending, rig.net.openCount], ["ended", 1]);
  return { rig, client };
}

test("what a client sends after its last response is dropped, and it is over when the client ends", () => {
  const { rig, client } = refused();
  const { received } = client;
  client.send(BAD_HEAD.repeat(100));
  rig.net.settle();
  assert.deepEqual([client.received, client.ending, rig.net.openCount], [received, "ended", 1]);
  client.end();
  rig.net.settle();
  assert.equal(client.ending, "ended");
  rig.assertAtRest();
});

test("a client that does not end after its last response is let go after lingerMs, though it goes on sending", () => {
  const { rig, client } = refused();
  for (let second = 1; second < 10; second += 2) {
    assert.equal(rig.net.openCount, 1, `let go after ${second} s`);
    client.send("more");
    rig.net.advance(2_000);
  }
  rig.net.advance(1_000);
  rig.assertAtRest();
});

/** A client that reads nothing of the last response of its connection, a large one. */
function slow(): { rig: EngineRig; client: SimPeer } {
  const rig = new EngineRig({ socketBytes: 1_000 }, LIMITS);
  rig.listener(LISTENER, { front_timeout_ms: 60_000 });
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(BACKEND);
  const client = rig.net.client(LISTENER).pause();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  rig.net.settle();
  const back = rig.net.backend(BACKEND).connections[0]!;
  back.send(`HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`);
  rig.net.settle();
  return { rig, client };
}

test("a client that ends its direction gets the rest of its last response", () => {
  const { rig, client } = slow();
  client.end();
  rig.net.settle();
  client.resume();
  rig.net.settle();
  assert.ok(client.received.endsWith(`\r\n\r\n${BODY}`));
  assert.equal(client.ending, "ended");
  // Less than lingerMs, and enough for the idle back connection.
  rig.net.advance(5_000);
  rig.assertAtRest();
});

test("a client that takes longer than lingerMs for its last response gets all of it", () => {
  const { rig, client } = slow();
  for (let taken = 0; taken < 2 * BODY.length; taken += 1_000) {
    client.read(1_000);
    rig.net.advance(LIMITS.lingerMs - 1_000);
  }
  assert.ok(client.received.endsWith(`\r\n\r\n${BODY}`));
  rig.net.advance(LIMITS.lingerMs);
  assert.equal(client.ending, "ended");
  rig.assertAtRest();
});

test("a client that takes nothing of its last response for front_timeout_ms is cut by a reset", () => {
  const { rig, client } = slow();
  rig.net.advance(59_000);
  assert.equal(client.ending, "open");
  rig.net.advance(2_000);
  assert.equal(client.ending, "reset");
  rig.assertAtRest();
});

test("a worker that leaves waits for clients that linger, and cuts them at its deadline", () => {
  const { rig } = refused();
  rig.net.perform(() => rig.engine.stop(5_000));
  rig.net.advance(4_000);
  assert.deepEqual([rig.stopped, rig.engine.connectionCount], [0, 1]);
  rig.net.advance(2_000);
  assert.deepEqual([rig.stopped, rig.engine.connectionCount], [1, 0]);
  rig.assertAtRest();
});
