import assert from "node:assert/strict";
import { test } from "node:test";
import { HandoverRig } from "../../../testing/sim/handover-rig.ts";
import { ENGINE_LIMITS_DEFAULT } from "../limits.ts";
import type { SimPeer } from "../../../testing/sim/sim-peer.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

function newRig(options: ConstructorParameters<typeof HandoverRig>[0] = {}): HandoverRig {
  const rig = new HandoverRig(options);
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(BACKEND).onConnection = (peer) => {
    let seen = "";
    peer.onReceived = () => {
      seen += peer.takeNew().toString("latin1");
      for (let end = seen.indexOf("\r\n\r\n"); end !== -1; end = seen.indexOf("\r\n\r\n")) {
        const head = seen.slice(0, end);
        seen = seen.slice(end + 4);
        if (head.includes("Upgrade: websocket")) {
          peer.send(`HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}`);
          peer.onReceived = () => peer.send(peer.takeNew());
          return;
        }
        peer.send(RESPONSE);
      }
    };
  };
  rig.net.settle();
  return rig;
}

/** Only the giver accepts, until it hands over. */
function onlyGiver(rig: HandoverRig): HandoverRig {
  rig.net.after(0, () => rig.taker.worker.port.pauseAccepting(0));
  rig.net.settle();
  return rig;
}

function bodies(client: SimPeer): number {
  return client.received.split("\r\n\r\nok").length - 1;
}

test("idle sessions and their backends' connections go over, and go on", () => {
  const rig = onlyGiver(newRig());
  const clients = Array.from({ length: 20 }, () => rig.net.client(LISTENER).send(REQUEST));
  rig.net.settle();
  assert.deepEqual(clients.map(bodies), Array(20).fill(1));
  const backs = rig.net.backend(BACKEND).connections.length;
  rig.handOver();
  rig.net.advance(500);
  assert.deepEqual(rig.stopped, ["giver"]);
  assert.equal(rig.giver.worker.openCount, 0);
  for (const client of clients) {
    client.send(REQUEST);
    rig.net.settle();
  }
  assert.deepEqual(clients.map(bodies), Array(20).fill(2));
  assert.equal(rig.net.backend(BACKEND).connections.length, backs, "the pool went along");
  for (const client of clients) client.end();
  rig.net.advance(10_000);
  rig.assertHolds(0);
});

for (const [name, pieces] of [
  ["whole", "whole"],
  ["in random pieces", "random"],
] as const) {
  test(`a tunnel goes over in the middle, with what is in it in both directions, ${name}`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      const rig = onlyGiver(newRig({ seed, pieces, latencyMsMax: 3, socketBytes: 2_000 }));
      const client = rig.net.client(LISTENER).send(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
      rig.net.settle();
      const head = client.receivedBytes;
      const sent = Array.from({ length: 300 }, (_, index) => `message ${index}\n`)
        .join("")
        .repeat(10);
      client.pause().send(sent);
      rig.net.advance(rig.net.prng.between(0, 60));
      rig.handOver();
      rig.net.advance(rig.net.prng.between(0, 60));
      client.resume();
      rig.net.settle();
      assert.equal(client.received.slice(head), sent, `seed ${seed}`);
      assert.equal(rig.giver.worker.openCount, 0, `seed ${seed}`);
      client.end();
      rig.net.advance(60_000);
      rig.assertHolds(0);
    }
  });
}

/** Sessions and tunnels at the giver, of which each has just been used. */
function openClients(rig: HandoverRig): { sessions: SimPeer[]; tunnels: SimPeer[] } {
  const sessions = Array.from({ length: 6 }, () => rig.net.client(LISTENER).send(REQUEST));
  const tunnels = Array.from({ length: 4 }, () => openTunnel(rig));
  rig.net.settle();
  return { sessions, tunnels };
}

