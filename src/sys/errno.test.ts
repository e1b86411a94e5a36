import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import * as errno from "./errno.ts";
import { EADDRINUSE, systemFault } from "./errno.ts";

test("a fault says what failed and why, also for a number that has no name here", () => {
  assert.deepEqual(systemFault(EADDRINUSE, "bind"), {
    errno: 98,
    name: "EADDRINUSE",
    message: "bind: address already in use (EADDRINUSE)",
  });
  assert.equal(systemFault(999, "bind").message, "bind: error number 999 (E999)");
});

test("every number that code decides by has its own name and a meaning for people", () => {
  const numbers = Object.entries(errno).filter(([, value]) => typeof value === "number");
  assert.ok(numbers.length > 15);
  for (const [name, value] of numbers) {
    const fault = systemFault(value as number, "call");
    assert.equal(fault.name, name);
    assert.match(fault.message, new RegExp(`^call: [a-z ]{4,} \\(${name}\\)$`));
  }
});

test("names and numbers are the system's own", () => {
  for (const [name, value] of Object.entries(errno)) {
    if (typeof value === "number") assert.equal(constants.errno[name as "EPERM"], value, name);
  }
});
