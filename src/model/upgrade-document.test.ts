import assert from "node:assert/strict";
import { test } from "node:test";
import type { CarriedMain } from "./carried.ts";
import { documentText, parseDocument } from "./upgrade-document.ts";

const MAIN: CarriedMain = {
  revision: 7,
  hash: "5b1f",
  state_fd: 20,
  socket_lock_fd: 21,
  command_socket_fd: 22,
  sessions: [],
  own_orders: [],
  listeners: [{ address: "127.0.0.1:80", fd: 23 }],
  workers: 2,
  drains: { last: 3, lasting: [] },
  secrets: { ticket_keys: [], own_certificate: {} as CarriedMain["secrets"]["own_certificate"] },
  events: { first: 1, next: 1, events: [] },
  counters: {},
  former_totals: {},
  started_ms: 5.5,
};

test("what was written is read again", () => {
  const document = { programVersion: "1.2.3", main: MAIN };
  assert.deepEqual(parseDocument(documentText(document)), { ok: true, value: document });
});

test("what a later program adds within the format is passed over", () => {
  const main = { ...MAIN, more: 1, listeners: [{ ...MAIN.listeners[0]!, more: 2 }] };
  assert.ok(parseDocument(documentText({ programVersion: "2", main })).ok);
});

test("what is no document, of another format, or damaged is refused in words, with the place", () => {
  const refusals: readonly [text: string, wanted: RegExp][] = [
    ["", /no JSON/],
    ["7", /not one of a main/],
    ['{"format":"kakehi-state","version":1,"program_version":"1"}', /not one of a main/],
    ['{"format":"kakehi-main","version":4,"program_version":"1"}', /has format 4, and this program knows 3/],
    ['{"format":"kakehi-main","version":1,"program_version":"1"}', /damaged at main/],
  ];
  for (const [text, wanted] of refusals) {
    const refused = parseDocument(text);
    assert.match(String(!refused.ok && refused.error), wanted);
  }
  const damaged = { ...MAIN, listeners: [{ address: "127.0.0.1:80", fd: -1 }] };
  const refused = parseDocument(documentText({ programVersion: "1", main: damaged }));
  assert.match(String(!refused.ok && refused.error), /damaged at main\.listeners\[0\]\.fd/);
});
