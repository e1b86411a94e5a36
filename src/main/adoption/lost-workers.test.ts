import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { findWorkerProcesses, lostWorkersText } from "./lost-workers.ts";

test("workers are found by the command socket that they were started for, and told with the way out", async (t) => {
  const socketPath = `/nowhere/${process.pid}.sock`;
  const start = async (rendezvous: string): Promise<number> => {
    const child = spawn(process.execPath, [
      "-e",
      "setInterval(() => 0, 1e6)",
      "--",
      "--rendezvous",
      rendezvous,
    ]);
    t.after(() => child.kill("SIGKILL"));
    await once(child, "spawn");
    return child.pid!;
  };
  const pids = [await start(`${socketPath}.worker-0`), await start(`${socketPath}.worker-12`)];
  await start(`${socketPath}2.worker-0`);
  const found = findWorkerProcesses(socketPath);
  assert.deepEqual(
    [...found].sort((a, b) => a - b),
    pids.sort((a, b) => a - b),
  );
  assert.match(lostWorkersText(found), RegExp(`kill ${found.join(" ")}\``));
  assert.equal(lostWorkersText([]), "");
});