function openTunnel(rig: HandoverRig): SimPeer {
  return rig.net.client(LISTENER).send(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
}

const isAlive = ({ ending }: SimPeer): boolean => ending === "open";

for (const victim of ["giver", "taker"] as const) {
  test(`the ${victim} killed at any moment of it: each connection goes on whole where it is, and nowhere else`, () => {
    let kills = 0;
    for (let turns = 0, isOver = false; !isOver; turns++) {
      const rig = onlyGiver(newRig({ seed: turns + 1, latencyMsMax: 2 }));
      const { sessions, tunnels } = openClients(rig);
      const all = [...sessions, ...tunnels];
      for (const tunnel of tunnels) tunnel.send("before;");
      rig.handOver();
      for (let turn = 0; turn < turns; turn++) rig.net.step(1);
      isOver = rig.stopped.length > 0;
      if (isOver) continue;
      kills++;
      const clientsIn = (batches: typeof rig.giver.given): number =>
        batches.flat().filter(({ kind }) => kind !== "pooled").length;
      // What is on its way arrives; what the other has said to hold is let go of.
      const sent = clientsIn(rig.giver.given);
      const held = clientsIn(rig.giver.given.slice(0, rig.giver.taken));
      rig.kill(rig[victim]);
      rig.net.advance(100);
      const at = `killed after ${turns} turns`;
      const survivors = victim === "taker" ? all.length - held : sent;
      assert.equal(all.filter(isAlive).length, survivors, at);
      for (const session of sessions.filter(isAlive)) session.send(REQUEST);
      for (const tunnel of tunnels.filter(isAlive)) tunnel.send("after");
      rig.net.advance(1_000);
      for (const session of sessions.filter(isAlive)) assert.equal(bodies(session), 2, at);
      for (const tunnel of tunnels.filter(isAlive))
        assert.match(tunnel.received, /\r\n\r\nbefore;after$/, at);
      assert.equal(all.filter(isAlive).length, survivors, at);
      const next = rig.net.client(LISTENER).send(REQUEST);
      rig.net.advance(100);
      if (victim === "taker") assert.equal(bodies(next), 1, `${at}: the giver accepts again`);
      for (const client of [...all, next].filter(isAlive)) client.close();
      rig.net.advance(60_000);
      rig.assertHolds(0);
    }
    assert.ok(kills > 5, `killed only ${kills} times`);
  });
}

test("what a client sends while its session goes over goes along: whole requests, and halves", () => {
  for (let turns = 0; turns < 12; turns++) {
    for (const half of [0, 10, REQUEST.length]) {
      const rig = onlyGiver(newRig({ seed: turns + 1, latencyMsMax: 2, pieces: "random" }));
      const clients = Array.from({ length: 4 }, () => rig.net.client(LISTENER).send(REQUEST));
      rig.net.settle();
      for (const client of clients) client.send(REQUEST.slice(0, half));
      for (let turn = 0; turn < turns; turn++) rig.net.step(1);
      rig.handOver();
      rig.net.advance(300);
      for (const client of clients) client.send(REQUEST.slice(half));
      rig.net.advance(300);
      assert.deepEqual(clients.map(bodies), [2, 2, 2, 2], `half ${half}, ${turns} turns`);
      assert.deepEqual(rig.stopped, ["giver"]);
    }
  }
});

test("a tunnel stays with the object that it uses, though another of the same name came, and went, meanwhile", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const rig = onlyGiver(newRig({ seed, latencyMsMax: 10 }));
    const first = openTunnel(rig);
    rig.net.settle();
    const one = rig.remove("backend", "app one");
    rig.backend("app", "one", BACKEND);
    rig.net.settle();
    const second = openTunnel(rig);
    rig.net.settle();
    const isLate = rig.net.prng.chance(0.5);
    const removeAgain = (): number => {
      const drain = rig.remove("backend", "app one");
      rig.backend("app", "one", BACKEND);
      return drain;
    };
    const early = isLate ? undefined : removeAgain();
    rig.handOver();
    const two = early ?? removeAgain();
    rig.net.advance(500);
    assert.deepEqual(rig.stopped, ["giver"], `seed ${seed}`);
    const counts = rig.taker.engine.drainCounts.map(({ drain, connections }) => [drain, connections]);
    assert.deepEqual(Object.fromEntries(counts), { [one]: 1, [two]: 1 }, `seed ${seed}`);
    for (const tunnel of [first, second]) tunnel.end();
    rig.net.advance(60_000);
    assert.deepEqual(rig.taker.engine.drainCounts, [], `seed ${seed}`);
    rig.assertHolds(0);
  }
});

