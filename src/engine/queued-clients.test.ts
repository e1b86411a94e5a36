import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A client that is still in the kernel's queue when its listener is removed, and the drain of that. */
function removedWithQueue(): {
  rig: EngineRig;
  client: ReturnType<EngineRig["net"]["client"]>;
  drain: number;
} {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(BACKEND);
  rig.net.settle();
  const client = rig.net.client(LISTENER);
  const drain = rig.remove("listener", LISTENER);
  rig.net.settle();
  return { rig, client, drain };
}

test("a removed listener is used while its queue may hold clients, and no longer", () => {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  const drain = rig.remove("listener", LISTENER);
  assert.equal(rig.drains.get(drain), 1);
  rig.net.perform(() => rig.engine.unlisten(LISTENER));
  rig.net.settle();
  assert.deepEqual([rig.drains.get(drain), rig.unlistened], [0, [LISTENER]]);
});

test("a client from the queue of a removed listener is counted until it is answered", () => {
  const { rig, client, drain } = removedWithQueue();
  rig.net.perform(() => rig.engine.unlisten(LISTENER));
  rig.net.advance(100);
  assert.deepEqual([rig.drains.get(drain), rig.unlistened], [1, [LISTENER]]);
  client.send(REQUEST);
  rig.net.advance(100);
  assert.equal(rig.drains.get(drain), 1, "its exchange is counted");
  rig.net.backend(BACKEND).connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  rig.net.advance(100);
  assert.match(client.received, /^HTTP\/1\.1 200 [^]*\r\nConnection: close\r\n/);
  assert.equal(rig.drains.get(drain), 0);
});

test("a client from the queue that goes without a word is counted no more", () => {
  const { rig, client, drain } = removedWithQueue();
  rig.net.perform(() => rig.engine.unlisten(LISTENER));
  rig.net.advance(100);
  client.close();
  rig.net.advance(100);
  assert.equal(rig.drains.get(drain), 0);
});

test("when a drain's time is over, a client from the queue that has not asked is cut", () => {
  const { rig, client, drain } = removedWithQueue();
  rig.net.perform(() => rig.engine.unlisten(LISTENER));
  rig.net.advance(100);
  rig.net.perform(() => rig.engine.closeDrained(drain));
  rig.net.advance(100);
  assert.deepEqual([rig.drains.get(drain), client.ending], [0, "reset"]);
});

test("a worker that leaves abandons the queue of a removed listener, and its use with it", () => {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  const drain = rig.remove("listener", LISTENER);
  rig.net.perform(() => rig.engine.stop(undefined));
  rig.net.advance(100);
  assert.deepEqual([rig.drains.get(drain), rig.stopped], [0, 1]);
});
