import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockDescriptor } from "./file-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-flock-"));
test.after(() => rmSync(folder, { recursive: true }));

test("of two open files of one path one has the lock, and the other as soon as the first is closed", () => {
  const path = join(folder, "a");
  const first = openSync(path, "w");
  const second = openSync(path, "w");
  assert.equal(lockDescriptor(first), true);
  assert.equal(lockDescriptor(first), true, "who has it may ask again");
  assert.equal(lockDescriptor(second), false);
  closeSync(first);
  assert.equal(lockDescriptor(second), true);
  closeSync(second);
});

test("a process that is killed leaves no lock behind", async (t) => {
  const path = join(folder, "b");
  const module = JSON.stringify(join(import.meta.dirname, "file-lock.ts"));
  const script = `import { openSync } from "node:fs"; import { lockDescriptor } from ${module};
    console.log(lockDescriptor(openSync(${JSON.stringify(path)}, "w"))); setInterval(() => {}, 1e6);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const exited = once(holder, "exit");
  t.after(() => holder.kill("SIGKILL"));
  const [said] = await once(holder.stdout, "data");
  assert.equal(String(said), "true\n");
  const fd = openSync(path, "r");
  assert.equal(lockDescriptor(fd), false);
  holder.kill("SIGKILL");
  await exited;
  assert.equal(lockDescriptor(fd), true);
  closeSync(fd);
});

test("what is not open is not locked, and what is no descriptor is a defect", () => {
  assert.equal(lockDescriptor(1_000_000), false);
  assert.throws(() => lockDescriptor(Number.NaN), /is no descriptor/);
});
