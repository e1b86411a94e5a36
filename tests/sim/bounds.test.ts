import assert from "node:assert/strict";
import { test } from "node:test";
import type { Listener } from "../../src/model/objects.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimOptions } from "../../testing/sim/sim-network.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
/** Half a megabyte of 16 KiB buffers for one connection that does its worst. */
const BUFFERS_MAX = 32;

function rigWith(options: SimOptions = {}, times: Partial<Listener> = {}): EngineRig {
  const rig = new EngineRig({ buffers: 1_024, ...options });
  rig.listener(LISTENER, times);
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(BACKEND);
  return rig;
}

function heldBuffers({ net }: EngineRig): number {
  return net.port.buffers.count - net.port.buffers.freeCount;
}

function assertBounded(rig: EngineRig): void {
  const held = heldBuffers(rig);
  assert.ok(
    held <= BUFFERS_MAX,
    `one connection holds ${held} buffers of ${rig.net.port.buffers.bufferBytes} bytes`,
  );
}

/** In single bytes, less is enough to see: each of them could hold a buffer of its own. */
for (const [pieces, bytes] of [
  ["whole", 2_000_000],
  ["bytes", 5_000],
] as const) {
  test(`a client that sends requests without end while the first is answered holds a bounded part of the memory (${pieces})`, () => {
    const rig = rigWith({ pieces });
    rig.net.client(LISTENER).send(GET.repeat(bytes / 20));
    rig.net.settle();
    assertBounded(rig);
  });

  test(`a client that sends a body to a backend that does not read is stopped (${pieces})`, () => {
    const rig = rigWith({ pieces, socketBytes: 1_000 });
    rig.net.backend(BACKEND).onConnection = (peer) => void peer.pause();
    const client = rig.net
      .client(LISTENER)
      .send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${bytes}\r\n\r\n`);
    client.send("x".repeat(bytes));
    rig.net.settle();
    assertBounded(rig);
    assert.ok(pieces === "bytes" || client.outgoing.bytes > 0, "its bytes are not read any more");
  });

  test(`a backend that answers a client that does not read is stopped (${pieces})`, () => {
    const rig = rigWith({ pieces, socketBytes: 1_000 });
    const { net } = rig;
    net.backend(BACKEND).onConnection = (peer) => {
      peer.onReceived = () =>
        peer.receivedBytes >= GET.length && peer.outgoing.bytes === 0 && answerAtLength(peer, bytes);
    };
    const client = net.client(LISTENER).pause().send(GET);
    net.settle();
    const backend = net.backend(BACKEND).connections[0]!;
    assertBounded(rig);
    assert.ok(pieces === "bytes" || backend.outgoing.bytes > 0, "its bytes are not read any more");
    client.resume();
    net.settle();
    assert.ok(client.receivedBytes > bytes);
  });
}

test("a tunnel whose one side does not read is stopped", () => {
  const rig = rigWith({ pieces: "bytes", socketBytes: 1_000 });
  const { net } = rig;
  const client = net
    .client(LISTENER)
    .send("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  net.settle();
  const backend = net.backend(BACKEND).connections[0]!;
  backend.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  net.settle();
  backend.pause();
  client.send("x".repeat(5_000));
  net.settle();
  assertBounded(rig);
});

test("an idle connection to a removed backend is closed at once, a used one when its exchange ends", () => {
  const rig = rigWith();
  const { net } = rig;
  const [one, two] = [net.client(LISTENER).send(GET), net.client(LISTENER).send(GET)];
  net.settle();
  const [idle, used] = net.backend(BACKEND).connections;
  idle!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  net.settle();
  const drain = rig.remove("backend", "app one");
  net.settle();
  assert.deepEqual([idle!.ending, used!.ending, rig.drains.get(drain)], ["ended", "open", 1]);
  used!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  net.advance(100);
  assert.deepEqual([used!.ending, rig.drains.get(drain)], ["ended", 0]);
  for (const client of [one, two]) assert.match(client.received, /^HTTP\/1\.1 200 /);
});

test("a kept-alive backend connection has back_timeout_ms for each request, also where that is shorter than its idle time", () => {
  const rig = rigWith({}, { back_timeout_ms: 500 });
  const { net } = rig;
  const client = net.client(LISTENER).send(GET);
  net.settle();
  net.backend(BACKEND).connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  net.settle();
  client.send(GET);
  net.advance(600);
  assert.match(client.received, /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 504 /);
});

test("an idle client is let go after front_timeout_ms, also where that is shorter than the time for a request", () => {
  const rig = rigWith({}, { front_timeout_ms: 1_000, request_timeout_ms: 10_000 });
  const { net } = rig;
  net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => void peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  const client = net.client(LISTENER).send(GET);
  net.settle();
  assert.match(client.received, /^HTTP\/1\.1 200 /);
  net.advance(900);
  assert.equal(client.ending, "open");
  net.advance(200);
  assert.equal(client.ending, "ended");
});

test("clients that send one byte a second are cut off by the time for a request, and leave nothing behind", () => {
  const rig = rigWith({ connectionsMax: 256 }, { request_timeout_ms: 5_000 });
  const { net } = rig;
  const clients = Array.from({ length: 50 }, () => net.client(LISTENER));
  for (const byte of GET.slice(0, 12)) {
    for (const client of clients) if (client.ending === "open") client.send(byte);
    net.advance(1_000);
  }
  for (const client of clients) assert.match(client.received, /^HTTP\/1\.1 408 /);
  for (const client of clients) client.close();
  net.advance(20_000);
  rig.assertAtRest();
});

test("more clients than connection numbers wait in the queue, and are served when others go", () => {
  const rig = rigWith({ connectionsMax: 20 });
  const { net } = rig;
  net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => void peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  const clients = Array.from({ length: 100 }, () =>
    net.client(LISTENER).send(GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")),
  );
  for (const client of clients) client.onEnding = () => void client.close();
  net.advance(60_000);
  for (const client of clients) assert.match(client.received, /^HTTP\/1\.1 (200|503) /);
  assert.ok(clients.filter(({ received }) => received.startsWith("HTTP/1.1 200")).length > 50);
});

function answerAtLength(peer: { send(text: string): unknown }, bytes: number): void {
  peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${"x".repeat(bytes)}`);
}
