import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, ok, type Result } from "../base/result.ts";
import { DRAIN_DEFAULTS } from "../model/defaults.ts";
import type { OrderError } from "../model/errors.ts";
import type { ChangeOrder } from "../model/orders.ts";
import { State } from "../model/state.ts";
import { Configuration, type ChangeKeeper, type KeptChange, type Outcome } from "./configuration.ts";

const AUTHOR = { uid: 1000, pid: 42, order_id: "1" };
const ORIGIN = { order: "TRANSACTION", author: AUTHOR };

const cluster = (id: string, load_balancing: "round_robin" | "random" = "round_robin"): ChangeOrder => ({
  type: "ADD_CLUSTER",
  data: { cluster_id: id, load_balancing, sticky_session: false, https_redirect: false },
});

const listener = (port: number): ChangeOrder => ({
  type: "ADD_LISTENER",
  data: {
    address: `127.0.0.1:${port}`,
    protocol: "http",
    accept_proxy_protocol: false,
    front_timeout_ms: 60_000,
    back_timeout_ms: 30_000,
    connect_timeout_ms: 3_000,
    request_timeout_ms: 10_000,
  },
});

/** A configuration whose port 1 is taken by another program; `sockets` holds the addresses that are open. */
function newConfiguration(keeper?: ChangeKeeper): { configuration: Configuration; sockets: Set<string> } {
  const sockets: Set<string> = new Set();
  const configuration = new Configuration({
    prepare: (address) =>
      address.endsWith(":1")
        ? fail({ code: "ADDRESS_IN_USE", message: "taken" })
        : (sockets.add(address), ok(undefined)),
    cancel: (address) => sockets.delete(address),
  });
  configuration.adopt({ state: new State(), revision: 0, keeper });
  return { configuration, sockets };
}

function outcomeTo(told: string[], name: string): Outcome {
  return { kept: () => told.push(`${name} kept`), takenBack: (error) => told.push(`${name} ${error.code}`) };
}

/** A disk that keeps a batch when it is told to. */
function newDisk(): {
  keeper: ChangeKeeper;
  finish: (result: Result<void, OrderError>) => void;
  batches: number[][];
} {
  const batches: number[][] = [];
  let finish: (result: Result<void, OrderError>) => void = () => undefined;
  const keeper: ChangeKeeper = {
    journalBytes: 0,
    keep: (changes) => {
      batches.push(changes.map((change) => change.revision));
      return new Promise((resolve) => (finish = resolve));
    },
  };
  return { keeper, finish: (result) => finish(result), batches };
}

const DISK_FULL = fail({ code: "STATE_FILE_UNWRITABLE", message: "no space" } as const);

test("each change that is accepted makes one revision, and one that is already so makes none", () => {
  const { configuration } = newConfiguration();
  assert.equal(configuration.change(cluster("a"), AUTHOR).ok && configuration.revision, 1);
  const again = configuration.change(cluster("a"), AUTHOR);
  assert.equal(again.ok && again.value.changes.length, 0);
  assert.equal(configuration.revision, 1);
});

test("an address that is taken changes nothing, also among many", () => {
  const { configuration, sockets } = newConfiguration();
  const before = configuration.state.hash();
  const refused = configuration.changeAll([listener(2), cluster("a"), listener(1)], ORIGIN);
  assert.equal(!refused.ok && refused.error.error.code, "ADDRESS_IN_USE");
  assert.equal(!refused.ok && refused.error.index, 2);
  assert.equal(configuration.state.hash(), before);
  assert.equal(configuration.revision, 0);
  assert.deepEqual([...sockets], []);
});

test("a trial tells the changes and makes none", () => {
  const { configuration, sockets } = newConfiguration();
  const before = configuration.state.hash();
  const tried = configuration.tryOut(listener(2));
  assert.equal(tried.ok && tried.value.changes.length, 1);
  assert.equal(configuration.state.hash(), before);
  assert.equal(sockets.size, 0);
});

