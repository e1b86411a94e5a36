/**
 * What workers of released versions say when they hand over, kept for ever: each file is a whole conversation
 * of a giver, in the format of its number. A taker of this version goes on with all of it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { PortEvents } from "../../src/engine/port.ts";
import { type FromGiver, type FromTaker, HANDOVER_FORMAT } from "../../src/model/handover.ts";
import { Taker } from "../../src/worker/taker.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimNetwork } from "../../testing/sim/sim-network.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import type { SimDescriptor } from "../../testing/sim/sim-socket.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const FORMATS = [1];
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function conversationOf(format: number): readonly FromGiver[] {
  const file = new URL(`handover-${format}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as readonly FromGiver[];
}

/** Peers whose connections another process has accepted, and given up: their descriptors, in order. */
function givenUp(net: SimNetwork, count: number): { peers: SimPeer[]; descriptors: SimDescriptor[] } {
  const donor = net.addWorker();
  const address = "127.0.0.1:81";
  const descriptors: SimDescriptor[] = [];
  const nothing = (): void => undefined;
  const events: PortEvents = {
    turnStarts: nothing,
    turnEnds: () => Infinity,
    accepted: (_listener, connection) => donor.port.detach(connection),
    acceptingStopped: nothing,
    connected: nothing,
    received: nothing,
    sent: nothing,
    ended: nothing,
    failed: nothing,
    detached: (connection) => {
      descriptors.push(donor.duplicateOf(connection));
      donor.port.release(connection);
    },
  };
  donor.attach(events);
  const listener = donor.listen(address);
  donor.perform(() => donor.port.accept(listener));
  const peers = Array.from({ length: count }, () => {
    const peer = net.client(address);
    net.settle();
    return peer;
  });
  return { peers, descriptors };
}

for (const format of FORMATS) {
  test(`a hand-over in format ${format} is taken whole: sessions, a tunnel, an idle connection to a backend`, () => {
    const rig = new EngineRig();
    rig.listener(LISTENER);
    rig.cluster("app");
    rig.backend("app", "one", BACKEND);
    rig.frontend(LISTENER, "*", { cluster_id: "app" });
    const { peers, descriptors } = givenUp(rig.net, 5);
    const [idle, waiting, client, backend, pooled] = peers as [SimPeer, SimPeer, SimPeer, SimPeer, SimPeer];
    const said: FromTaker[] = [];
    const taker = new Taker<SimDescriptor>({
      engine: rig.engine,
      send: (message) => void said.push(message),
      takeDescriptors: (count) => descriptors.splice(0, count),
      adoptConnection: (descriptor) => rig.net.worker.adoptConnection(descriptor),
      closeDescriptor: (descriptor) => descriptor.close(),
      closeConnection: (connection) => rig.net.port.close(connection),
      revision: () => 3,
    });
    for (const message of conversationOf(format)) rig.net.perform(() => taker.received(message));
    rig.net.settle();
    assert.deepEqual(said, [{ type: "taken", number: 1, revision: 3, refused: [] }]);

    // The pooled connection serves the next request; then the head that was half there is completed.
    idle.send(REQUEST);
    rig.net.settle();
    assert.match(pooled.received, /^GET \/ HTTP\/1\.1\r\n.*X-Forwarded-For: 192\.0\.2\.7\r\n/s);
    pooled.send(RESPONSE);
    rig.net.settle();
    assert.match(idle.received, /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal(waiting.received, "the rest of a response");
    waiting.send("\n\r\n");
    rig.net.settle();
    assert.match(pooled.received, /X-Forwarded-For: 2001:db8::7\r\n/);

    assert.equal(client.received, "to the client");
    assert.equal(backend.received, "to the backend");
    backend.send(", and more");
    rig.net.settle();
    assert.equal(client.received, "to the client, and more");
    assert.deepEqual(
      rig.engine.drainCounts.map(({ drain, kind, key, connections, ...more }) => [
        ...[drain, kind, key, connections],
        more.close_at_ms,
      ]),
      [
        [6, "cluster", "app gone", 1, 1_795_400_000_000],
        [7, "backend", "app gone", 1, undefined],
      ],
    );
  });
}

test("this version's format has its conversation here", () => {
  assert.equal(FORMATS.at(-1), HANDOVER_FORMAT);
});
