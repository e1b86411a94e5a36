import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { parseAddress, type Address } from "../base/address.ts";
import { closeDescriptor, duplicateDescriptor } from "./descriptor.ts";
import {
  openListeningSocket,
  refuseNewConnections,
  socketName,
  takeNewConnections,
} from "./listening-socket.ts";
import { acceptConnection } from "./stream-socket.ts";

function addressOf(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address);
  return address;
}

function open(t: TestContext, text: string): { fd: number; port: number } {
  const opened = openListeningSocket(addressOf(text));
  assert.ok(opened.ok);
  t.after(() => closeDescriptor(opened.value));
  return { fd: opened.value, port: socketName(opened.value).port };
}

async function connectTo(t: TestContext, port: number, host = "127.0.0.1"): Promise<Socket> {
  const socket = connect(port, host).on("error", () => undefined);
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Accepts until the queue is empty; gives the peers' ports. */
function acceptAll(fd: number): number[] {
  const ports: number[] = [];
  for (let next = acceptConnection(fd); next.ok; next = acceptConnection(fd)) {
    ports.push(next.value.peer.port);
    closeDescriptor(next.value.fd);
  }
  return ports;
}

test("a listening socket takes connections, and tells who they are", async (t) => {
  for (const [text, host] of [
    ["127.0.0.1:0", "127.0.0.1"],
    ["[::1]:0", "::1"],
  ] as const) {
    const { fd, port } = open(t, text);
    const client = await connectTo(t, port, host);
    const accepted = acceptConnection(fd);
    assert.ok(accepted.ok);
    assert.deepEqual(accepted.value.peer, { ip: host, port: client.localPort });
    closeDescriptor(accepted.value.fd);
  }
});

test("an address in use, and one that is not ours, are refused with their reason", (t) => {
  const { port } = open(t, "127.0.0.1:0");
  const inUse = openListeningSocket(addressOf(`127.0.0.1:${port}`));
  assert.equal(!inUse.ok && inUse.error.code, "ADDRESS_IN_USE");
  const notOurs = openListeningSocket(addressOf("192.0.2.1:80"));
  assert.ok(!notOurs.ok);
  assert.equal(notOurs.error.code, "ADDRESS_REFUSED");
  assert.match(notOurs.error.message, /192\.0\.2\.1:80.*EADDRNOTAVAIL/);
});

test("an IPv6 socket leaves the IPv4 port free", (t) => {
  const { port } = open(t, "[::]:0");
  const ip4 = openListeningSocket(addressOf(`0.0.0.0:${port}`));
  assert.ok(ip4.ok);
  closeDescriptor(ip4.value);
});

test("with new connections refused, a SYN is not answered, and every connection in the queue can be accepted", async (t) => {
  const { fd, port } = open(t, "127.0.0.1:0");
  const queued: Socket[] = [];
  for (let index = 0; index < 20; index++) queued.push(await connectTo(t, port));
  assert.deepEqual(refuseNewConnections(fd), { ok: true, value: undefined });

  const late = connect(port, "127.0.0.1");
  t.after(() => late.destroy());
  let lateConnected = false;
  late.on("connect", () => (lateConnected = true));
  queued[0]!.write("still alive");
  await connectTo(t, open(t, "127.0.0.1:0").port);
  assert.equal(lateConnected, false);
  assert.deepEqual(
    acceptAll(fd),
    queued.map((socket) => socket.localPort),
  );

  takeNewConnections(fd);
  await once(late, "connect", { signal: AbortSignal.timeout(10_000) });
  assert.deepEqual(acceptAll(fd), [late.localPort]);
});

test("taking new connections where none were refused is harmless", (t) => {
  const { fd } = open(t, "127.0.0.1:0");
  assert.equal(takeNewConnections(fd).ok, true);
});

/**
 * Whether a connection is made; one that is not answered is given up when another socket's is made after it.
 */
async function isTaken(t: TestContext, port: number, host: string): Promise<boolean> {
  const socket = connect(port, host).on("error", () => undefined);
  t.after(() => socket.destroy());
  let isConnected = false;
  socket.on("connect", () => (isConnected = true));
  await connectTo(t, open(t, host === "::1" ? "[::1]:0" : "127.0.0.1:0").port, host);
  return isConnected;
}

test("new connections are refused over IPv6 as well, and those in its queue stay", async (t) => {
  const { fd, port } = open(t, "[::1]:0");
  const queued = await connectTo(t, port, "::1");
  assert.ok(refuseNewConnections(fd).ok);
  assert.equal(await isTaken(t, port, "::1"), false);
  assert.deepEqual(acceptAll(fd), [queued.localPort]);
});

test("what refuses is the socket, for all who share it, and it goes with the socket", async (t) => {
  const { fd, port } = open(t, "127.0.0.1:0");
  const duplicate = duplicateDescriptor(fd);
  assert.ok(duplicate.ok && refuseNewConnections(duplicate.value).ok);
  closeDescriptor(duplicate.value);
  assert.equal(await isTaken(t, port, "127.0.0.1"), false, "the copy is gone, its filter is not");
  const again = duplicateDescriptor(fd);
  assert.ok(again.ok && takeNewConnections(again.value).ok);
  assert.equal(await isTaken(t, port, "127.0.0.1"), true);
  closeDescriptor(again.value);

  const first = openListeningSocket(addressOf("127.0.0.1:0"));
  assert.ok(first.ok && refuseNewConnections(first.value).ok);
  const name = socketName(first.value);
  closeDescriptor(first.value);
  const second = openListeningSocket(addressOf(`127.0.0.1:${name.port}`));
  assert.ok(second.ok);
  t.after(() => closeDescriptor(second.value));
  assert.equal(await isTaken(t, name.port, "127.0.0.1"), true);
});

test("to refuse twice, and to take again after it, is as once", async (t) => {
  const { fd, port } = open(t, "127.0.0.1:0");
  assert.ok(refuseNewConnections(fd).ok && refuseNewConnections(fd).ok);
  assert.equal(await isTaken(t, port, "127.0.0.1"), false);
  assert.ok(takeNewConnections(fd).ok);
  assert.equal(await isTaken(t, port, "127.0.0.1"), true);
});

test("an address that is refused leaves no descriptor behind", (t) => {
  const { port } = open(t, "127.0.0.1:0");
  const before = readdirSync("/proc/self/fd").length;
  for (let round = 0; round < 50; round++) {
    assert.equal(openListeningSocket(addressOf(`127.0.0.1:${port}`)).ok, false);
    assert.equal(openListeningSocket(addressOf("192.0.2.1:80")).ok, false);
  }
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

test("what is no socket refuses nothing and has no name", () => {
  const file = openSync("/dev/null", "r");
  try {
    const refused = refuseNewConnections(file);
    assert.equal(!refused.ok && refused.error.name, "ENOTSOCK");
    const taken = takeNewConnections(file);
    assert.equal(!taken.ok && taken.error.name, "ENOTSOCK");
    assert.throws(() => socketName(file), /no name for descriptor/);
  } finally {
    closeSync(file);
  }
});
