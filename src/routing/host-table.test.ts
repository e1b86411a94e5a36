import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf } from "../base/bytes.ts";
import { HOST_BYTES_MAX, HostKey } from "./host-key.ts";
import { HostTable } from "./host-table.ts";

function keyOf(name: string): HostKey {
  const key = new HostKey();
  const bytes = bytesOf(`##${name}##`);
  key.read(bytes, 2, 2 + name.length);
  return key;
}

test("a name is found in any case, wherever its bytes are", () => {
  const table = new HostTable<number>();
  table.add(keyOf("www.example.com"), 7);
  assert.equal(table.find(keyOf("WWW.Example.COM")), 7);
  assert.equal(table.find(keyOf("www.example.co")), undefined);
  assert.equal(table.find(keyOf("ww.example.com")), undefined);
  assert.equal(table.find(keyOf("xww.example.com")), undefined);
});

test("only letters have a case: bytes that differ from a name by the same bit are others", () => {
  const table = new HostTable<number>();
  table.add(keyOf("a_[1-z].{`"), 7);
  assert.equal(table.find(keyOf("A_[1-Z].{`")), 7);
  for (const other of [
    "a\x7f[1-z].{`",
    "a_{1-z].{`",
    "a_[\x11-z].{`",
    "a_[1\rz].{`",
    "a_[1-z]\x0e{`",
    "a_[1-z].[`",
    "a_[1-z].{@",
  ]) {
    assert.equal(table.find(keyOf(other)), undefined, JSON.stringify(other));
  }
  table.add(keyOf("\xe1\xfa"), 8);
  assert.equal(table.find(keyOf("\xc1\xda")), undefined);
});

test("two names with the same hash are two names", () => {
  const names = new Map<number, string>();
  const pairs: [string, string][] = [["abcdefgh", "\x01abcdefgh"]];
  for (let index = 0; pairs.length < 3; index++) {
    const name = `${index.toString(36)}.example.${(index % 97).toString(36)}`;
    const other = names.get(keyOf(name).hash);
    if (other === undefined) names.set(keyOf(name).hash, name);
    else pairs.push([name, other]);
  }
  for (const [one, other] of pairs) {
    const table = new HostTable<number>();
    assert.equal(keyOf(one).hash, keyOf(other).hash);
    table.add(keyOf(one), 1);
    assert.equal(table.find(keyOf(other)), undefined);
    table.add(keyOf(other), 2);
    table.remove(keyOf(one));
    assert.equal(table.find(keyOf(one)), undefined);
    assert.equal(table.find(keyOf(other)), 2);
  }
});

test("every suffix of a host is a key of its own, of any length", () => {
  const name = "0123456789abcdefghij.klmnopqrstuvwxyz";
  for (let length = 0; length <= name.length; length++) {
    const table = new HostTable<number>();
    table.add(keyOf(name.slice(name.length - length)), length);
    const key = keyOf(name.toUpperCase());
    for (let asked = 0; asked <= name.length; asked++) {
      assert.equal(table.findSuffix(key, asked), asked === length ? length : undefined);
    }
  }
});

test("a name may have as many bytes as a key can hold, and not one more", () => {
  const table = new HostTable<number>();
  table.add(keyOf("x".repeat(HOST_BYTES_MAX)), 1);
  assert.equal(table.find(keyOf("X".repeat(HOST_BYTES_MAX))), 1);
  assert.throws(() => keyOf("x".repeat(HOST_BYTES_MAX + 1)), { name: "InvariantError" });
});

test("it holds what a map would hold, after any changes", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 9 });
  fc.assert(
    fc.property(fc.array(name, { maxLength: 200 }), (names) => {
      const table = new HostTable<{ readonly name: string }>();
      const map = new Map<string, { readonly name: string }>();
      for (const toggled of names) {
        if (map.delete(toggled)) {
          table.remove(keyOf(toggled));
        } else {
          map.set(toggled, { name: toggled });
          table.add(keyOf(toggled), map.get(toggled)!);
        }
        assert.equal(table.size, map.size);
      }
      for (const asked of names) assert.equal(table.find(keyOf(asked)), map.get(asked));
    }),
    { numRuns: 1_000 },
  );
});

test("it grows to many names and shrinks again, and none is lost on the way", () => {
  const table = new HostTable<number>();
  const names = Array.from({ length: 20_000 }, (_, index) => `app-${index}.customers.example.com`);
  names.forEach((name, index) => table.add(keyOf(name), index));
  for (const [index, name] of names.entries()) assert.equal(table.find(keyOf(name)), index);
  names.slice(0, -3).forEach((name) => table.remove(keyOf(name)));
  assert.equal(table.size, 3);
  assert.deepEqual(
    names.slice(-4).map((name) => table.find(keyOf(name))),
    [undefined, 19_997, 19_998, 19_999],
  );
});

test("adding a name twice, or removing one that is not there, is a defect", () => {
  const table = new HostTable<number>();
  table.add(keyOf("a"), 1);
  assert.throws(() => table.add(keyOf("A"), 2), { name: "InvariantError" });
  assert.throws(() => table.remove(keyOf("b")), { name: "InvariantError" });
});
