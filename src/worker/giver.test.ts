import assert from "node:assert/strict";
import { test } from "node:test";
import { type FromGiver, HANDOVER_FORMAT, type HandoverRecord } from "../model/handover.ts";
import { Giver } from "./giver.ts";

const POOLED: HandoverRecord = {
  kind: "pooled",
  cluster_id: "app",
  backend_id: "one",
  address: "10.0.0.1:9000",
  idle_ms: 1,
};

/** A giver over an engine that writes down what it is asked; `give` is what the engine has to give. */
function newGiver(options: { sends?: boolean } = {}): {
  giver: Giver;
  give: (count: number, record?: HandoverRecord) => void;
  log: string[];
  sent: FromGiver[];
  world: { revision: number };
} {
  const log: string[] = [];
  const sent: FromGiver[] = [];
  const world = { revision: 5 };
  let token = 0;
  let hook: (token: number, record: HandoverRecord, connections: readonly number[]) => void = () => undefined;
  const giver = new Giver({
    engine: {
      handOver: (_deadlineMs, give) => void (hook = give),
      taken: (tokens) => void log.push(`taken ${tokens.join()}`),
      refused: (tokens) => void log.push(`refused ${tokens.join()}`),
      takeBack: () => void log.push("take back"),
      handOverProgress: undefined,
    },
    send: (message) => void sent.push(message),
    sendConnections: () => options.sends ?? true,
    revision: () => world.revision,
    tookBack: (reason) => void log.push(`told: ${reason}`),
  });
  giver.begin(undefined);
  const give = (count: number, record = POOLED): void => {
    for (let index = 0; index < count; index++) hook(++token, record, [token]);
    giver.turnEnds();
  };
  return { giver, give, log, sent, world };
}

const taken = (number: number, refused: number[] = [], revision = 5) =>
  ({ type: "taken", number, revision, refused }) as const;

test("what the engine gives in a turn is one batch, of at most a hundred records", () => {
  const { give, sent } = newGiver();
  give(130);
  assert.deepEqual(
    sent.map((message) => message.type === "batch" && [message.number, message.records.length]),
    [
      [1, 100],
      [2, 30],
    ],
  );
  const [first] = sent;
  assert.ok(first?.type === "batch" && first.format === HANDOVER_FORMAT && first.revision === 5);
});

test("records with many bytes go in batches of their own", () => {
  const { give, sent } = newGiver();
  const record: HandoverRecord = {
    kind: "session",
    listener: "127.0.0.1:80",
    client: { ip: "192.0.2.1", port: 1 },
    idle_ms: 0,
    unsent: "A".repeat(700_000),
  };
  give(5, record);
  assert.deepEqual(
    sent.map((message) => message.type === "batch" && message.records.length),
    [2, 2, 1],
  );
});

test("no more than four batches wait for the taker", () => {
  const { giver, give, sent } = newGiver();
  give(600);
  assert.equal(sent.length, 4);
  giver.received(taken(1));
  giver.turnEnds();
  assert.deepEqual(
    sent.slice(4).map(({ type }) => type),
    ["yours", "batch"],
  );
});

test("a batch is let go of when the taker holds it; what it refused comes back", () => {
  const { giver, give, log, sent } = newGiver();
  give(3);
  assert.deepEqual([log, giver.released], [[], 0]);
  giver.received(taken(1, [1]));
  assert.deepEqual(log, ["taken 1,3", "refused 2"]);
  assert.deepEqual(sent.at(-1), { type: "yours", number: 1 });
  assert.equal(giver.released, 1);
});

test("a batch is not let go of before this worker knows what the taker knew", () => {
  const { giver, give, log, world } = newGiver();
  give(1);
  give(1);
  giver.received(taken(1, [], 6));
  giver.received(taken(2));
  assert.deepEqual(log, []);
  world.revision = 6;
  giver.followed();
  assert.deepEqual(log, ["taken 1", "taken 2"]);
});

test("descriptors that cannot be sent take their records back", () => {
  const { give, log, sent } = newGiver({ sends: false });
  give(2);
  assert.deepEqual([log, sent], [["refused 1,2"], []]);
});

for (const [how, end] of [
  ["is gone", (giver: Giver) => giver.closed()],
  ["cannot read it", (giver: Giver) => giver.received({ type: "refused", reason: "format 9" })],
] as const) {
  test(`when the taker ${how}, everything it has not got is taken back, once`, () => {
    const { giver, give, log, sent } = newGiver();
    give(1);
    end(giver);
    end(giver);
    giver.received(taken(1));
    give(1);
    giver.ended();
    assert.equal(log.length, 2);
    assert.equal(log[0], "take back");
    assert.match(log[1]!, /^told: /);
    assert.equal(sent.length, 1);
    assert.equal(giver.isOver, true);
  });
}

test("the end is told once", () => {
  const { giver, sent } = newGiver();
  giver.ended();
  giver.ended();
  giver.closed();
  assert.deepEqual(sent, [{ type: "end" }]);
});