test("without a disk to wait for, what was accepted is kept when the round ends", () => {
  const { configuration } = newConfiguration();
  const told: string[] = [];
  configuration.change(cluster("a"), AUTHOR);
  configuration.after(outcomeTo(told, "a"));
  assert.deepEqual(told, []);
  assert.equal(configuration.commit(), undefined);
  assert.deepEqual(told, ["a kept"]);
});

test("changes of one round go to the disk together, and are told once they are there", async () => {
  const disk = newDisk();
  const { configuration } = newConfiguration(disk.keeper);
  const told: string[] = [];
  for (const id of ["a", "b"]) {
    configuration.change(cluster(id), AUTHOR);
    configuration.after(outcomeTo(told, id));
  }
  const committed = configuration.commit();
  assert.deepEqual(disk.batches, [[1, 2]]);
  assert.deepEqual(told, []);
  disk.finish(ok(undefined));
  await committed;
  assert.deepEqual(told, ["a kept", "b kept"]);
});

test("when the disk is full, the whole round is taken back: state, revision and sockets", async () => {
  const disk = newDisk();
  const { configuration, sockets } = newConfiguration(disk.keeper);
  const before = configuration.state.hash();
  const told: string[] = [];
  for (const order of [cluster("a"), listener(2), cluster("b")]) {
    configuration.change(order, AUTHOR);
    configuration.after(outcomeTo(told, order.type));
  }
  const committed = configuration.commit();
  disk.finish(DISK_FULL);
  await committed;
  assert.equal(configuration.state.hash(), before);
  assert.equal(configuration.revision, 0);
  assert.equal(sockets.size, 0);
  assert.deepEqual(new Set(told.map((line) => line.split(" ")[1])), new Set(["STATE_FILE_UNWRITABLE"]));
  configuration.change(cluster("c"), AUTHOR);
  assert.equal(configuration.revision, 1, "and the next round starts afresh");
});

test("one who only asks waits for the changes before it, and for nothing else", () => {
  const { configuration } = newConfiguration(newDisk().keeper);
  const told: string[] = [];
  configuration.after(outcomeTo(told, "first"));
  assert.deepEqual(told, ["first kept"]);
  configuration.change(cluster("a"), AUTHOR);
  configuration.after(outcomeTo(told, "second"));
  assert.equal(told.length, 1);
});

test("of many orders, those that were done before are passed over, and not kept", async () => {
  const disk: KeptChange[] = [];
  const { configuration } = newConfiguration({
    journalBytes: 0,
    keep: (changes) => Promise.resolve(ok(void disk.push(...changes))),
  });
  const gone: ChangeOrder = {
    type: "REMOVE_CLUSTER",
    data: { cluster_id: "gone", cascade: false, drain: DRAIN_DEFAULTS },
  };
  const refused = configuration.changeAll([cluster("a"), gone], ORIGIN);
  assert.deepEqual(!refused.ok && [refused.error.index, refused.error.error.code], [1, "NOT_FOUND"]);
  const accepted = configuration.changeAll([cluster("a"), gone], ORIGIN, {
    isDone: (order) => order === gone,
  });
  assert.equal(accepted.ok && accepted.value.changes.length, 1);
  await configuration.commit();
  assert.deepEqual(
    disk.map(({ orders }) => orders),
    [[cluster("a")]],
  );
});

test("many orders that come to nothing make no revision", () => {
  const { configuration, sockets } = newConfiguration();
  const before = configuration.state.hash();
  const removal: ChangeOrder = {
    type: "REMOVE_LISTENER",
    data: { address: "127.0.0.1:2", drain: DRAIN_DEFAULTS },
  };
  const accepted = configuration.changeAll([listener(2), removal], ORIGIN);
  assert.deepEqual(accepted.ok && [accepted.value.changes, accepted.value.revision], [[], 0]);
  assert.equal(configuration.state.hash(), before);
  assert.equal(sockets.size, 0);
});
