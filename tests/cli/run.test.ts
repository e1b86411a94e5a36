import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { connectTls } from "../../testing/clients/tls-client.ts";
import { askUntil, eventWithin } from "../../testing/deadline.ts";
import { freePort } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";

const DEADLINE_MS = 20_000;

interface Running {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly socketPath: string;
  /** What `run --json` printed when it was up. */
  readonly greeting: Readonly<Record<string, unknown>>;
}

/** A real proxy with one worker; ended by its pid, whatever the test did with it. */
async function withProxy(args: readonly string[], use: (running: Running) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi run "));
  const socketPath = join(folder, "sockets", "command.sock");
  const child = spawn(KAKEHI, ["run", "--json", "--workers", "1", "--socket", socketPath, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [line] = await eventWithin(DEADLINE_MS, createInterface(child.stdout), "line");
    await use({ child, folder, socketPath, greeting: JSON.parse(line as string) as Running["greeting"] });
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await eventWithin(DEADLINE_MS, child, "exit");
    }
    await rm(folder, { recursive: true });
  }
}

test("it says where it is when it is up, and ends with 0 and without its socket on one SIGTERM", async () => {
  await withProxy(["--socket-mode", "0660"], async ({ child, socketPath, greeting }) => {
    assert.equal(greeting["pid"], child.pid, "signals reach the program itself, not a shell before it");
    assert.deepEqual([greeting["socket"], greeting["workers"], greeting["listeners"]], [socketPath, 1, []]);
    assert.equal(statSync(socketPath).mode & 0o777, 0o660);
    child.kill("SIGTERM");
    assert.deepEqual(await eventWithin(DEADLINE_MS, child, "exit"), [0, null]);
    assert(!existsSync(socketPath));
  });
});

test("a second proxy at the same socket, a config file and a wrong number of workers are told plainly", async () => {
  await withProxy([], async ({ child, socketPath }) => {
    const second = await runCommand(KAKEHI, ["run", "--socket", socketPath]);
    assert.deepEqual([second.code, second.stdout], [1, ""]);
    assert.match(second.stderr, new RegExp(`^error: .*pid ${child.pid}.*\n$`));
    const config = await runCommand(KAKEHI, ["run", "--config", "kakehi.toml"]);
    assert.deepEqual([config.code, config.stdout], [1, ""]);
    assert.match(config.stderr, /^error: .* is not there\n$/);
    for (const count of ["0", "257", "two"]) {
      assert.equal((await runCommand(KAKEHI, ["run", "--workers", count])).code, 2, count);
    }
    for (const interval of ["99ms", "8d", "10"]) {
      const refused = await runCommand(KAKEHI, ["run", "--ticket-key-interval", interval]);
      assert.deepEqual([refused.code, refused.stdout], [2, ""], interval);
    }
  });
});

test("the commands drive a real proxy, from the first listener to the stop", async () => {
  await withProxy([], async ({ child, folder, socketPath }) => {
    const kakehi = async (line: string) => {
      const ended = await runCommand(KAKEHI, line.split(" "), {
        folder,
        environment: { KAKEHI_SOCKET: socketPath },
      });
      assert.equal(ended.code, 0, `${line}: ${ended.stderr}`);
      return ended.stdout;
    };
    assert.equal(await kakehi("cluster add app"), "cluster app added (revision 1)\n");
    assert.equal(
      await kakehi("backend add app app-1 127.0.0.1:9 --weight 7"),
      "backend app-1 added to cluster app (revision 2)\n",
    );
    await kakehi("state save one.state");
    assert.match(await kakehi("backend update app app-1 --reset weight --dry-run"), /weight 7 → 100/);
    assert.match(await kakehi("backend remove app app-1"), /removed.*\(revision 3\)/);
    assert.match(await kakehi("state load one.state"), /1 .*added.*\(revision 4\)/);
    assert.match(await kakehi("backend list app"), /app-1 +127\.0\.0\.1:9 +7 +no\n$/);
    assert.match(
      await kakehi("status"),
      /revision 4, configuration [0-9a-f]{12}\n\n.*\n +0 +[0-9]+ +running +4 /,
    );
    assert.equal((await kakehi("state dump")).trim().split("\n").length, 2);
    await kakehi("workers set 2");
    assert.match(await kakehi("workers"), /(\n +[0-9]+ +[0-9]+ +running.*){2}/);
    const exited = eventWithin(DEADLINE_MS, child, "exit");
    await kakehi("stop --deadline 5s");
    assert.deepEqual(await exited, [0, null]);
  });
});

test("after three --ticket-key-interval, a session ticket is not taken any more", async () => {
  await withProxy(["--ticket-key-interval", "300ms"], async ({ socketPath }) => {
    const port = await freePort();
    const listener = ["listener", "add", `127.0.0.1:${port}`, "--protocol", "https"];
    const added = await runCommand(KAKEHI, listener, { environment: { KAKEHI_SOCKET: socketPath } });
    assert.equal(added.code, 0, added.stderr);
    const first = await connectTls(port, { version: "TLSv1.2" }, DEADLINE_MS);
    const session = first.getSession()!;
    first.destroy();
    const isResumed = async (): Promise<boolean> => {
      const socket = await connectTls(port, { version: "TLSv1.2", session }, DEADLINE_MS);
      const isReused = socket.isSessionReused();
      socket.destroy();
      return isReused;
    };
    assert.equal(await isResumed(), true);
    await askUntil(DEADLINE_MS, "a whole handshake", async () => !(await isResumed()) || undefined);
  });
});
