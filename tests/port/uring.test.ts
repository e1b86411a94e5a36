import assert from "node:assert/strict";
import { openUringIo } from "../../src/io/uring/uring-io.ts";
import { portContract } from "./contract.ts";
import { loopbackWorld } from "./loopback-world.ts";

const open = loopbackWorld((limits) => {
  const io = openUringIo(limits, () => undefined);
  assert.ok(io.ok);
  return io.value;
});

portContract("uring", open);
