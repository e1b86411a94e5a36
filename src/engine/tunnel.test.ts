import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const LIMITS = { tunnelIdleMs: 600_000, tunnelHalfEndedMs: 30_000 };

function openTunnel(): { rig: EngineRig; front: SimPeer; back: SimPeer } {
  const rig = new EngineRig({}, LIMITS);
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(BACKEND);
  const front = rig.net.client(LISTENER).send(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
  rig.net.settle();
  const back = rig.net.backend(BACKEND).connections[0]!;
  back.send(`HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}`);
  rig.net.settle();
  assert.match(front.received, /^HTTP\/1\.1 101 /);
  return { rig, front, back };
}

test("a silent tunnel stays for tunnelIdleMs", () => {
  const { rig, front, back } = openTunnel();
  rig.net.advance(LIMITS.tunnelIdleMs - 1_000);
  assert.deepEqual([front.ending, back.ending], ["open", "open"]);
  rig.net.advance(2_000);
  assert.deepEqual([front.ending, back.ending], ["ended", "ended"]);
});

for (const side of ["front", "back"] as const) {
  test(`a tunnel whose ${side} has ended waits for the other no longer than tunnelHalfEndedMs of silence`, () => {
    const { rig, ...peers } = openTunnel();
    const other = side === "front" ? peers.back : peers.front;
    rig.net.advance(60_000);
    peers[side].end();
    for (let second = 0; second < 90; second += 15) {
      rig.net.advance(15_000);
      assert.equal(rig.net.openCount, 2, `cut after ${second} s, though the other side speaks`);
      other.send("more");
      rig.net.settle();
    }
    assert.match(peers[side].received, /(more){6}$/);
    rig.net.advance(LIMITS.tunnelHalfEndedMs + 1_000);
    assert.equal(rig.net.openCount, 0);
    assert.equal(other.ending, "ended");
    rig.assertAtRest();
  });
}

test("a tunnel uses what its exchange used: their drains count it, and cut both sides at their deadline", () => {
  const { rig, front, back } = openTunnel();
  const drains = [
    rig.remove("backend", "app one"),
    rig.remove("cluster", "app"),
    rig.remove("listener", LISTENER),
  ];
  rig.net.settle();
  assert.deepEqual(new Set(rig.drainsUnderWay), new Set(drains));
  rig.net.perform(() => rig.engine.closeDrained(drains[0]!));
  rig.net.settle();
  assert.deepEqual([front.ending, back.ending], ["reset", "reset"]);
  rig.net.perform(() => rig.engine.unlisten(LISTENER));
  rig.net.advance(1_000);
  assert.deepEqual(rig.drainsUnderWay, []);
  rig.assertAtRest();
});

for (const side of ["front", "back"] as const) {
  test(`bytes that the ${side} sent right behind its head are the tunnel's first`, () => {
    const rig = new EngineRig({}, LIMITS);
    rig.listener(LISTENER);
    rig.cluster("app");
    rig.backend("app", "one", BACKEND);
    rig.frontend(LISTENER, "*", { cluster_id: "app" });
    rig.net.backend(BACKEND);
    const early = (of: string): string => (of === side ? "early" : "");
    const front = rig.net.client(LISTENER);
    front.send(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}${early("front")}`);
    rig.net.settle();
    const back = rig.net.backend(BACKEND).connections[0]!;
    back.send(`HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}${early("back")}`);
    rig.net.settle();
    const other = side === "front" ? back : front;
    assert.match(other.received, /\r\n\r\nearly$/);
    front.reset();
    rig.net.settle();
    assert.equal(back.ending, "reset");
    rig.assertAtRest();
  });
}
