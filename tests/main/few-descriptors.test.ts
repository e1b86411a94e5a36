import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const KAKEHI = fileURLToPath(new URL("../../bin/kakehi", import.meta.url));

test(
  "with few descriptors allowed it starts with fewer connections, and says so",
  { timeout: 20_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "kakehi-few-"));
    const run = `ulimit -n 1024 && exec "${KAKEHI}" run --workers 1 --socket "${folder}/command.sock"`;
    const proxy = spawn("sh", ["-c", run], { stdio: ["ignore", "pipe", "pipe"] });
    const exited = once(proxy, "exit");
    let warned = "";
    proxy.stderr.setEncoding("utf8").on("data", (text: string) => (warned += text));
    try {
      for await (const line of createInterface(proxy.stdout)) if (line.includes("is up")) break;
      assert.match(warned, /only \d+ connections: this process may have 1024 descriptors/);
    } finally {
      proxy.kill("SIGTERM");
      await exited;
      rmSync(folder, { recursive: true });
    }
    assert.equal(proxy.exitCode, 0);
  },
);
