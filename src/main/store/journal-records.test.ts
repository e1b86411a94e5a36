import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyOrder } from "../../model/apply.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { State } from "../../model/state.ts";
import type { KeptChange } from "../configuration.ts";
import { batchText, journalHeader, replayJournal, type Replay } from "./journal-records.ts";

const cluster = (id: string): ChangeOrder => ({
  type: "ADD_CLUSTER",
  data: { cluster_id: id, load_balancing: "round_robin", sticky_session: false, https_redirect: false },
});

/** A journal after revision 0 with these batches of cluster ids, and the state's hash at its end. */
function journalOf(...batches: readonly (readonly string[])[]): {
  text: string;
  hash: string;
  starts: number[];
} {
  const state = new State();
  let revision = 0;
  let text = journalHeader(0, state.hash());
  const starts: number[] = [];
  for (const ids of batches) {
    const changes: KeptChange[] = ids.map((id) => {
      applyOrder(state, cluster(id));
      return { revision: ++revision, hash: state.hash(), orders: [cluster(id)] };
    });
    starts.push(text.length);
    text += batchText(changes);
  }
  return { text, hash: state.hash(), starts };
}

function replay(bytes: string | Uint8Array, state: State = new State(), revision = 0): Replay | string {
  const replayed = replayJournal(
    typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    state,
    revision,
  );
  return replayed.ok ? replayed.value : replayed.error;
}

/** Why it was refused. */
function faultOf(replayed: Replay | string): string {
  return typeof replayed === "string" ? replayed : assert.fail("it was accepted");
}

test("what was kept is rebuilt, with its revision and its hash", () => {
  const { text, hash } = journalOf(["a"], ["b", "c"]);
  const state = new State();
  assert.deepEqual(replay(text, state), {
    revision: 3,
    batches: 2,
    wholeBytes: text.length,
    torn: undefined,
  });
  assert.equal(state.hash(), hash);
});

test("a journal with only its header is no change", () => {
  assert.deepEqual(replay(journalOf().text), {
    revision: 0,
    batches: 0,
    wholeBytes: journalOf().text.length,
    torn: undefined,
  });
});

test("what the state file has already is passed over", () => {
  const { text, hash } = journalOf(["a"], ["b"]);
  const state = new State();
  applyOrder(state, cluster("a"));
  const replayed = replay(text, state, 1);
  assert.equal(typeof replayed === "object" && replayed.batches, 1);
  assert.equal(state.hash(), hash);
});

test("wherever the last record is torn, it is cut off and all before it is kept", () => {
  const { text, starts } = journalOf(["a"], ["b", "c"]);
  const last = starts[1]!;
  for (let bytes = last + 1; bytes < text.length - 1; bytes++) {
    const replayed = replay(text.slice(0, bytes));
    assert.ok(typeof replayed === "object");
    assert.deepEqual([replayed.revision, replayed.wholeBytes], [1, last]);
    assert.match(replayed.torn ?? "", /record 3/);
  }
});

test("a last record whose middle never reached the disk is torn too", () => {
  const { text, starts } = journalOf(["a"], ["b", "c"]);
  const bytes = new TextEncoder().encode(text);
  bytes.fill(0, starts[1]! + 10, starts[1]! + 60);
  const replayed = replay(bytes);
  assert.equal(typeof replayed === "object" && replayed.wholeBytes, starts[1]);
});

test("damage before the last record is named, and nothing behind it is trusted", () => {
  const { text, starts } = journalOf(["a"], ["b"], ["c"]);
  const bytes = new TextEncoder().encode(text);
  bytes.fill(0x20, starts[1]! + 3, starts[1]! + 9);
  assert.match(faultOf(replay(bytes)), new RegExp(`damaged \\(record 3, at byte ${starts[1]! - 1}`));
});

test("an order that was changed on disk is found by its hash", () => {
  const { text } = journalOf(["a"], ["b"]);
  assert.match(faultOf(replay(text.replace('"cluster_id":"b"', '"cluster_id":"x"'))), /record 3.*hash/);
});

test("wherever a letter or a digit of a batch is another, it is damage", () => {
  const origin = { time_ms: 1_795_401_132_036, uid: 1_000, pid: 42, order_id: "7", order: "ADD_CLUSTER" };
  const state = new State();
  const [one, two, three] = ["a", "b", "c"].map((id, index): KeptChange => {
    applyOrder(state, cluster(id));
    return { revision: index + 1, hash: state.hash(), orders: [cluster(id)], origin };
  });
  const header = journalHeader(0, new State().hash());
  const batch = batchText([one!, two!]);
  const whole = replay(header + batch + batchText([three!]));
  assert.equal(typeof whole === "object" && whole.revision, 3);
  const name = batch.lastIndexOf("check");
  for (let at = 0; at < batch.length; at++) {
    // Without its name the check is not looked at, and all else is as it was.
    const isItsName = at >= name && at < name + "check".length;
    if (isItsName || !/[a-z0-9]/i.test(batch[at]!)) continue;
    const other = String.fromCharCode(batch.charCodeAt(at) ^ 1);
    const spoiled = batch.slice(0, at) + other + batch.slice(at + 1);
    const replayed = replay(header + spoiled + batchText([three!]));
    assert.match(faultOf(replayed), /record 2/, `${batch.slice(at - 20, at)}>${other}<`);
  }
});

test("a journal that begins after the state file's end is refused", () => {
  assert.match(
    faultOf(replay(journalHeader(5, ""))),
    /begins after revision 5, but the state file ends at 0/,
  );
});

test("a missing batch is refused", () => {
  const { text, starts } = journalOf(["a"], ["b"], ["c"]);
  assert.match(
    faultOf(replay(text.slice(0, starts[1]) + text.slice(starts[2]))),
    /follows revision 2, but the one before is 1/,
  );
});

test("a journal of a newer format is refused", () => {
  assert.match(faultOf(replay('{"format":"kakehi-journal","version":2}\0\n')), /format version 2/);
});

test("whatever the bytes, there is an answer", () => {
  const { text } = journalOf(["a"], ["b"]);
  const whole = new TextEncoder().encode(text);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const bytes = whole.slice();
      bytes[at] = byte;
      const replayed = replay(bytes);
      if (typeof replayed === "object") assert.ok(replayed.revision <= 2);
    }),
  );
});
