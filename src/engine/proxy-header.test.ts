import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import type { Cluster, Listener } from "../model/objects.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9001";
const OTHER = "10.0.0.2:9001";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
/** The first client in the simulated network has port 40000. */
const LINE = "PROXY TCP4 192.0.2.1 127.0.0.1 40000 80\r\n";
const BINARY = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x7f\0\0\x01\x9c\x40\0\x50";

interface Case {
  readonly cluster?: Partial<Cluster>;
  readonly listener?: Partial<Listener>;
  readonly answer?: string;
}

function rigOf({
  cluster = { send_proxy_protocol: "v1" },
  listener = {},
  answer = OK,
}: Case = {}): EngineRig {
  const rig = new EngineRig({ seed: 1, pieces: "random" });
  rig.listener(LISTENER, listener);
  rig.cluster("app", cluster);
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  for (const address of [BACKEND, OTHER])
    rig.net.backend(address).onConnection = (peer) => answerEach(peer, answer);
  return rig;
}

function answerEach(peer: SimPeer, answer: string): void {
  let answered = 0;
  peer.onReceived = () => {
    const requests = peer.received.split("HTTP/1.1\r\n").slice(1);
    for (; answered < requests.filter((each) => each.includes("\r\n\r\n")).length; answered++)
      peer.send(answer);
  };
}

function connections(rig: EngineRig, address = BACKEND): readonly SimPeer[] {
  return rig.net.backend(address).connections;
}

function ask(rig: EngineRig, client = rig.net.client(LISTENER), request = REQUEST): SimPeer {
  client.send(request);
  rig.net.settle();
  return client;
}

test("a connection to a backend begins with the header of its client, in the version asked for", () => {
  for (const [version, header] of [
    ["v1", LINE],
    ["v2", BINARY],
  ] as const) {
    const rig = rigOf({ cluster: { send_proxy_protocol: version } });
    assert.match(ask(rig).received, /^HTTP\/1\.1 200 /);
    const [first] = connections(rig);
    assert.equal(first!.received.slice(0, header.length + 4), `${header}GET `);
  }
});

test("each request has a connection of its own, which is closed behind its response", () => {
  const rig = rigOf();
  const client = ask(rig);
  ask(rig, client);
  ask(rig);
  const headers = connections(rig).map((peer) => peer.received.split("\r\n", 1)[0]);
  assert.deepEqual(headers, [LINE.trim(), LINE.trim(), LINE.trim().replace("40000", "40001")]);
  assert.ok(connections(rig).every((peer) => peer.ending !== "open"));
  assert.equal(client.received.split("200 OK").length - 1, 2);
});

test("the destination is the address that clients are told to connect to", () => {
  const rig = rigOf({ listener: { public_address: "198.51.100.1:443" } });
  ask(rig);
  assert.match(connections(rig)[0]!.received, /^PROXY TCP4 192\.0\.2\.1 198\.51\.100\.1 40000 443\r\n/);
});

test("what a header told of the client is told on, its destination, too", () => {
  const rig = rigOf({ listener: { accept_proxy_protocol: true } });
  ask(rig, undefined, `PROXY TCP6 2001:db8::9 2001:db8::1 5 6\r\n${REQUEST}`);
  ask(rig, undefined, `PROXY UNKNOWN\r\n${REQUEST}`);
  assert.match(connections(rig)[0]!.received, /^PROXY TCP6 2001:db8::9 2001:db8::1 5 6\r\nGET /);
  assert.match(connections(rig)[1]!.received, /^PROXY TCP4 192\.0\.2\.1 127\.0\.0\.1 40001 80\r\nGET /);
});

test("another backend that is tried gets the header first, too", () => {
  const rig = rigOf();
  rig.net.backend(BACKEND).mode = "refused";
  rig.backend("app", "two", OTHER);
  const clients = [ask(rig), ask(rig)];
  for (const client of clients) assert.match(client.received, /^HTTP\/1\.1 200 /);
  assert.ok(rig.net.backend(BACKEND).attempts > 0);
  assert.equal(connections(rig, OTHER).length, 2);
  for (const peer of connections(rig, OTHER))
    assert.match(peer.received, /^PROXY TCP4 192\.0\.2\.1 .*\r\nGET /);
});

test("content follows the header and the head", () => {
  const rig = rigOf();
  rig.net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => void (peer.received.endsWith("hello") && peer.send(OK));
  };
  const client = ask(rig, undefined, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  assert.match(client.received, /^HTTP\/1\.1 200 /);
  assert.match(connections(rig)[0]!.received, /^PROXY .*\r\nPOST [^]*\r\n\r\nhello$/);
});

test("a tunnel's connection begins with the header, once", () => {
  const rig = rigOf({
    answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nback",
  });
  const client = ask(
    rig,
    undefined,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  client.send("front");
  rig.net.settle();
  const [peer] = connections(rig);
  assert.match(client.received, /^HTTP\/1\.1 101 [^]*back$/);
  assert.match(peer!.received, /^PROXY [^\r]*\r\nGET [^]*\r\n\r\nfront$/);
  client.close();
  rig.net.settle();
  peer!.close();
  rig.net.advance(10_000);
  rig.assertAtRest();
});

test("UPDATE_CLUSTER: connections without a header are not used behind it, and those with one never", () => {
  const rig = rigOf({ cluster: {} });
  ask(rig);
  assert.doesNotMatch(connections(rig)[0]!.received, /PROXY/);
  assert.equal(connections(rig)[0]!.ending, "open", "kept for the next request");
  rig.cluster("app", { send_proxy_protocol: "v2" });
  rig.net.settle();
  assert.notEqual(connections(rig)[0]!.ending, "open", "discarded by the switch");
  ask(rig);
  assert.ok(connections(rig)[1]!.received.startsWith("\r\n\r\n\0\r\nQUIT\n"));
  rig.cluster("app", {});
  ask(rig);
  assert.match(connections(rig)[2]!.received, /^GET /);
  ask(rig);
  assert.equal(connections(rig).length, 3, "kept and used again");
});

test("a connection that was busy while UPDATE_CLUSTER came is not used by a request behind it", () => {
  const rig = rigOf({ cluster: {} });
  rig.net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => undefined;
  };
  const client = ask(rig);
  rig.cluster("app", { send_proxy_protocol: "v1" });
  rig.net.backend(BACKEND).onConnection = (peer) => answerEach(peer, OK);
  connections(rig)[0]!.send(OK);
  rig.net.settle();
  assert.match(client.received, /^HTTP\/1\.1 200 /);
  ask(rig, client);
  assert.equal(connections(rig).length, 2);
  assert.match(connections(rig)[1]!.received, /^PROXY TCP4 /);
});