test("a tunnel of a cluster that was removed before, with its backends, goes over, and is counted", () => {
  const rig = onlyGiver(newRig());
  const tunnel = openTunnel(rig);
  rig.net.settle();
  const drain = rig.remove("cluster", "app");
  rig.net.settle();
  rig.handOver();
  rig.net.advance(500);
  assert.deepEqual(rig.stopped, ["giver"]);
  assert.deepEqual(
    rig.taker.engine.drainCounts.map((one) => [one.drain, one.connections]),
    [[drain, 1]],
  );
  tunnel.end();
  rig.net.advance(60_000);
  assert.deepEqual(rig.taker.engine.drainCounts, []);
});

test("when a drain is to be closed goes along with its tunnel, whenever in a hand-over that was told", () => {
  for (let turns = 0; turns < 60; turns++) {
    const rig = onlyGiver(newRig({ seed: turns + 1, latencyMsMax: 8 }));
    rig.net.client(LISTENER).send(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
    rig.net.settle();
    const drain = rig.remove("backend", "app one");
    rig.net.settle();
    // At the first moment of the loop it is told before.
    if (turns > 0) rig.handOver();
    for (let turn = 1; turn < turns; turn++) rig.net.step(1);
    rig.keepDeadline({ drain, close_at_ms: 500 });
    if (turns === 0) {
      rig.net.settle();
      rig.handOver();
    }
    rig.net.advance(500);
    assert.deepEqual(rig.stopped, ["giver"]);
    const held = rig.taker.engine.drainCounts.map((one) => [one.drain, one.connections, one.close_at_ms]);
    assert.deepEqual(held, [[drain, 1, 500]], `told after ${turns} turns`);
  }
});

test("a giver that is asked to stop in the midst of it gives no more, and leaves when its own have ended", () => {
  for (let turns = 0; turns < 12; turns++) {
    const rig = onlyGiver(
      newRig({ seed: turns + 1, latencyMsMax: 2, connectionsMax: 2_048, buffers: 2_048 }),
    );
    const clients = Array.from({ length: 600 }, () => rig.net.client(LISTENER).send(REQUEST));
    rig.net.settle();
    rig.handOver();
    for (let turn = 0; turn < turns; turn++) rig.net.step(1);
    rig.giver.worker.perform(() => rig.giver.engine.stop(undefined));
    for (const client of clients) client.send(REQUEST);
    rig.net.advance(3_000);
    assert.deepEqual(clients.map(bodies), Array(clients.length).fill(2), `after ${turns} turns`);
    for (const client of clients) client.close();
    rig.net.advance(5_000);
    assert.deepEqual(rig.stopped, ["giver"], `after ${turns} turns`);
  }
});

test("few connections stand still at a time at first; the next go when these have arrived", () => {
  const rig = onlyGiver(newRig());
  const { engine, worker } = rig.giver;
  const clients = Array.from({ length: 100 }, () => rig.net.client(LISTENER).send(REQUEST));
  rig.net.settle();
  const given: number[] = [];
  worker.perform(() => engine.handOver(undefined, (token) => void given.push(token)));
  rig.net.settle();
  assert.equal(given.length, ENGINE_LIMITS_DEFAULT.handOverFrozenMin);
  const first = given.splice(0);
  worker.perform(() => engine.taken(first));
  rig.net.settle();
  assert.equal(given.length, 2 * ENGINE_LIMITS_DEFAULT.handOverFrozenMin, "they were quick");
  for (const client of clients) client.close();
});
