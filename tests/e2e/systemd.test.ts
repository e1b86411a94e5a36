/**
 * As a service: what systemd is told, the sockets that it hands over, and the units that we ship. Its side is
 * played by the test (sd_notify(3), sd_listen_fds(3)).
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../src/base/address.ts";
import { closeDescriptor } from "../../src/sys/descriptor.ts";
import { openListeningSocket, socketName } from "../../src/sys/listening-socket.ts";
import { eventWithin } from "../../testing/deadline.ts";
import { NotifySocket } from "../../testing/notify-socket.ts";
import { OrderClient } from "../../testing/order-client.ts";
import { KAKEHI } from "../../testing/run-command.ts";
import { fetchOnce, TIMEOUT_MS } from "./support.ts";

const UNITS = fileURLToPath(new URL("../../packaging/systemd/", import.meta.url));
/** Descriptors are handed over by number, and the process must know that they are for it. */
const LAUNCHER = 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"';

interface Service {
  readonly child: ChildProcess;
  readonly orders: OrderClient;
}

/** A proxy with one worker, started as a manager does, which answers orders. */
async function startService(
  t: TestContext,
  environment: Readonly<Record<string, string>>,
  sockets: readonly number[],
): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-service-"));
  const socketPath = join(folder, "command.sock");
  const args = ["run", "--json", "--workers", "1", "--socket", socketPath];
  const child = spawn("sh", ["-c", LAUNCHER, "sh", KAKEHI, ...args], {
    stdio: ["ignore", "pipe", "ignore", ...sockets],
    env: { ...process.env, ...environment },
  });
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await eventWithin(TIMEOUT_MS, child, "exit");
    }
    rmSync(folder, { recursive: true });
  });
  await eventWithin(TIMEOUT_MS * 2, createInterface(child.stdout!), "line");
  const orders = await OrderClient.connect(socketPath);
  t.after(() => orders.close());
  return { child, orders };
}

/** A listening socket as systemd opens it; its port. */
function openSocket(t: TestContext): { fd: number; port: number } {
  const opened = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(opened.ok);
  t.after(() => closeDescriptor(opened.value));
  return { fd: opened.value, port: socketName(opened.value).port };
}

/** Something that is no socket. */
function openFile(t: TestContext): number {
  const fd = openSync("/dev/null", "r");
  t.after(() => closeSync(fd));
  return fd;
}

test("READY comes when the workers accept, signs of life come after it, STOPPING when it stops", async (t) => {
  const notify = NotifySocket.open(t);
  const environment = { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "200000" };
  const { child, orders } = await startService(t, environment, []);
  const ready = await notify.next();
  assert.match(
    ready,
    new RegExp(`^READY=1\nMAINPID=${child.pid}\nSTATUS=1 worker, 0 listeners, revision 0$`),
  );
  assert.equal((await orders.ok("STATUS")).data.workers[0].state, "running");
  for (let count = 0; count < 2; count++) assert.equal(await notify.next(), "WATCHDOG=1");
  child.kill("SIGTERM");
  await notify.nextLike(/^STOPPING=1/);
  assert.deepEqual(await eventWithin(TIMEOUT_MS, child, "exit"), [0, null]);
});

test("a listener takes the socket that it was started with, connections that waited in it too, and again when it comes back", async (t) => {
  const socket = openSocket(t);
  const waiting = connect(socket.port, "127.0.0.1");
  t.after(() => waiting.destroy());
  await eventWithin(TIMEOUT_MS, waiting, "connect");
  const environment = { LISTEN_FDS: "2", LISTEN_FDNAMES: "notes:web" };
  const notes = openFile(t);
  const { child, orders } = await startService(t, environment, [notes, socket.fd]);
  const listener = { address: `127.0.0.1:${socket.port}`, protocol: "http" };
  for (let round = 0; round < 2; round++) {
    await orders.ok("ADD_LISTENER", listener);
    assert.equal((await fetchOnce(socket.port, "/")).status, 404);
    await orders.ok("REMOVE_LISTENER", { address: listener.address });
  }
  await orders.ok("ADD_LISTENER", listener);
  const answered = eventWithin(TIMEOUT_MS, waiting, "data");
  waiting.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  assert.match(String((await answered)[0]), /^HTTP\/1\.1 404 /);
  child.kill("SIGTERM");
  assert.deepEqual(await eventWithin(TIMEOUT_MS, child, "exit"), [0, null]);
});

