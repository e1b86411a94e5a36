/** `kakehi run` where the place it is given is no good: one clear line, exit code 1, and nothing harmed. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { eventWithin, within } from "../../testing/deadline.ts";
import { descendantsOf, whenGone } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { fetchOnce, TIMEOUT_MS, withApp, withProxy } from "./support.ts";

const mounted: string[] = [];

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-edge-"));
  t.after(async () => {
    for (const mount of mounted.splice(0)) execFileSync("umount", ["-l", mount]);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Makes `folder` a file system that nobody can write to; false where that is not allowed. */
function makeReadOnly(t: TestContext, folder: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    t.skip("no right to mount a small file system");
    return false;
  }
  mounted.push(folder);
  return true;
}

/** Runs it, expects it to refuse in one line, and gives that line. */
async function refusalOf(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(KAKEHI, ["run", "--workers", "1", ...args]);
  assert.deepEqual([code, stdout], [1, ""], stderr);
  const [error, ...more] = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  assert.deepEqual(more, [], "one line");
  assert.match(error ?? "", /^error: ./);
  return error!;
}

test("a folder for the socket that cannot be made, or written to, is told", async (t) => {
  const folder = await folderFor(t);
  writeFileSync(join(folder, "file"), "");
  assert.match(await refusalOf("--socket", join(folder, "file", "command.sock")), /cannot make the folder/);
  if (!makeReadOnly(t, folder)) return;
  assert.match(await refusalOf("--socket", join(folder, "command.sock")), /EROFS/);
  assert.match(await refusalOf("--socket", join(folder, "new", "command.sock")), /cannot make the folder/);
});

test("a state file where nothing can be written, or that is a folder, is told, and leaves no socket", async (t) => {
  const folder = await folderFor(t);
  const socketPath = join(folder, "command.sock");
  const state = join(folder, "state");
  mkdirSync(state);
  assert.match(await refusalOf("--socket", socketPath, "--state", state), /state/);
  if (!makeReadOnly(t, state)) return;
  assert.match(await refusalOf("--socket", socketPath, "--state", join(state, "kakehi.state")), /EROFS/);
  assert.equal(existsSync(socketPath), false);
});

test("a state file that another proxy keeps is told, and the other never notices", async (t) => {
  const folder = await folderFor(t);
  const state = join(folder, "kakehi.state");
  await withProxy({ args: ["--state", state] }, async (proxy) => {
    const refused = await refusalOf("--socket", join(folder, "other.sock"), "--state", state);
    assert.match(refused, new RegExp(`another proxy \\(pid ${proxy.pid}\\) keeps its state in`));
    await proxy.orders.ok("ADD_CLUSTER", { cluster_id: "kept" });
  });
  assert.match(readFileSync(state, "utf8") + readFileSync(`${state}.journal`, "utf8"), /kept/);
});

test("a stop comes to its end where stderr is a full pipe that nobody reads", async (t) => {
  const folder = await folderFor(t);
  const pipe = fullPipe(t, join(folder, "stderr"));
  const socketPath = join(folder, "command.sock");
  const child = spawn(KAKEHI, ["run", "--json", "--workers", "1", "--socket", socketPath], {
    stdio: ["ignore", "pipe", pipe],
  });
  t.after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  await eventWithin(TIMEOUT_MS * 2, createInterface(child.stdout!), "line");
  child.kill("SIGTERM");
  assert.deepEqual(await within(TIMEOUT_MS, "the end", ended), [0, null]);
});

/** The end of a pipe to write to, with no room in it; the other end is open, and never read. */
function fullPipe(t: TestContext, path: string): number {
  execFileSync("mkfifo", [path]);
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(both));
  const page = Buffer.alloc(4096);
  const isFull = (): boolean => {
    try {
      writeSync(both, page);
      return false;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
      return true;
    }
  };
  while (!isFull());
  const fd = openSync(path, "w");
  t.after(() => closeSync(fd));
  return fd;
}

test("a file at the socket's path is not taken for a socket, and not removed", async (t) => {
  const folder = await folderFor(t);
  const notes = join(folder, "notes.txt");
  writeFileSync(notes, "do not lose me");
  assert.match(await refusalOf("--socket", notes), /is there and is no socket/);
  assert.equal(readFileSync(notes, "utf8"), "do not lose me");
});

test("one path for the socket and for the state is refused, and the state is not lost", async (t) => {
  const path = join(await folderFor(t), "kakehi.state");
  const first = await Proxy.start({ args: ["--state", path] });
  t.after(() => first.discard());
  await first.orders.ok("ADD_CLUSTER", { cluster_id: "kept" });
  await first.stop();
  const before = readFileSync(path, "utf8");
  await refusalOf("--socket", path, "--state", path);
  assert.equal(readFileSync(path, "utf8"), before);
});

test("a socket that a killed main left is taken over by the next one", async (t) => {
  const folder = await folderFor(t);
  const first = await Proxy.start({ folder });
  t.after(() => first.discard());
  const workers = descendantsOf(first.pid);
  first.kill("SIGKILL");
  await whenGone([first.pid, ...workers], 40_000);
  await first.discard();
  assert.ok(existsSync(first.socketPath), "it is there still");
  const second = await Proxy.start({ folder });
  t.after(() => second.discard());
  assert.equal((await second.status()).status, "OK");
  await second.stop();
});

test("a socket file that somebody removed: traffic and open clients go on, no second proxy, a clean end", async () => {
  await withApp({}, async (proxy, port) => {
    rmSync(proxy.socketPath);
    assert.equal((await proxy.status()).status, "OK");
    assert.equal((await fetchOnce(port, "/")).status, 200);
    assert.match(await refusalOf("--socket", proxy.socketPath), new RegExp(`pid ${proxy.pid}`));
    proxy.kill("SIGTERM");
    assert.equal(await within(TIMEOUT_MS, "the end", proxy.exited), 0);
  });
});
