import assert from "node:assert/strict";
import { test } from "node:test";
import { NotifySocket } from "../../testing/notify-socket.ts";
import { createLog, type Log } from "./log.ts";
import { findServiceManager, NO_SERVICE_MANAGER } from "./service-manager.ts";

function newLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = createLog({ level: "info", form: "text", write: (line) => lines.push(line), now: () => 0 });
  return { log, lines };
}

test("a manager is told that all serves, that it is exchanged, and that it stops", async (t) => {
  const socket = NotifySocket.open(t);
  const manager = findServiceManager({ NOTIFY_SOCKET: socket.path }, newLog().log);
  manager.ready("2 workers\n3 listeners");
  manager.reloading();
  manager.stopping();
  assert.equal(await socket.next(), `READY=1\nMAINPID=${process.pid}\nSTATUS=2 workers 3 listeners`);
  assert.match(await socket.next(), /^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+\n/);
  assert.match(await socket.next(), /^STOPPING=1\n/);
});

test("the watchdog gets its signs of life, again and again, once all serves", async (t) => {
  const socket = NotifySocket.open(t);
  const environment = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: "40000", WATCHDOG_PID: `${process.pid}` };
  const manager = findServiceManager(environment, newLog().log);
  manager.ready("");
  assert.match(await socket.next(), /^READY=1/);
  for (let count = 0; count < 3; count++) assert.equal(await socket.next(), "WATCHDOG=1");
});

test("a watchdog that is another process's, or none, gets nothing", async (t) => {
  for (const more of [
    { WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" },
    { WATCHDOG_USEC: "0" },
    { WATCHDOG_USEC: "x" },
  ]) {
    const socket = NotifySocket.open(t);
    const manager = findServiceManager({ NOTIFY_SOCKET: socket.path, ...more }, newLog().log);
    manager.ready("");
    await socket.next();
    await new Promise((resolve) => setImmediate(resolve));
    manager.stopping();
    assert.match(await socket.next(), /^STOPPING=1/, "it comes next");
  }
});

test("without a manager nothing is told; one that is gone is logged, and is no fault of ours", () => {
  assert.equal(findServiceManager({}, newLog().log), NO_SERVICE_MANAGER);
  assert.equal(findServiceManager({ NOTIFY_SOCKET: "" }, newLog().log), NO_SERVICE_MANAGER);
  const { log, lines } = newLog();
  findServiceManager({ NOTIFY_SOCKET: "/nonexistent/notify" }, log).stopping();
  assert.match(lines.join(""), /could not be told/);
});
