import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { closeDescriptor, isReadable } from "./descriptor.ts";
import { openProcessHandle, reapChild, signalProcess } from "./process-handle.ts";

const SIGTERM = 15;
const NO_SIGNAL = 0;

function spawnSleeper(t: TestContext): { child: ChildProcess; pid: number; handle: number } {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  const handle = openProcessHandle(child.pid);
  assert.ok(handle.ok);
  t.after(() => closeDescriptor(handle.value));
  return { child, pid: child.pid, handle: handle.value };
}

test("a handle shows that its process lives, sends it a signal, and shows that it is over", async (t) => {
  const { child, handle } = spawnSleeper(t);
  assert.equal(isReadable(handle), false);
  assert.ok(signalProcess(handle, NO_SIGNAL).ok);
  assert.equal(isReadable(handle), false, "asking whether it is there does not end it");
  const exited = once(child, "exit");
  assert.ok(signalProcess(handle, SIGTERM).ok);
  assert.deepEqual(await exited, [null, "SIGTERM"]);
  assert.equal(isReadable(handle), true);
  const late = signalProcess(handle, SIGTERM);
  assert.equal(!late.ok && late.error.name, "ESRCH");
});

test("there is no handle of a process that is not there, and what is no process is a defect", async () => {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  const handle = openProcessHandle(child.pid!);
  assert.equal(!handle.ok && handle.error.name, "ESRCH");
  for (const wrong of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => openProcessHandle(wrong), /is no process/);
    assert.throws(() => reapChild(wrong), /is no process/);
  }
  assert.throws(() => signalProcess(-1, SIGTERM), /is no descriptor/);
});

test("a process that is no child of ours, or was asked for already, is not ours", async () => {
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  assert.deepEqual(reapChild(child.pid!), { kind: "not-ours" });
  assert.deepEqual(reapChild(process.ppid), { kind: "not-ours" });
});

/** In a program that becomes another by execve: its child is a child still, and Node does not know it. */
test("a child from before an exec is seen to run, and its end is told once, code or signal", () => {
  const after = `
    import { reapChild, openProcessHandle, signalProcess } from ${JSON.stringify(import.meta.resolve("./process-handle.ts"))};
    import { isReadable } from ${JSON.stringify(import.meta.resolve("./descriptor.ts"))};
    const [exits, sleeps] = process.argv.slice(1).map(Number);
    const ends = (pid) => {
      const handle = openProcessHandle(pid).value;
      const endMs = Date.now() + 10_000;
      while (!isReadable(handle) && Date.now() < endMs);
      return [reapChild(pid), reapChild(pid)];
    };
    const states = [ends(exits), reapChild(sleeps)];
    signalProcess(openProcessHandle(sleeps).value, 9);
    console.log(JSON.stringify([...states, ends(sleeps)]));
  `;
  const before = `
    import { spawn } from "node:child_process";
    const pids = [["sh", ["-c", "exit 7"]], ["sleep", ["60"]]].map(([program, args]) =>
      String(spawn(program, args, { stdio: "ignore" }).pid));
    const args = ["--input-type=module", "-e", ${JSON.stringify(after)}, ...pids];
    process.execve(process.execPath, [process.execPath, ...args], process.env);
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", before], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 30_000,
  });
  assert.deepEqual(JSON.parse(output), [
    [{ kind: "exited", code: 7 }, { kind: "not-ours" }],
    { kind: "running" },
    [{ kind: "killed", signal: 9 }, { kind: "not-ours" }],
  ]);
});
