import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openFileLog, type FileLog } from "./log-file.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-log-"));
test.after(() => rmSync(folder, { recursive: true }));

function mustOpen(path: string): FileLog {
  const opened = openFileLog(path, "info");
  return opened.ok ? opened.value : assert.fail(opened.error.message);
}

const messagesIn = (path: string): string[] =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { message: string }).message);

test("lines are there when they are written, after those of an earlier run, for owner and group only", () => {
  const path = join(folder, "kakehi.log");
  mustOpen(path).info("one");
  mustOpen(path).info("two");
  assert.deepEqual(messagesIn(path), ["one", "two"]);
  assert.equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
});

test("a file that is renamed is written to until the log is opened anew, and no line is lost", () => {
  const path = join(folder, "rotated.log");
  const log = mustOpen(path);
  log.info("one");
  renameSync(path, `${path}.1`);
  log.info("two");
  log.reopen();
  log.info("three");
  assert.deepEqual(messagesIn(`${path}.1`), ["one", "two"]);
  assert.deepEqual(messagesIn(path), ["the log was opened anew", "three"]);
});

test("what cannot be opened anew is told in the old file, which goes on", () => {
  const path = join(folder, "gone", "kakehi.log");
  execFileSync("mkdir", [join(folder, "gone")]);
  const log = mustOpen(path);
  renameSync(join(folder, "gone"), join(folder, "moved"));
  log.reopen();
  log.info("on");
  const [told, on] = messagesIn(join(folder, "moved", "kakehi.log"));
  assert.match(told!, /cannot be opened anew/);
  assert.equal(on, "on");
});

test("whether a program that starts could log there is found out without a line", () => {
  const path = join(folder, "asked", "kakehi.log");
  execFileSync("mkdir", [join(folder, "asked")]);
  const log = mustOpen(path);
  assert.equal(log.findFault(), undefined);
  renameSync(join(folder, "asked"), join(folder, "away"));
  assert.equal(log.findFault()?.code, "ENOENT");
  assert.equal(readFileSync(join(folder, "away", "kakehi.log"), "utf8"), "");
});

test("a file that may not be larger loses lines, tells how many, and begins the next on a line of its own", () => {
  const path = join(folder, "small.log");
  // As on a full disk (RLIMIT_FSIZE): a write is cut short, the next ones fail.
  const script = `
    process.on("SIGXFSZ", () => undefined);
    const { openFileLog } = await import(${JSON.stringify(new URL("./log-file.ts", import.meta.url).href)});
    const { truncateSync } = await import("node:fs");
    const log = openFileLog(${JSON.stringify(path)}, "info").value;
    log.info("x".repeat(200));
    for (let count = 0; count < 3; count++) log.info("lost");
    truncateSync(${JSON.stringify(path)}, 100);
    log.info("y");
  `;
  const args = ["--fsize=300", process.execPath, "--input-type=module", "-e", script];
  execFileSync("prlimit", args, { env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" } });
  const lines = readFileSync(path, "utf8").split("\n");
  assert.equal((JSON.parse(lines[1]!) as { message: string }).message, "y");
  assert.match(lines[2]!, /lines of the log were lost.*"lines":3/);
});

test("a folder, a pipe and a device are no logs", () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const path of [folder, pipe, "/dev/null"]) assert.equal(openFileLog(path, "info").ok, false, path);
  writeFileSync(join(folder, "plain"), "");
  assert.ok(openFileLog(join(folder, "plain"), "info").ok);
});
