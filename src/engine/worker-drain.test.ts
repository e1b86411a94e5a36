import assert from "node:assert/strict";
import { test } from "node:test";
import { HandoverRig } from "../../testing/sim/handover-rig.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const DRAIN = 7;

/** Two workers, of which the first drains. */
class DrainingWorkers extends HandoverRig {
  constructor() {
    super({ seed: 1 });
    this.listener(LISTENER);
    this.cluster("app");
    this.backend("app", "one", BACKEND);
    this.frontend(LISTENER, "*", { cluster_id: "app" });
    this.net.backend(BACKEND).onConnection = (peer) => {
      peer.onReceived = () => {
        const isTunnel = peer.takeNew().toString("latin1").includes("Upgrade: websocket");
        peer.send(isTunnel ? `HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}` : RESPONSE);
        if (isTunnel) peer.onReceived = () => peer.send(peer.takeNew());
      };
      peer.onEnding = () => void (peer.side === "open" && peer.close());
    };
    this.net.settle();
  }

  drain0(): void {
    this.#ask({ kind: "drain-worker", drain: DRAIN, key: "0", order: "DRAIN" });
  }

  undrain0(): void {
    this.#ask({ kind: "undrain-worker" });
  }

  /** A client whose request was answered. */
  open(head = REQUEST): SimPeer {
    const client = this.net.client(LISTENER).send(head);
    this.net.settle();
    return client;
  }

  /** Clients in the first worker alone. */
  openThere(count: number, head = REQUEST): SimPeer[] {
    this.taker.worker.perform(() => this.taker.worker.port.pauseAccepting(0));
    const clients = Array.from({ length: count }, () => this.open(head));
    this.taker.worker.perform(() => this.taker.worker.port.accept(0));
    assert.equal(this.giver.engine.connectionCount, count);
    return clients;
  }

  get told(): number | undefined {
    return this.usesOf(this.giver).get(DRAIN);
  }

  #ask(question: Parameters<HandoverRig["giver"]["engine"]["ask"]>[0]): void {
    this.giver.worker.perform(() => this.giver.engine.ask(question));
    this.net.settle();
  }
}

test("a worker that drains accepts nobody: the other one serves who comes, also who waits in the queue", () => {
  const rig = new DrainingWorkers();
  rig.drain0();
  const clients = Array.from({ length: 20 }, () => rig.open());
  for (const client of clients) assert.match(client.received, /ok$/);
  assert.deepEqual([rig.giver.engine.connectionCount, rig.taker.engine.connectionCount], [0, 20]);
  assert.equal(rig.told, 0);
});

test("its clients get one more answer, which says so, its tunnels go on, and the last one's end is told", () => {
  const rig = new DrainingWorkers();
  const [idle, silent] = rig.openThere(2);
  const tunnel = rig.open();
  rig.drain0();
  assert.equal(rig.told, rig.giver.engine.connectionCount);
  idle!.send(REQUEST);
  rig.net.settle();
  assert.equal(idle!.received.match(/connection: close/gi)?.length, 1, idle!.received);
  silent!.end();
  tunnel.end();
  rig.net.advance(5_000);
  assert.equal(rig.told, 0);
});

test("a tunnel of a worker that drains carries bytes both ways, and counts until it ends", () => {
  const rig = new DrainingWorkers();
  const [tunnel] = rig.openThere(1, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
  rig.drain0();
  tunnel!.send("still here");
  rig.net.advance(5_000);
  assert.match(tunnel!.received, /still here$/);
  assert.equal(rig.told, 1);
  assert.deepEqual(rig.giver.engine.drainCounts, [
    { kind: "worker", key: "0", drain: DRAIN, order: "DRAIN", stays: true, connections: 1 },
  ]);
  tunnel!.end();
  rig.net.advance(5_000);
  assert.deepEqual([rig.told, rig.giver.engine.drainCounts], [0, []]);
});

test("undrained it accepts again, and lets its clients stay", () => {
  const rig = new DrainingWorkers();
  const [client] = rig.openThere(1);
  rig.drain0();
  rig.undrain0();
  client!.send(REQUEST);
  rig.net.settle();
  assert.doesNotMatch(client!.received, /connection: close/i);
  rig.kill(rig.taker);
  assert.match(rig.open().received, /ok$/);
});

test("a listener that is added while it drains is not accepted on before it is undrained", () => {
  const rig = new DrainingWorkers();
  rig.drain0();
  rig.listener("127.0.0.1:81");
  rig.frontend("127.0.0.1:81", "*", { cluster_id: "app" });
  rig.net.settle();
  rig.kill(rig.taker);
  const client = rig.net.client("127.0.0.1:81").send(REQUEST);
  rig.net.settle();
  assert.equal(client.received, "");
  rig.undrain0();
  assert.match(client.received, /ok$/);
});

test("at its deadline all its connections are cut", () => {
  const rig = new DrainingWorkers();
  rig.openThere(1, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
  rig.drain0();
  rig.giver.worker.perform(() => rig.giver.engine.closeDrained(DRAIN));
  rig.net.advance(5_000);
  assert.deepEqual([rig.told, rig.giver.engine.connectionCount], [0, 0]);
});

test("the deadline that main told of its drain, the earliest, is told to the next main, and goes with the drain", () => {
  const rig = new DrainingWorkers();
  rig.openThere(1, `GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
  const { engine } = rig.giver;
  const deadlines = (): unknown => engine.drainCounts.map(({ close_at_ms }) => close_at_ms);
  rig.drain0();
  engine.keepDeadlines([
    { drain: DRAIN, close_at_ms: 500 },
    { drain: DRAIN, close_at_ms: 900 },
    { drain: DRAIN + 1, close_at_ms: 100 },
  ]);
  assert.deepEqual(deadlines(), [500]);
  rig.drain0();
  assert.deepEqual(deadlines(), [500], "another order for the same drain");
  rig.undrain0();
  rig.drain0();
  assert.deepEqual(deadlines(), [undefined], "it was taken back");
});

test("it hands over while it drains; if that comes to nothing, it still does not accept", () => {
  const rig = new DrainingWorkers();
  const [client] = rig.openThere(1);
  rig.drain0();
  rig.handOver();
  rig.kill(rig.taker);
  rig.net.advance(500);
  assert.equal(rig.tookBack.length, 1);
  const late = rig.net.client(LISTENER).send(REQUEST);
  rig.net.settle();
  assert.equal(late.received, "");
  client!.send(REQUEST);
  rig.net.settle();
  assert.match(client!.received, /connection: close/i);
});
