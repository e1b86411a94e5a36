import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, ok } from "../base/result.ts";
import { Listeners } from "./listeners.ts";

const ADDRESS = "127.0.0.1:8080";

/**
 * Listeners over sockets and workers that only write down what they were asked. `grace()` ends the time for
 * handshakes.
 */
function newListeners(workers: number[] = [0, 1]): {
  listeners: Listeners;
  log: string[];
  grace: () => void;
} {
  const log: string[] = [];
  const laters: Set<() => void> = new Set();
  let nextFd = 10;
  const listeners = new Listeners({
    sockets: {
      open: (address) =>
        address.endsWith(":1")
          ? fail({ code: "ADDRESS_REFUSED", message: "no" })
          : (log.push(`open ${nextFd}`), ok(nextFd++)),
      refuseNew: (fd) => log.push(`refuse ${fd}`),
      takeNew: (fd) => log.push(`take ${fd}`),
      close: (fd) => log.push(`close ${fd}`),
      outlivesUs: (address) => address.endsWith(":80"),
      giveBack: () => log.push("give back"),
    },
    workers: {
      listen: (address, fd) => log.push(`listen ${address} ${fd}`),
      unlisten: (address, atStop) => (
        log.push(`unlisten ${address}${atStop ? " at a stop" : ""}`),
        [...workers]
      ),
    },
    later: (action) => {
      laters.add(action);
      return () => laters.delete(action);
    },
  });
  const grace = (): void => {
    for (const action of laters) {
      laters.delete(action);
      action();
    }
  };
  return { listeners, log, grace };
}

function publish(listeners: Listeners): void {
  assert.ok(listeners.prepare(ADDRESS).ok);
  listeners.publish(ADDRESS);
}

test("a listener is opened before it is added, and handed out after", () => {
  const { listeners, log } = newListeners();
  publish(listeners);
  assert.deepEqual(log, ["open 10", `listen ${ADDRESS} 10`]);
  assert.deepEqual(listeners.open(), [{ address: ADDRESS, fd: 10 }]);
});

test("an address that is refused leaves nothing behind, and one that is cancelled is closed", () => {
  const { listeners, log } = newListeners();
  assert.equal(listeners.prepare("127.0.0.1:1").ok, false);
  listeners.prepare(ADDRESS);
  listeners.cancel(ADDRESS);
  assert.deepEqual(log, ["open 10", "close 10"]);
  assert.deepEqual(listeners.open(), []);
});

test("a removed listener is closed when handshakes had their time and every worker has emptied the queue", () => {
  const { listeners, log, grace } = newListeners();
  publish(listeners);
  log.length = 0;
  listeners.retire(ADDRESS, () => log.push("left"));
  assert.deepEqual(log.splice(0), ["refuse 10"]);
  grace();
  assert.deepEqual(log.splice(0), [`unlisten ${ADDRESS}`]);
  listeners.unlistened(0, ADDRESS);
  assert.deepEqual(log, []);
  listeners.unlistened(1, ADDRESS);
  assert.deepEqual(log, ["close 10", "left"]);
});

test("a worker that dies meanwhile is not waited for", () => {
  const { listeners, log, grace } = newListeners();
  publish(listeners);
  listeners.retire(ADDRESS, () => log.push("left"));
  grace();
  listeners.unlistened(0, ADDRESS);
  listeners.forgetWorker(1);
  assert.equal(log.at(-1), "left");
});

test("a listener that comes back at once keeps its socket, and no time for handshakes ends it", () => {
  const { listeners, log, grace } = newListeners();
  publish(listeners);
  log.length = 0;
  listeners.retire(ADDRESS, () => log.push("left"));
  publish(listeners);
  grace();
  for (const worker of [0, 1]) listeners.unlistened(worker, ADDRESS);
  assert.deepEqual(log, ["refuse 10", "take 10", `unlisten ${ADDRESS}`, "left", `listen ${ADDRESS} 10`]);
});

test("a listener that comes back while the queue is emptied keeps its socket as well", () => {
  const { listeners, log, grace } = newListeners();
  publish(listeners);
  listeners.retire(ADDRESS, () => log.push("left"));
  grace();
  listeners.unlistened(0, ADDRESS);
  log.length = 0;
  publish(listeners);
  listeners.unlistened(1, ADDRESS);
  assert.deepEqual(log, ["take 10", "left", `listen ${ADDRESS} 10`]);
});

test("removed, added back and removed again: each duplicate is waited for", () => {
  const { listeners, log, grace } = newListeners([0]);
  publish(listeners);
  listeners.retire(ADDRESS, () => log.push("left 1"));
  publish(listeners);
  listeners.retire(ADDRESS, () => log.push("left 2"));
  grace();
  log.length = 0;
  listeners.unlistened(0, ADDRESS);
  assert.deepEqual(log, [], "that was for the first duplicate");
  listeners.unlistened(0, ADDRESS);
  assert.deepEqual(log, ["close 10", "left 2"]);
});

test("with no worker at all the socket is closed after the time for handshakes", () => {
  const { listeners, log, grace } = newListeners([]);
  publish(listeners);
  listeners.retire(ADDRESS, () => log.push("left"));
  grace();
  assert.deepEqual(log.slice(-2), ["close 10", "left"]);
});

test("all are retired at once for a soft stop, and the queues of those that were not removed are emptied", async () => {
  const { listeners, log, grace } = newListeners([0]);
  publish(listeners);
  log.length = 0;
  const left = listeners.retireAll();
  grace();
  listeners.unlistened(0, ADDRESS);
  await left;
  assert.deepEqual(log, ["give back", "refuse 10", `unlisten ${ADDRESS} at a stop`, "close 10"]);
  assert.deepEqual(listeners.open(), []);
});

test("at a stop, a socket that outlives us has no filter, and one of a listener that was removed loses it", async () => {
  const { listeners, log, grace } = newListeners([0]);
  const address = "127.0.0.1:80";
  assert.ok(listeners.prepare(address).ok);
  listeners.publish(address);
  log.length = 0;
  const left = listeners.retireAll();
  grace();
  listeners.unlistened(0, address);
  await left;
  assert.deepEqual(log.splice(0), ["give back", `unlisten ${address}`, "close 10"]);
  listeners.closeAll();
  assert.deepEqual(log, ["give back"]);
});

test("a socket of a main before is the listener's: nothing is opened, nobody is handed it, and new clients are let in", () => {
  const { listeners, log, grace } = newListeners();
  listeners.inherit(ADDRESS, 7);
  assert.deepEqual(log.splice(0), ["take 7"]);
  assert.deepEqual([listeners.open(), listeners.find(ADDRESS)], [[{ address: ADDRESS, fd: 7 }], 7]);
  assert.equal(listeners.isSettled, true);
  listeners.retire(ADDRESS, () => log.push("left"));
  assert.equal(listeners.isSettled, false);
  grace();
  listeners.unlistened(0, ADDRESS);
  listeners.unlistened(1, ADDRESS);
  assert.deepEqual(log, ["refuse 7", `unlisten ${ADDRESS}`, "close 7", "left"]);
});
