import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderList } from "../../testing/model/configurations.ts";
import { ordersOf, readChangeOrder, SMALL, stateOf } from "../../testing/model/orders.ts";
import type { Result } from "../base/result.ts";
import { applyOrder } from "./apply.ts";
import type { OrderError } from "./errors.ts";
import { State } from "./state.ts";
import { type StateFile, StateFileReader, stateFileText } from "./state-file.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (state: State) => [...stateFileText(state, 7).pieces].join("");
const SAVED = textOf(stateOf(...SMALL));
/** What a person who edits a file leaves out of its header. */
const HEADER_HASHES = /,"hash":.*"check":"[0-9a-f]+"/;

/** Reads a file in pieces of one size. */
function read(text: string | Uint8Array, pieceBytes = 1_000): Result<StateFile, OrderError> {
  const bytes = typeof text === "string" ? encode(text) : text;
  const reader = new StateFileReader();
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  return reader.end();
}

function refused(text: string | Uint8Array): OrderError {
  const file = read(text);
  assert(!file.ok, "the file was accepted");
  return file.error;
}

test("a configuration survives its file, whole and byte by byte", () => {
  fc.assert(
    fc.property(orderList, fc.constantFrom(1, 3, 100_000), (written, pieceBytes) => {
      const state = new State();
      for (const one of written) applyOrder(state, readChangeOrder(one));
      const file = read(textOf(state), pieceBytes);
      assert.ok(file.ok, file.ok ? "" : file.error.message);
      assert.equal(file.value.state.hash(), state.hash());
      assert.equal(file.value.revision, 7);
      assert.deepEqual(ordersOf(file.value.state), ordersOf(state));
    }),
  );
});

test("a state file is read by people: a header, then one order per line", () => {
  const lines = SAVED.split("\0\n");
  assert.match(
    lines[0]!,
    /^\{"format":"kakehi-state","version":1,"revision":7,"hash":"[0-9a-f]{32}","orders":4,"check":"[0-9a-f]{32}"\}$/,
  );
  assert.match(lines[1]!, /^\{"type":"ADD_LISTENER","data":\{"address":"127.0.0.1:8080"/);
  assert.equal(lines.length, 6);
});

test("STATE_FILE_INVALID: a file cut short anywhere is refused, but for its last newline", () => {
  for (let length = 0; length < SAVED.length - 1; length++) {
    const error = refused(SAVED.slice(0, length));
    assert.equal(error.code, "STATE_FILE_INVALID", `cut at ${length}`);
  }
  assert.ok(read(SAVED.slice(0, -1)).ok);
});

test("STATE_FILE_INVALID: where it is cut or damaged is named", () => {
  assert.match(refused(SAVED.slice(0, -10)).message, /record 5, at byte \d+.*ends before/);
  const records = SAVED.split("\0\n");
  assert.match(refused([...records.slice(0, 3), ""].join("\0\n")).message, /cut short: 2 of 4 orders/);
  assert.match(
    refused(SAVED.replace('"ADD_CLUSTER"', '"ADD_CLUSTR"')).message,
    /record 3.*did you mean "ADD_CLUSTER"/,
  );
  assert.match(
    refused(SAVED.replace('"weight":100', '"weight":1e400')).message,
    /record 4.*data.weight must be/,
  );
  const bytes = encode(SAVED);
  bytes[bytes.length - 20] = 0xff;
  assert.match(refused(bytes).message, /record 5.*not UTF-8/);
});

test("STATE_FILE_INVALID: a value changed behind the hash's back, unless the header has no hash", () => {
  const changed = SAVED.replace('"weight":100', '"weight":99');
  assert.match(refused(changed).message, /was changed/);
  assert.ok(read(changed.replace(HEADER_HASHES, "")).ok);
});

test("STATE_FILE_INVALID: a header that was changed, also where it says no more than a number", () => {
  assert.match(
    refused(SAVED.replace('"revision":7', '"revision":6')).message,
    /header was changed.*who edits/,
  );
  assert.match(refused(SAVED.replace('"hash":', '"hasi":')).message, /header is damaged/);
  assert.ok(read(SAVED.replace(/,"check":"[0-9a-f]+"/, "")).ok, "files without the header's hash are read");
});

test("STATE_FILE_INVALID: whatever bit of a file is flipped, it is refused, or says the same as before", () => {
  const saved = encode(SAVED);
  const hash = stateOf(...SMALL).hash();
  let refusals = 0;
  for (let bit = 0; bit < saved.length * 8; bit++) {
    const bytes = saved.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const file = read(bytes);
    if (!file.ok) refusals++;
    else assert.deepEqual([file.value.state.hash(), file.value.revision], [hash, 7], `bit ${bit}`);
  }
  assert.ok(refusals > saved.length * 8 * 0.9, "only a letter's case where it has none may change");
});

test("STATE_FILE_INVALID: what is no state file at all", () => {
  for (const text of ["", "\n", "#!/bin/sh\n", '{"id":"1"}\0', "{}\0\n", '{"format":"kakehi-state"}\0']) {
    assert.equal(refused(text).code, "STATE_FILE_INVALID", text);
  }
  const header = (fields: object) =>
    `${JSON.stringify({ format: "kakehi-state", version: 1, revision: 7, ...fields })}\0\n`;
  assert.ok(read(header({})).ok);
  for (const bad of [{ revision: -1 }, { revision: "7" }, { orders: 1.5 }, { hash: 7 }, { version: "1" }]) {
    assert.equal(refused(header(bad)).code, "STATE_FILE_INVALID", JSON.stringify(bad));
  }
  const withoutRevision = '{"format":"kakehi-state","version":1}\0\n';
  assert.match(refused(withoutRevision).message, /header is damaged: it lacks revision/);
  assert.match(refused(header({ revision: -1 })).message, /: revision must be a whole number$/);
  assert.match(refused(header({ other: 1 })).message, /: it has a field that is not known$/);
});

test("STATE_FILE_INVALID: orders that make no configuration", () => {
  const header = '{"format":"kakehi-state","version":1,"revision":7}\0\n';
  for (const record of [
    '{"type":"STATUS"}',
    '{"type":"REMOVE_CLUSTER","data":{"cluster_id":"a"}}',
    '{"type":"ADD_CLUSTER","data":{"cluster_id":"a"},"id":"1"}',
    '{"data":{}}',
  ]) {
    assert.equal(refused(`${header}${record}\0\n`).code, "STATE_FILE_INVALID", record);
  }
});

test("STATE_FILE_NEWER: a file of a format that is not known yet", () => {
  const error = refused('{"format":"kakehi-state","version":2,"everything":"else"}\0\n');
  assert.equal(error.code, "STATE_FILE_NEWER");
});

test("random damage is refused or harmless, and nothing is thrown", () => {
  const saved = encode(SAVED);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(saved.length - 1), fc.nat(255)), { maxLength: 4 }), (hits) => {
      const bytes = saved.slice();
      for (const [at, value] of hits) bytes[at] = value;
      const file = read(bytes);
      if (!file.ok) return;
      assert.equal(file.value.state.hash(), stateOf(...SMALL).hash());
      assert.equal(file.value.revision, 7);
    }),
    { numRuns: 1_000 },
  );
});
