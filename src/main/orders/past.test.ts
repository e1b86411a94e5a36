import assert from "node:assert/strict";
import { test } from "node:test";
import { ok, type Result } from "../../base/result.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { State } from "../../model/state.ts";
import { Configuration } from "../configuration.ts";
import type { Block, BlockFacts } from "../history/block.ts";
import { BlocksInMemory } from "../history/block-store.ts";
import { History } from "../history/history.ts";
import { withPast } from "./past.ts";

const AUTHOR = { uid: 1000, pid: 42, order_id: "1" };
const LIMITS = { revisionsMax: 1_000_000, bytesMax: 100_000_000, recordCharsMax: 1_000_000 };
const START = 4_000;
/** More than a walk ever needs that gains on them. */
const READS_MAX = 200;

/** One after another, so that each revision is known by its weight. */
function weigh(configuration: Configuration, count: number): void {
  for (let left = count; left > 0; left--) {
    const data = { cluster_id: "app", backend_id: "a", weight: 1 + ((configuration.revision - 1) % 200) };
    change(configuration, { type: "UPDATE_BACKEND", data });
  }
}

function change(configuration: Configuration, order: ChangeOrder): void {
  const changed = configuration.change(order, AUTHOR);
  assert.ok(changed.ok, JSON.stringify(changed));
  void configuration.commit();
}

test("who walks far back is not outrun by changes: it walks on from where it began, and not anew", async () => {
  let reads = 0;
  class Blocks extends BlocksInMemory {
    override read(facts: BlockFacts): Promise<Result<Block, string> | undefined> {
      assert.ok(++reads < READS_MAX, "it walks without an end");
      // Fewer than are in a block: nobody could catch up with more.
      weigh(configuration, 150);
      return super.read(facts);
    }
  }
  const state = new State();
  const configuration = new Configuration({ prepare: () => ok(undefined), cancel: () => undefined });
  const history = new History(new Blocks(), LIMITS, { revision: 0, hash: state.hash() });
  configuration.adopt({ state, revision: 0, keeper: undefined, history });
  const cluster = { load_balancing: "round_robin", sticky_session: false, https_redirect: false } as const;
  change(configuration, { type: "ADD_CLUSTER", data: { cluster_id: "app", ...cluster } });
  const address = { address: "127.0.0.1:9", weight: 1, backup: false };
  change(configuration, { type: "ADD_BACKEND", data: { cluster_id: "app", backend_id: "a", ...address } });
  weigh(configuration, START);
  for (const at of [50, 150, 250]) {
    reads = 0;
    const past = await withPast({ configuration }, at, (view) => [...view.backends.values()][0]!.weight);
    // Revision 3 gave it the weight 2.
    assert.deepEqual(past, ok(1 + ((at - 2) % 200)));
    assert.ok(reads > 1, "it did not walk");
  }
});
