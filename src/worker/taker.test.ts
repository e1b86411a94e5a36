import assert from "node:assert/strict";
import { test } from "node:test";
import { type FromTaker, HANDOVER_FORMAT, type HandoverRecord } from "../model/handover.ts";
import { Taker } from "./taker.ts";

const DRAIN = 7;

function session(port: number): HandoverRecord {
  return { kind: "session", listener: "127.0.0.1:80", client: { ip: "192.0.2.1", port }, idle_ms: 0 };
}

const TUNNEL: HandoverRecord = { kind: "tunnel", idle_ms: 0, uses: [], last_drain: 0 };

/** A taker over an engine that has no room for port 13, and a port that has `numbers` connections left. */
function newTaker(numbers = 10): {
  taker: Taker<string>;
  log: string[];
  said: FromTaker[];
  descriptors: string[][];
  world: { revision: number };
} {
  const log: string[] = [];
  const said: FromTaker[] = [];
  const descriptors: string[][] = [];
  const world = { revision: 5 };
  let next = 0;
  const taker = new Taker<string>({
    engine: {
      beginAdoption: () => void log.push("begin"),
      adopt: (record) => {
        if (record.kind === "session" && record.client.port === 13) return undefined;
        return {
          drains: record.kind === "tunnel" ? [DRAIN] : [],
          start: (connections) => void log.push(`start ${connections.join()}`),
          drop: () => void log.push("drop"),
        };
      },
      endAdoption: () => void log.push("end"),
    },
    send: (message) => void said.push(message),
    takeDescriptors: () => descriptors.shift() ?? [],
    adoptConnection: () => (next < numbers ? next++ : -1),
    closeDescriptor: (descriptor) => void log.push(`close ${descriptor}`),
    closeConnection: (connection) => void log.push(`close connection ${connection}`),
    revision: () => world.revision,
  });
  return { taker, log: log, said, descriptors, world };
}

const batch = (number: number, records: readonly HandoverRecord[], revision = 5) =>
  ({ type: "batch", format: HANDOVER_FORMAT, number, revision, records }) as const;

test("a batch is held when it comes, and goes on when the giver has let go of it", () => {
  const { taker, log, said, descriptors } = newTaker();
  descriptors.push(["a", "b", "c"]);
  taker.received(batch(1, [session(1), TUNNEL]));
  assert.deepEqual(said, [{ type: "taken", number: 1, revision: 5, refused: [] }]);
  assert.deepEqual(log, ["begin"]);
  taker.received({ type: "yours", number: 1 });
  assert.deepEqual(log, ["begin", "start 0", "start 1,2"]);
  taker.received({ type: "end" });
  assert.deepEqual([log.at(-1), taker.isOver], ["end", true]);
});

test("what there is no room for is refused, and its descriptors are closed", () => {
  const { taker, log, said, descriptors } = newTaker(2);
  descriptors.push(["a", "b", "c", "d"]);
  taker.received(batch(1, [session(13), session(1), TUNNEL]));
  assert.deepEqual(said, [{ type: "taken", number: 1, revision: 5, refused: [0, 2] }]);
  assert.deepEqual(log.slice(1), ["close a", "close connection 1", "close d", "drop"]);
});

test("records whose descriptors are missing are refused", () => {
  const { taker, log, said, descriptors } = newTaker();
  descriptors.push(["a", "b"]);
  taker.received(batch(1, [session(1), TUNNEL]));
  assert.deepEqual(said, [{ type: "taken", number: 1, revision: 5, refused: [1] }]);
  assert.deepEqual(log.slice(1), ["close b"]);
});

test("a batch waits for the changes that the giver knew", () => {
  const { taker, said, descriptors, world } = newTaker();
  descriptors.push(["a"], ["b"]);
  taker.received(batch(1, [session(1)], 6));
  taker.received(batch(2, [session(2)], 5));
  assert.equal(said.length, 0);
  world.revision = 6;
  taker.followed();
  assert.deepEqual(
    said.map((message) => message.type === "taken" && [message.number, message.revision]),
    [
      [1, 6],
      [2, 6],
    ],
  );
});

test("when the giver is gone, what came whole goes on, once its changes are known", () => {
  const { taker, log, descriptors, world } = newTaker();
  descriptors.push(["a"], ["b"]);
  taker.received(batch(1, [session(1)]));
  taker.received(batch(2, [session(2)], 6));
  taker.closed();
  assert.deepEqual([log, taker.isOver], [["begin"], false]);
  world.revision = 6;
  taker.followed();
  assert.deepEqual(log, ["begin", "start 0", "start 1", "end"]);
  assert.equal(taker.isOver, true);
});

test("another format is refused in words, and nothing of it is taken", () => {
  const { taker, log, said } = newTaker();
  taker.received({ ...batch(1, [session(1)]), format: 9 });
  assert.deepEqual(said, [{ type: "refused", reason: "the hand-over has format 9, not 1" }]);
  assert.deepEqual(log, ["begin", "end"]);
  taker.received(batch(2, [session(1)]));
  taker.closed();
  assert.equal(said.length, 1);
});

test("what the giver still counts is left out of the drains, and nothing else", () => {
  const { taker, descriptors } = newTaker();
  for (const number of [1, 2, 3]) {
    descriptors.push([`${number}a`, `${number}b`]);
    taker.received(batch(number, [TUNNEL]));
  }
  assert.deepEqual(taker.unreleased(0), [DRAIN, DRAIN, DRAIN]);
  assert.deepEqual(taker.unreleased(1), [DRAIN, DRAIN]);
  assert.deepEqual(taker.unreleased(3), []);
  taker.received({ type: "yours", number: 1 });
  taker.received({ type: "yours", number: 2 });
  assert.deepEqual(taker.unreleased(1), [DRAIN, DRAIN], "the second was let go of after the giver answered");
  assert.deepEqual(taker.unreleased(2), [DRAIN]);
  assert.deepEqual(taker.unreleased(3), []);
});
