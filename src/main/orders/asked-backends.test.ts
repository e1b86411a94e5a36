import assert from "node:assert/strict";
import { test } from "node:test";
import { AskedBackends } from "./asked-backends.ts";

test("swaps may ask so many backends together, and again when others have ended", () => {
  const asked = new AskedBackends(10);
  const first = asked.begin(6);
  assert.ok(first.ok);
  const second = asked.begin(5);
  assert.ok(!second.ok);
  assert.deepEqual([second.error.code, second.error.field], ["LIMIT_EXCEEDED", "data.add"]);
  assert.match(second.error.message, /^6 new backends of other swaps .* these 5 .* more than 10/);
  assert.ok(asked.begin(4).ok);
  first.value();
  assert.ok(asked.begin(6).ok);
  assert.ok(!asked.begin(1).ok);
});
