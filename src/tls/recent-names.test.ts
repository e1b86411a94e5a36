import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../base/bytes.ts";
import { RecentNames } from "./recent-names.ts";

test("a name is found by its bytes, wherever they lie", () => {
  const names = new RecentNames();
  const bytes = bytesOf("www.example.com");
  names.keep(bytes, 4, 15, "example.com");
  assert.equal(names.find(bytesOf("example.com"), 0, 11), "example.com");
  assert.equal(names.find(bytes, 0, 15), undefined);
});

test("of more names than there are places some are forgotten, and none is taken for another", () => {
  const names = new RecentNames();
  const all = Array.from({ length: 2_000 }, (_, index) => `host-${index}.example`);
  for (const name of all) names.keep(bytesOf(name), 0, name.length, name);
  const found = all.map((name) => names.find(bytesOf(name), 0, name.length));
  found.forEach((name, index) => assert.ok(name === undefined || name === all[index]));
  const count = found.filter((name) => name !== undefined).length;
  assert.ok(count > 100 && count <= 256, String(count));
});
