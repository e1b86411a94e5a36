import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import { descendantsOf, isAlive, signal } from "../../testing/processes.ts";
import type { Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { exchangeOn, fetchOnce, TIMEOUT_MS, withApp } from "../e2e/support.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-signals-"));
test.after(() => rmSync(folder, { recursive: true }));

/** Fulfilled when the file has a line that fits. */
function logged(path: string, what: RegExp): Promise<true> {
  return askUntil(TIMEOUT_MS, `${what} in the log`, () => {
    return existsSync(path) && what.test(readFileSync(path, "utf8")) ? true : undefined;
  });
}

/** A request that its backend does not answer yet. */
async function hold(port: number): Promise<HttpConnection> {
  const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
  exchangeOn(connection, "/hold").catch(() => undefined);
  return connection;
}

function ended(proxy: Proxy): Promise<number | null> {
  return within(TIMEOUT_MS, "the end", proxy.exited);
}

test("SIGUSR1 opens the log file anew and SIGHUP changes nothing, for main and when all processes get them", async () => {
  const log = join(folder, "rotated.log");
  await withApp({ args: ["--log-file", log, "--log-level", "debug"] }, async (proxy, port) => {
    const processes = [proxy.pid, ...descendantsOf(proxy.pid)];
    renameSync(log, `${log}.1`);
    for (const pid of processes) signal(pid, "SIGUSR1");
    await logged(log, /the log was opened anew/);
    for (const pid of processes) signal(pid, "SIGHUP");
    await logged(log, /SIGHUP: there is no configuration file/);
    assert.equal((await fetchOnce(port, "/")).status, 200);
    assert.ok(processes.every(isAlive));
    const lines = [`${log}.1`, log].map((path) => readFileSync(path, "utf8")).join("");
    for (const line of lines.trim().split("\n")) assert.equal(typeof JSON.parse(line).message, "string");
    assert.match(readFileSync(`${log}.1`, "utf8"), /worker 0 runs/);
  });
});

test("SIGUSR2 is the order UPGRADE, and its answers are in the log", async () => {
  const log = join(folder, "upgrade.log");
  await withApp({ args: ["--log-file", log] }, async (proxy) => {
    proxy.kill("SIGUSR2");
    await logged(log, /"UPGRADE: main and 1 worker are version [^;]+; they were /);
    assert.doesNotMatch(readFileSync(log, "utf8"), /"level":"error"/);
  });
});

/** Preloaded by the Node that starts: as the program itself is to be loaded, these signals come. */
const EARLY_SIGNALS = `
  const Module = require("node:module");
  const load = Module._load;
  Module._load = function (name, ...more) {
    if (name.endsWith("load.cjs"))
      for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTERM"]) process.kill(process.pid, signal);
    return load.call(this, name, ...more);
  };
`;

test("signals that come before the program is loaded are heard: none ends it, and SIGTERM stops it cleanly", async () => {
  const preload = join(folder, "early.cjs");
  writeFileSync(preload, EARLY_SIGNALS);
  const started = ["run", "--socket", join(folder, "early.sock"), "--workers", "1"];
  const { code, stderr } = await runCommand(KAKEHI, started, {
    environment: { NODE_OPTIONS: `--require ${preload}` },
  });
  assert.equal(code, 0, stderr);
  for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGTERM"])
    assert.match(stderr, RegExp(`${signal}: `));
  assert.match(stderr, /"stopped"/);
});

for (const name of ["SIGTERM", "SIGINT"] as const) {
  test(`${name} lets an exchange end; a second one does not, and both times the end is clean`, async () => {
    await withApp({}, async (proxy, port, [backend]) => {
      const held = hold(port);
      await within(
        TIMEOUT_MS,
        "the held exchange",
        backend!.until((seen) => seen.held.length === 1),
      );
      proxy.kill(name);
      await assert.rejects(askUntil(TIMEOUT_MS, "a refusal", async () => void (await fetchOnce(port, "/"))));
      assert.ok(isAlive(proxy.pid), "it waits for the exchange");
      proxy.kill(name);
      assert.equal(await ended(proxy), 0);
      (await held).close();
    });
  });
}

test("where a worker must be killed at the end, the program does not end with 0", async () => {
  await withApp({}, async (proxy) => {
    const [worker] = await proxy.workers();
    signal(worker!.pid, "SIGSTOP");
    // The two stop by the same way; whichever comes second does not wait.
    proxy.kill("SIGINT");
    proxy.kill("SIGTERM");
    assert.equal(await ended(proxy), 1);
    assert.match(proxy.output, /were cut short.*"workers":1/);
  });
});

test("a log file that cannot be opened is told, and nothing starts", async () => {
  const refused = await runCommand(KAKEHI, ["run", "--log-file", join(folder, "no", "such")]);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^error: cannot log to .*ENOENT/);
});
