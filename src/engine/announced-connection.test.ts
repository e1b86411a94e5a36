import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimOptions } from "../../testing/sim/sim-network.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import type { Listener } from "../model/objects.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "127.0.0.1:9001";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const LINE = "PROXY TCP4 203.0.113.9 198.51.100.1 40000 443\r\n";
const LINE6 = "PROXY TCP6 2001:db8::9 2001:db8::1 40000 443\r\n";
const BINARY = `${SIGNATURE}\x21\x11\0\x0c\xcb\0\x71\x09\xc6\x33\x64\x01\x9c\x40\x01\xbb`;
const LOCAL = `${SIGNATURE}\x20\0\0\0`;
/** The client in the simulated network, as it connects. */
const PEER_IP = "192.0.2.1";

/** A listener that asks for a header, before one backend that answers each request. */
function rigOf(options: SimOptions = {}, fields: Partial<Listener> = {}): EngineRig {
  const rig = new EngineRig({ seed: 1, ...options });
  rig.listener(LISTENER, { accept_proxy_protocol: true, ...fields });
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(BACKEND).onConnection = (peer) => {
    let answered = 0;
    peer.onReceived = () => {
      for (const requests = peer.received.split("\r\n\r\n").length - 1; answered < requests; answered++)
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    };
  };
  return rig;
}

/** What the backend was told of the client, by X-Forwarded-For and Forwarded. */
function clientAtBackend(rig: EngineRig): string {
  const [connection] = rig.net.backend(BACKEND).connections;
  const received = connection?.received ?? "";
  return [/X-Forwarded-For: (.*)\r\n/, /Forwarded: (for=[^;]*)/].map((p) => p.exec(received)?.[1]).join(" ");
}

function send(rig: EngineRig, bytes: string): SimPeer {
  const client = rig.net.client(LISTENER).send(bytes);
  rig.net.settle();
  return client;
}

function assertCut(rig: EngineRig, client: SimPeer, what: string): void {
  assert.equal(client.ending, "reset", what);
  assert.equal(client.received, "", what);
  assert.equal(rig.net.backend(BACKEND).attempts, 0, what);
  assert.equal(rig.engine.connectionCount, 0, what);
}

test("the client of a header is the client of the request behind it, however the bytes are cut", () => {
  const cases = [
    [LINE, "203.0.113.9 for=203.0.113.9"],
    [BINARY, "203.0.113.9 for=203.0.113.9"],
    [LINE6, '2001:db8::9 for="[2001:db8::9]"'],
    ["PROXY UNKNOWN\r\n", `${PEER_IP} for=${PEER_IP}`],
    [LOCAL, `${PEER_IP} for=${PEER_IP}`],
  ] as const;
  for (const [header, client] of cases) {
    for (const pieces of ["whole", "bytes", "random"] as const) {
      const rig = rigOf({ pieces });
      const peer = send(rig, header + REQUEST + REQUEST);
      assert.equal(peer.received.split("200 OK").length - 1, 2, `${JSON.stringify(header)} ${pieces}`);
      assert.equal(clientAtBackend(rig), client, pieces);
      peer.close();
      rig.net.advance(10_000);
      rig.assertAtRest();
    }
  }
});

test("a request that comes long after its header is served", () => {
  const rig = rigOf();
  const client = send(rig, LINE);
  rig.net.advance(15_000);
  client.send(REQUEST);
  rig.net.settle();
  assert.match(client.received, /^HTTP\/1\.1 200 /);
  assert.equal(clientAtBackend(rig), "203.0.113.9 for=203.0.113.9");
});

test("what does not begin with a header is cut without a word, and never reaches a backend", () => {
  for (const bytes of [
    REQUEST,
    "PROXY TCP4 nonsense\r\n",
    `${SIGNATURE}\x31`,
    `PROXY ${"x".repeat(200)}`,
    "\0",
  ]) {
    for (const pieces of ["whole", "bytes"] as const) {
      const rig = rigOf({ pieces });
      const client = rig.net.client(LISTENER).send(bytes + REQUEST);
      rig.net.settle();
      assertCut(rig, client, `${JSON.stringify(bytes)} ${pieces}`);
      rig.assertAtRest();
    }
  }
});

test("proxyHeaderBytesMax: a header of that size is read, one byte more is cut", () => {
  const sized = (bytes: number): string =>
    `${SIGNATURE}\x20\0${String.fromCharCode((bytes - 16) >> 8, (bytes - 16) & 0xff)}${"x".repeat(bytes - 16)}`;
  const rig = rigOf({ pieces: "random" });
  assert.match(send(rig, sized(536) + REQUEST).received, /^HTTP\/1\.1 200 /);
  const other = rigOf({ pieces: "random" });
  assertCut(other, send(other, sized(537) + REQUEST), "537 bytes");
});

