import assert from "node:assert/strict";
import { test } from "node:test";
import { pathText } from "./field-path.ts";

test("names have dots between them, and places in a list are in brackets", () => {
  assert.equal(pathText(["data", "add", 0, "address"]), "data.add[0].address");
  assert.equal(pathText(["clusters", 1, "tls", "ca", 2]), "clusters[1].tls.ca[2]");
  assert.equal(pathText([]), "");
});

test("a name that somebody made long is cut short", () => {
  assert.equal(pathText(["tags", "n".repeat(100)]), `tags.${"n".repeat(64)}…`);
});
