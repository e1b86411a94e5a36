import { test } from "node:test";
import type { Io, IoLimits } from "../../src/io/io.ts";
import { openUringIo } from "../../src/io/uring/uring-io.ts";
import { portContract } from "./contract.ts";
import { loopbackWorld } from "./loopback-world.ts";
import type { OpenWorld } from "./world.ts";

function worldOn(kernel: "as found" | "before 6.17"): OpenWorld {
  const open = (limits: IoLimits): Io => {
    const io = openUringIo(limits, () => undefined, kernel);
    if (!io.ok) throw new Error(io.error);
    return io.value;
  };
  return loopbackWorld(open, open);
}

const trial = openUringIo({ connectionsMax: 1, buffersMax: 1, bufferBytes: 4_096 }, () => undefined);
if (trial.ok) {
  trial.value.stop();
  portContract("uring", worldOn("as found"), true);
  portContract("uring before Linux 6.17", worldOn("before 6.17"), true);
} else {
  test("uring", { skip: trial.error }, () => undefined);
}