test("a header that has not come within request_timeout_ms is not waited for", () => {
  for (const begun of ["", "PROXY TCP4 203.0", LINE.slice(0, -1), BINARY.slice(0, -1)]) {
    const rig = rigOf({}, { request_timeout_ms: 500 });
    const client = rig.net.client(LISTENER);
    if (begun !== "") client.send(begun);
    rig.net.settle().advance(499);
    assert.equal(client.ending, "open", JSON.stringify(begun));
    rig.net.advance(1);
    assertCut(rig, client, JSON.stringify(begun));
    rig.assertAtRest();
  }
});

test("a header one byte at a time has one request_timeout_ms in all", () => {
  const rig = rigOf({}, { request_timeout_ms: 500 });
  const client = rig.net.client(LISTENER);
  for (const byte of LINE.slice(0, 10)) {
    client.send(byte);
    rig.net.settle().advance(60);
    if (client.ending !== "open") break;
  }
  assertCut(rig, client, "after 500 ms");
});

test("a peer that ends or resets before its header is whole leaves nothing behind", () => {
  for (const how of ["end", "reset", "close"] as const) {
    const rig = rigOf();
    send(rig, LINE.slice(0, 20))[how]();
    rig.net.settle();
    assert.equal(rig.engine.connectionCount, 0, how);
    rig.assertAtRest();
  }
});

test("a worker that leaves waits for a header no longer than for its deadline", () => {
  const rig = rigOf();
  const client = send(rig, "PROXY ");
  rig.net.perform(() => rig.engine.stop(100));
  rig.net.advance(200);
  assert.equal(rig.stopped, 1);
  assert.equal(client.ending, "reset");
  rig.assertAtRest();
});

test("a client too many is answered without its header", () => {
  const rig = rigOf({ connectionsMax: 4 });
  for (let count = 0; count < 3; count++) send(rig, "");
  const client = send(rig, LINE);
  assert.match(client.received, /^HTTP\/1\.1 503 /);
});

test("UPDATE_LISTENER decides for the connections accepted after it", () => {
  const rig = rigOf();
  const before = send(rig, LINE + REQUEST);
  const waiting = send(rig, LINE.slice(0, 9));
  rig.put({
    kind: "listener",
    value: {
      address: LISTENER,
      protocol: "http",
      accept_proxy_protocol: false,
      front_timeout_ms: 1_000,
      back_timeout_ms: 1_000,
      connect_timeout_ms: 1_000,
      request_timeout_ms: 1_000,
    },
  });
  assert.match(send(rig, REQUEST).received, /^HTTP\/1\.1 200 /);
  assert.match(send(rig, LINE + REQUEST).received, /^HTTP\/1\.1 400 /);
  before.send(REQUEST);
  waiting.send(LINE.slice(9) + REQUEST);
  rig.net.settle();
  assert.equal(before.received.split("200 OK").length - 1, 2);
  assert.match(waiting.received, /^HTTP\/1\.1 200 /);
});

test("the balancing key is that of the client in the header", () => {
  const rig = rigOf();
  rig.cluster("app", { load_balancing: "hash" });
  const backends = Array.from({ length: 8 }, (_, index) => rig.net.backend(`127.0.0.1:${9_001 + index}`));
  for (const index of backends.keys()) rig.backend("app", `b${index}`, `127.0.0.1:${9_001 + index}`);
  // Nobody answers: each request has a connection of its own, and shows where it went.
  for (const backend of backends) backend.onConnection = () => undefined;
  const chosenFor = (ip: string, peer: string): number => {
    const before = backends.map(({ attempts }) => attempts);
    rig.net.client(LISTENER, { ip: peer }).send(`PROXY TCP4 ${ip} 198.51.100.1 1 2\r\n${REQUEST}`);
    rig.net.settle();
    return backends.findIndex(({ attempts }, index) => attempts > before[index]!);
  };
  const clients = Array.from({ length: 10 }, (_, index) => `203.0.113.${index + 1}`);
  const byOne = clients.map((ip) => chosenFor(ip, "192.0.2.1"));
  const byOther = clients.map((ip) => chosenFor(ip, "192.0.2.2"));
  assert.deepEqual(byOther, byOne);
  assert.ok(new Set(byOne).size > 2, "one peer's clients are spread");
});
