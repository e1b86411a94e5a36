import assert from "node:assert/strict";
import { test } from "node:test";
import { EADDRINUSE, systemFault } from "./errno.ts";

test("a fault says what failed and why, also for a number that has no name here", () => {
  assert.deepEqual(systemFault(EADDRINUSE, "bind"), {
    errno: 98,
    name: "EADDRINUSE",
    message: "bind: address already in use (EADDRINUSE)",
  });
  assert.equal(systemFault(999, "bind").message, "bind: error number 999 (E999)");
});