for (const stop of ["SIGTERM", "HARD_STOP"] as const) {
  test(`after ${stop}, connections wait in the sockets that it was started with, and the next one serves them`, async (t) => {
    const [served, removed] = [openSocket(t), openSocket(t)];
    const environment = { LISTEN_FDS: "2" };
    const sockets = [served.fd, removed.fd];
    const addresses = [served, removed].map(({ port }) => `127.0.0.1:${port}`);
    const { child, orders } = await startService(t, environment, sockets);
    for (const address of addresses) await orders.ok("ADD_LISTENER", { address, protocol: "http" });
    await orders.ok("REMOVE_LISTENER", { address: addresses[1]! });
    const ended = eventWithin(TIMEOUT_MS, child, "exit");
    if (stop === "SIGTERM") child.kill(stop);
    else orders.send(stop);
    assert.deepEqual(await ended, [0, null]);
    const clients = [served, removed].map(({ port }) => connect(port, "127.0.0.1"));
    t.after(() => clients.forEach((client) => client.destroy()));
    for (const client of clients) await eventWithin(TIMEOUT_MS, client, "connect");
    const next = await startService(t, environment, sockets);
    for (const [index, client] of clients.entries()) {
      const answered = eventWithin(TIMEOUT_MS, client, "data");
      client.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
      await next.orders.ok("ADD_LISTENER", { address: addresses[index]!, protocol: "http" });
      assert.match(String((await answered)[0]), /^HTTP\/1\.1 404 /);
    }
  });
}

test("an upgrade of main is told, keeps the signs of life, and its sockets may still go and come back", async (t) => {
  const notify = NotifySocket.open(t);
  const socket = openSocket(t);
  const environment = { NOTIFY_SOCKET: notify.path, WATCHDOG_USEC: "200000", LISTEN_FDS: "1" };
  const { child, orders } = await startService(t, environment, [socket.fd]);
  const listener = { address: `127.0.0.1:${socket.port}`, protocol: "http" };
  await orders.ok("ADD_LISTENER", listener);
  await orders.ok("UPGRADE_MAIN");
  await notify.nextLike(/^RELOADING=1/);
  await notify.nextLike(
    new RegExp(`^READY=1\nMAINPID=${child.pid}\nSTATUS=1 worker, 1 listener, revision 1$`),
  );
  assert.equal(await notify.next(), "WATCHDOG=1");
  await orders.ok("REMOVE_LISTENER", { address: listener.address });
  await orders.ok("ADD_LISTENER", listener);
  assert.equal((await fetchOnce(socket.port, "/")).status, 404);
  child.kill("SIGTERM");
  await notify.nextLike(/^STOPPING=1/);
  assert.deepEqual(await eventWithin(TIMEOUT_MS, child, "exit"), [0, null]);
});

test("the units that we ship are units, and keep workers alive that a killed main leaves", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-units-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const service = readFileSync(join(UNITS, "kakehi.service"), "utf8");
  for (const line of ["KillMode=process", "RuntimeDirectoryPreserve=restart", "OOMPolicy=continue"])
    assert.ok(service.split("\n").includes(line), line);
  writeFileSync(join(folder, "kakehi.service"), service.replace("/usr/local/bin/kakehi", KAKEHI));
  writeFileSync(join(folder, "kakehi.socket"), readFileSync(join(UNITS, "kakehi.socket")));
  const paths = ["kakehi.service", "kakehi.socket"].map((name) => join(folder, name));
  try {
    execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
  } catch {
    return t.skip("systemd-analyze is not installed");
  }
  const env = { ...process.env, SYSTEMD_LOG_LEVEL: "warning" };
  execFileSync("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", ...paths], { env });
});
