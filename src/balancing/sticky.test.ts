import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../base/bytes.ts";
import { STICKY_ID_CHARS_MAX } from "../model/limits.ts";
import { type StickyCandidate, StickyTable, type StickyValue } from "./sticky.ts";

const NOW_MS = 1_000;

type Mutable = { -readonly [Field in keyof StickyCandidate]: StickyCandidate[Field] };

function candidateOf(id: string, fields: Partial<StickyCandidate> = {}): Mutable {
  return { id, stickyId: undefined, weight: 100, backup: false, connections: 0, restsUntilMs: 0, ...fields };
}

/** What the table knows of a cookie's value that stands between other bytes. */
function valueIn(table: StickyTable<Mutable>, text: string): StickyValue<Mutable> | undefined {
  return table.readValue(bytesOf(`..${text}..`), 2, 2 + text.length);
}

/** The backend that a client with this value comes back to. */
function findBy(
  table: StickyTable<Mutable>,
  text: string,
  tried: readonly Mutable[] = [],
): Mutable | undefined {
  const value = valueIn(table, text);
  return value && table.find(value, NOW_MS, tried);
}

function linesFor(table: StickyTable<Mutable>, candidate: Mutable, text?: string): string {
  return textOf(table.linesFor(candidate, text === undefined ? undefined : valueIn(table, text)));
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
    new StickyTable("app", [one, two]).valueOf(one)?.text,
    new StickyTable("app", [one, two]).valueOf(two)?.text,
    new StickyTable("other", [one]).valueOf(one)?.text,
  ];
  assert.equal(new Set(values).size, 3);
  for (const value of values) assert.match(value!, /^[0-9a-f]{32}$/);
  // Browsers keep it: whoever changes this scatters everybody's clients.
  assert.equal(values[0], "1470ce96e70d1898bae326cce7d198ad");
});

test("a value leads back to its backend, of any weight and role, unless it rests or was tried", () => {
  const set = candidateOf("set-aside", { stickyId: "v", weight: 0, backup: true });
  const table = new StickyTable("app", [candidateOf("other"), set]);
  assert.equal(findBy(table, "v"), set);
  assert.equal(findBy(table, "v", [set]), undefined);
  set.restsUntilMs = NOW_MS + 1;
  assert.equal(findBy(table, "v"), undefined);
  set.restsUntilMs = NOW_MS;
  assert.equal(findBy(table, "v"), set);
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
    assert.equal(findBy(table, "v"), b);
    assert.equal(findBy(table, "v", [b]), c);
    assert.equal(findBy(table, "v", [b, c]), a);
    assert.equal(linesFor(table, c, "v"), "", "it has the right cookie already");
  }
});

test("a changed id is followed, and one that was removed is nobody's", () => {
  const app = candidateOf("app-1", { stickyId: "red" });
  const table = new StickyTable("app", [app]);
  app.stickyId = "blue";
  table.add(app);
  assert.equal(findBy(table, "red"), undefined);
  assert.equal(findBy(table, "blue"), app);
  table.remove(app);
  assert.equal(findBy(table, "blue"), undefined);
  assert.equal(linesFor(table, app), "", "it should get no new clients");
});

test("a cookie's value is known or it is nothing, however long", () => {
  const longest = "x".repeat(STICKY_ID_CHARS_MAX);
  const table = new StickyTable("app", [candidateOf("a", { stickyId: longest })]);
  assert.equal(valueIn(table, longest)?.text, longest);
  for (const text of ["", "x", `${longest}x`, "__proto__"]) assert.equal(valueIn(table, text), undefined);
});

test("so many values that the hashes of some meet are told apart", () => {
  const candidates = Array.from({ length: 100_000 }, (_, index) =>
    candidateOf(`b${index}`, { stickyId: `v-${index * 7_919}` }),
  );
  const table = new StickyTable("app", candidates);
  for (const candidate of candidates) assert.equal(findBy(table, candidate.stickyId!), candidate);
  for (const candidate of candidates) table.remove(candidate);
  for (const candidate of candidates) assert.equal(valueIn(table, candidate.stickyId!), undefined);
});

test("a request that began before its backend was removed finds nobody by its value", () => {
  const app = candidateOf("app-1");
  const table = new StickyTable("app", [app]);
  const value = table.valueOf(app)!;
  table.remove(app);
  assert.equal(table.find(value, NOW_MS, []), undefined);
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
        const { text } = fresh.valueOf(candidate)!;
        assert.equal(table.valueOf(candidate)?.text, text);
        assert.equal(findBy(table, text), findBy(fresh, text));
        assert.equal(linesFor(table, candidate, text), "");
        assert.equal(linesFor(table, candidate), linesFor(fresh, candidate));
      }
      for (const text of ["red", "blue"]) assert.equal(findBy(table, text)?.id, findBy(fresh, text)?.id);
    }),
  );
});
