import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { scratch } from "./arena.ts";
import { closeDescriptor, isReadable } from "./descriptor.ts";
import * as libc from "./libc.ts";
import {
  acceptUnixConnection,
  AF_UNIX,
  connectUnixSocket,
  openUnixListener,
  peerCredentials,
  sendUnixDatagram,
} from "./unix-socket.ts";

const SOCK_DGRAM_NONBLOCK = 0x802;

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "kakehi-unix-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("a stream is connected to who listens there, and carries bytes", async (t) => {
  const path = join(folder(t), "socket");
  const server = createServer().listen(path);
  t.after(() => server.close());
  await once(server, "listening");
  const connected = connectUnixSocket(path);
  assert.ok(connected.ok);
  const [socket] = (await once(server, "connection")) as [Socket];
  writeSync(connected.value, "hello");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  assert.equal(bytes.toString(), "hello");
  assert.equal(isReadable(connected.value), false);
  socket.destroy();
  await once(socket, "close");
  assert.equal(isReadable(connected.value), true, "the end can be read");
  closeDescriptor(connected.value);
});

test("who listens is this user's alone, is told who comes, and is known by its process", (t) => {
  const path = join(folder(t), "socket");
  const mask = process.umask(0);
  const listening = openUnixListener(path);
  assert.equal(process.umask(mask), 0, "the mask is as it was");
  assert.ok(listening.ok);
  t.after(() => closeDescriptor(listening.value));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const nobody = acceptUnixConnection(listening.value);
  assert.equal(!nobody.ok && nobody.error.name, "EAGAIN");
  const connected = connectUnixSocket(path);
  assert.ok(connected.ok);
  const self = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };
  assert.deepEqual(peerCredentials(connected.value), { ok: true, value: self });
  const accepted = acceptUnixConnection(listening.value);
  assert.ok(accepted.ok);
  writeSync(accepted.value, "hello");
  const bytes = Buffer.alloc(10);
  assert.equal(bytes.toString("utf8", 0, readSync(connected.value, bytes)), "hello");
  closeDescriptor(accepted.value);
  closeDescriptor(connected.value);
  const again = openUnixListener(path);
  assert.equal(!again.ok && again.error.name, "EADDRINUSE");
  const long = openUnixListener(join(tmpdir(), "x".repeat(200)));
  assert.equal(!long.ok && long.error.name, "ENAMETOOLONG");
});

test("who has connected is known by the user that it was then", { skip: process.geteuid!() !== 0 }, (t) => {
  const path = join(folder(t), "socket");
  const listening = openUnixListener(path);
  assert.ok(listening.ok);
  chmodSync(path, 0o666);
  chmodSync(join(path, ".."), 0o711);
  process.seteuid!(65_534);
  const connected = connectUnixSocket(path);
  process.seteuid!(0);
  assert.ok(connected.ok);
  const accepted = acceptUnixConnection(listening.value);
  assert.ok(accepted.ok);
  const peer = peerCredentials(accepted.value);
  assert.equal(peer.ok && peer.value.uid, 65_534);
  for (const fd of [accepted.value, connected.value, listening.value]) closeDescriptor(fd);
  const none = peerCredentials(9_999);
  assert.equal(!none.ok && none.error.name, "EBADF");
});

test("where nobody listens, or could, the fault says so at once", (t) => {
  const path = folder(t);
  const faults = [join(path, "nothing"), path, join(path, "n".repeat(120))].map((at) => {
    const connected = connectUnixSocket(at);
    return connected.ok ? undefined : connected.error.name;
  });
  assert.deepEqual(faults, ["ENOENT", "ECONNREFUSED", "ENAMETOOLONG"]);
});

/** A datagram socket bound to `name`, in which "@" stands for the zero byte of an abstract one. */
function listenForDatagrams(t: TestContext, name: string): number {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
  assert.ok(fd >= 0);
  t.after(() => closeDescriptor(fd));
  const bytes = Buffer.from(`\x01\x00${name.replace("@", "\0")}${name.startsWith("@") ? "" : "\0"}`);
  scratch.bytes.set(bytes);
  assert.equal(libc.bind(fd, scratch.addressOf(0, bytes.length), bytes.length), 0);
  return fd;
}

function readDatagram(fd: number): string {
  const bytes = Buffer.alloc(4_096);
  return bytes.toString("utf8", 0, readSync(fd, bytes));
}

test("a datagram arrives whole, at a path and at an abstract name", (t) => {
  for (const name of [join(folder(t), "notify"), `@kakehi-${process.pid}-${performance.now()}`]) {
    const fd = listenForDatagrams(t, name);
    assert.ok(sendUnixDatagram(name, "READY=1\nSTATUS=筧").ok, name);
    assert.ok(sendUnixDatagram(name, "WATCHDOG=1").ok, name);
    assert.equal(readDatagram(fd), "READY=1\nSTATUS=筧");
    assert.equal(readDatagram(fd), "WATCHDOG=1");
  }
});

test("a datagram that nobody takes, or that a full queue refuses, is a fault and leaves nothing open", (t) => {
  const path = folder(t);
  const before = readdirSync("/proc/self/fd").length;
  const nobody = sendUnixDatagram(join(path, "notify"), "READY=1");
  assert.equal(!nobody.ok && nobody.error.name, "ENOENT");
  listenForDatagrams(t, join(path, "full"));
  let sent = sendUnixDatagram(join(path, "full"), "WATCHDOG=1");
  for (let count = 0; sent.ok && count < 10_000; count++)
    sent = sendUnixDatagram(join(path, "full"), "WATCHDOG=1");
  assert.equal(!sent.ok && sent.error.name, "EAGAIN");
  assert.equal(readdirSync("/proc/self/fd").length, before + 1);
});
