import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { chooseIo } from "./choose-io.ts";

const LIMITS = { connectionsMax: 8, buffersMax: 8, bufferBytes: 4_096 };

function openCount(): number {
  return readdirSync("/proc/self/fd").length;
}

test("what is asked for is taken, and said so", () => {
  const chosen = chooseIo("node", LIMITS, assert.fail);
  assert.ok(chosen.ok);
  assert.equal(chosen.value.io.name, "node");
  assert.equal(chosen.value.reason, "asked for");
  chosen.value.io.stop();
});

test("auto takes io_uring where it works, and says why not where it does not", () => {
  const chosen = chooseIo("auto", LIMITS, assert.fail);
  assert.ok(chosen.ok);
  const { io, reason } = chosen.value;
  assert.match(reason, io.name === "uring" ? /io_uring works/ : /no io_uring: ./);
  io.stop();
});

test("there are no more connections than descriptors, with a warning", () => {
  const warnings: string[] = [];
  const chosen = chooseIo(
    "node",
    { ...LIMITS, connectionsMax: 2 ** 22 },
    (message) => void warnings.push(message),
  );
  assert.ok(chosen.ok);
  const { connectionsMax } = chosen.value.io.port;
  assert.equal(warnings.length, connectionsMax < 2 ** 22 ? 1 : 0);
  chosen.value.io.stop();
});

test("a stopped I/O has given back every descriptor", () => {
  for (const name of ["uring", "node"] as const) {
    for (let round = 0; round < 5; round++) {
      const before = openCount();
      const chosen = chooseIo(name, LIMITS, assert.fail);
      if (!chosen.ok) break;
      chosen.value.io.stop();
      assert.equal(openCount(), before, name);
    }
  }
});
