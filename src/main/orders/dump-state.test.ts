import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { applyAll, stateOf, type Written } from "../../../testing/model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { WrittenJson } from "../socket/written-json.ts";
import { StateDumps } from "./dump-state.ts";

const CLUSTERS = 30_000;
const ASKED = { keys: false } as const;

function large(): ReturnType<typeof stateOf> {
  const orders: Written[] = [];
  for (let number = 0; number < CLUSTERS; number++)
    orders.push(["ADD_CLUSTER", { cluster_id: `cluster-${number}` }]);
  return stateOf(...orders);
}

/** A main with this configuration, where the first `takenBack` looks are taken back. */
function mainWith(state: ReturnType<typeof stateOf>, takenBack = 0): Control {
  let left = takenBack;
  const after = (waiter: { kept(): void; takenBack(): void }): void => {
    if (left-- > 0) waiter.takenBack();
    else waiter.kept();
  };
  return { configuration: { state, revision: 7, after } } as unknown as Control;
}

interface Client {
  readonly reply: Reply;
  readonly answers: { readonly message: string; readonly data: unknown; readonly revision: number }[];
  leave(): void;
}

function client(): Client {
  const answers: Client["answers"] = [];
  let leave = (): void => undefined;
  const reply = {
    onGone: (gone: () => void) => (leave = gone),
    ok: (message: string, data: unknown, revision: number) => answers.push({ message, data, revision }),
  };
  return { reply: reply as unknown as Reply, answers, leave: () => leave() };
}

function idsIn({ answers: [answer] }: Client): string[] {
  assert.ok(answer !== undefined && answer.data instanceof WrittenJson);
  const { orders } = JSON.parse(Buffer.concat(answer.data.parts).toString());
  return orders.map(({ data }: { data: { cluster_id: string } }) => data.cluster_id);
}

test("others have their turns while a large configuration is told, and what they change is not in it", async () => {
  const state = large();
  const asking = client();
  let turns = 0;
  const answered = new StateDumps(mainWith(state)).dump(ASKED, undefined, asking.reply);
  for (; asking.answers.length === 0; turns++) {
    await setImmediate();
    applyAll(state, ["ADD_CLUSTER", { cluster_id: `between-${turns}` }]);
  }
  await answered;
  assert.ok(turns > 3, `${turns} turns`);
  const ids = idsIn(asking);
  assert.equal(ids.length, CLUSTERS);
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(
    ids.find((id) => id.startsWith("between")),
    undefined,
  );
});

test("what was seen and is taken back is not told: it is looked at again", async () => {
  const state = stateOf(["ADD_CLUSTER", { cluster_id: "a" }]);
  const asking = client();
  await new StateDumps(mainWith(state, 2)).dump(ASKED, undefined, asking.reply);
  assert.deepEqual(
    asking.answers.map(({ message, revision }) => [message, revision]),
    [["1 order", 7]],
  );
});

test("who left is not answered, and keeps nobody waiting; one after another is answered in their order", async () => {
  const dumps = new StateDumps(mainWith(large()));
  const [left, first, second] = [client(), client(), client()];
  const order: string[] = [];
  const all = [
    dumps.dump(ASKED, undefined, left.reply),
    dumps.dump(ASKED, undefined, first.reply).then(() => order.push("first")),
    dumps.dump(ASKED, undefined, second.reply).then(() => order.push("second")),
  ];
  left.leave();
  await Promise.all(all);
  assert.deepEqual([left.answers.length, order], [0, ["first", "second"]]);
});

test("a defect that one meets is not that of those who come after", async () => {
  const dumps = new StateDumps(mainWith(stateOf(["ADD_CLUSTER", { cluster_id: "a" }])));
  const [broken, sound] = [client(), client()];
  const reply = { ...broken.reply, ok: () => assert.fail("a defect") };
  await assert.rejects(dumps.dump(ASKED, undefined, reply as Reply), /a defect/);
  await dumps.dump(ASKED, undefined, sound.reply);
  assert.equal(sound.answers.length, 1);
});
