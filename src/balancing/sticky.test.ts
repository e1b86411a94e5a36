import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../base/bytes.ts";
import { STICKY_ID_CHARS_MAX } from "../model/limits.ts";
import { type StickyCandidate, StickyTable } from "./sticky.ts";

const NOW_MS = 1_000;

type Mutable = { -readonly [Field in keyof StickyCandidate]: StickyCandidate[Field] };

function candidateOf(id: string, fields: Partial<StickyCandidate> = {}): Mutable {
  return { id, stickyId: undefined, weight: 100, backup: false, connections: 0, restsUntilMs: 0, ...fields };
}

function linesFor(table: StickyTable<Mutable>, candidate: Mutable, value?: string): string {
  return textOf(table.linesFor(candidate, value));
}

test("a new client gets a cookie for the whole host that scripts cannot read; one that has it gets none", () => {
  const app = candidateOf("app-1", { stickyId: "red" });
  const table = new StickyTable("app", [app]);
  const line = "Set-Cookie: KAKEHI_STICKY=red; Path=/; HttpOnly; SameSite=Lax\r\n";
  assert.equal(linesFor(table, app), line);
  assert.equal(linesFor(table, app, "blue"), line);
  assert.equal(linesFor(table, app, "red"), "");
});

test("without a sticky id, the value is made of both ids, always the same, and shows neither", () => {
  const one = candidateOf("secret-1");
  const two = candidateOf("secret-2");
  const values = [
    new StickyTable("app", [one, two]).valueOf(one),
    new StickyTable("app", [one, two]).valueOf(two),
    new StickyTable("other", [one]).valueOf(one),
  ];
  assert.equal(new Set(values).size, 3);
  for (const value of values) assert.match(value!, /^[0-9a-f]{32}$/);
  // Browsers keep it: whoever changes this scatters everybody's clients.
  assert.equal(values[0], "1470ce96e70d1898bae326cce7d198ad");
});

test("a value leads back to its backend, of any weight and role, unless it rests or was tried", () => {
  const set = candidateOf("set-aside", { stickyId: "v", weight: 0, backup: true });
  const table = new StickyTable("app", [candidateOf("other"), set]);
  assert.equal(table.find("v", NOW_MS, []), set);
  assert.equal(table.find("v", NOW_MS, [set]), undefined);
  set.restsUntilMs = NOW_MS + 1;
  assert.equal(table.find("v", NOW_MS, []), undefined);
  set.restsUntilMs = NOW_MS;
  assert.equal(table.find("v", NOW_MS, []), set);
});

test("of several with one value the first by id is taken, backups last, whatever the order they came in", () => {
  const a = candidateOf("a", { stickyId: "v", backup: true });
  const b = candidateOf("b", { stickyId: "v" });
  const c = candidateOf("c", { stickyId: "v" });
  for (const order of [
    [a, b, c],
    [c, b, a],
    [b, a, c],
  ]) {
    const table = new StickyTable("app", order);
    assert.equal(table.find("v", NOW_MS, []), b);
    assert.equal(table.find("v", NOW_MS, [b]), c);
    assert.equal(table.find("v", NOW_MS, [b, c]), a);
    assert.equal(linesFor(table, c, "v"), "", "it has the right cookie already");
  }
});

test("a changed id is followed, and one that was removed is nobody's", () => {
  const app = candidateOf("app-1", { stickyId: "red" });
  const table = new StickyTable("app", [app]);
  app.stickyId = "blue";
  table.add(app);
  assert.equal(table.find("red", NOW_MS, []), undefined);
  assert.equal(table.find("blue", NOW_MS, []), app);
  table.remove(app);
  assert.equal(table.find("blue", NOW_MS, []), undefined);
  assert.equal(linesFor(table, app), "", "it should get no new clients");
});

test("a cookie's value is known or it is nothing, however long", () => {
  const longest = "x".repeat(STICKY_ID_CHARS_MAX);
  const table = new StickyTable("app", [candidateOf("a", { stickyId: longest })]);
  const read = (text: string): string | undefined =>
    table.readValue(bytesOf(`..${text}..`), 2, 2 + text.length);
  assert.equal(read(longest), longest);
  for (const value of ["", "x", `${longest}x`, "__proto__", "constructor"])
    assert.equal(read(value), undefined);
});

test("after any changes the table is what a new one would be", () => {
  const change = fc.record({
    id: fc.constantFrom("a", "b", "c", "d"),
    stickyId: fc.constantFrom(undefined, "red", "blue"),
    backup: fc.boolean(),
    isRemoved: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const table = new StickyTable<Mutable>("app", []);
      const present = new Map<string, Mutable>();
      for (const { id, isRemoved, ...fields } of changes) {
        const candidate = Object.assign(present.get(id) ?? candidateOf(id), fields);
        if (isRemoved) table.remove(candidate);
        else table.add(candidate);
        if (isRemoved) present.delete(id);
        else present.set(id, candidate);
      }
      const fresh = new StickyTable("app", [...present.values()]);
      for (const candidate of present.values()) {
        const value = fresh.valueOf(candidate)!;
        assert.equal(table.valueOf(candidate), value);
        assert.equal(table.find(value, NOW_MS, []), fresh.find(value, NOW_MS, []));
        assert.equal(table.linesFor(candidate, value).length, 0);
      }
      for (const value of ["red", "blue"])
        assert.equal(table.find(value, NOW_MS, [])?.id, fresh.find(value, NOW_MS, [])?.id);
    }),
  );
});
