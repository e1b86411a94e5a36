import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";

const ROOT = dirname(dirname(KAKEHI));
const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };

/** What says where compiled code is kept. */
const NO_CACHE = {
  NODE_COMPILE_CACHE: undefined,
  CACHE_DIRECTORY: undefined,
  XDG_CACHE_HOME: undefined,
  HOME: undefined,
};

/** A folder that is gone when the test ends. */
async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "kakehi start "));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A folder with nothing in it but a `node` that is `target`, or a script. */
async function pathWithNode(folder: string, node: { readonly target: string } | { readonly script: string }) {
  const bin = join(folder, "path");
  await mkdir(bin);
  if ("target" in node) await symlink(node.target, join(bin, "node"));
  else await writeFile(join(bin, "node"), node.script);
  if ("script" in node) await chmod(join(bin, "node"), 0o755);
  for (const name of ["readlink", "dirname", "uname"]) {
    await symlink(
      execFileSync("/bin/sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(),
      join(bin, name),
    );
  }
  return bin;
}

/** The package as npm installs it: no sources, no pinned Node; its program only says which Node runs it. */
async function installedPackage(folder: string): Promise<string> {
  const root = join(folder, "node_modules", "kakehi");
  await mkdir(join(root, "dist", "cli"), { recursive: true });
  await mkdir(join(root, "bin"));
  for (const name of await readdir(join(ROOT, "bin"))) {
    await writeFile(join(root, "bin", name), await readFile(join(ROOT, "bin", name)), { mode: 0o755 });
  }
  await writeFile(join(root, "package.json"), '{"type":"module"}');
  await writeFile(
    join(root, "dist", "cli", "entry.js"),
    "console.log(`installed ${process.argv.slice(2)}`);",
  );
  return join(root, "bin", "kakehi");
}

test("from a checkout it runs with the Node that npm pinned, whatever node the PATH has", async () => {
  await using folder = await temporaryFolder();
  const bin = await pathWithNode(folder.path, { script: "#!/bin/sh\necho wrong\n" });
  const ended = await runCommand(KAKEHI, ["--version"], { environment: { PATH: bin } });
  assert.deepEqual(ended, { code: 0, stdout: `kakehi ${version}\n`, stderr: "" });
});

test("it is found through links, relative ones too, from any folder, with spaces in their names", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "a folder"));
  await symlink(KAKEHI, join(folder.path, "a folder", "first link"));
  await symlink(join("a folder", "first link"), join(folder.path, "second link"));
  const ended = await runCommand("./second link", ["--version"], { folder: folder.path });
  assert.deepEqual(ended, { code: 0, stdout: `kakehi ${version}\n`, stderr: "" });
});

test("an installed package runs its compiled files with the node of the PATH", async () => {
  await using folder = await temporaryFolder();
  const installed = await installedPackage(folder.path);
  const bin = await pathWithNode(folder.path, { target: process.execPath });
  const ended = await runCommand(installed, ["a b", "c"], { environment: { PATH: bin } });
  assert.deepEqual(ended, { code: 0, stdout: "installed a b,c\n", stderr: "" });
});

test("without any node it says so, in one line", async () => {
  await using folder = await temporaryFolder();
  const installed = await installedPackage(folder.path);
  const bin = await pathWithNode(folder.path, { target: process.execPath });
  await rm(join(bin, "node"));
  const ended = await runCommand(installed, ["status"], { environment: { PATH: bin } });
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /^kakehi needs Node .* finds no node.*\n$/);
});

test("an older Node gets one clear line, and no stack trace", async (t) => {
  const older = findOlderNode();
  if (older === undefined) return t.skip("this machine has no older Node");
  await using folder = await temporaryFolder();
  const installed = await installedPackage(folder.path);
  const bin = await pathWithNode(folder.path, { target: older });
  const ended = await runCommand(installed, ["status"], { environment: { PATH: bin } });
  assert.equal(ended.code, 1);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^kakehi needs Node 24\.12\.0 or newer, and this is Node .*\n$/);
});

test("what Node makes of our files is kept in a folder of the user's own", async () => {
  await using folder = await temporaryFolder();
  const kept = join(folder.path, ".cache", "kakehi");
  const run = () => runCommand(KAKEHI, ["--version"], { environment: { ...NO_CACHE, HOME: folder.path } });
  assert.equal((await run()).code, 0);
  assert.equal((await stat(kept)).mode & 0o777, 0o700);
  assert.notEqual((await readdir(kept)).length, 0);
});

test("where others can write, nothing is kept, and nothing read", async () => {
  await using folder = await temporaryFolder();
  const open = join(folder.path, "kakehi");
  await mkdir(open);
  await chmod(open, 0o777);
  const environment = { ...NO_CACHE, XDG_CACHE_HOME: folder.path };
  assert.equal((await runCommand(KAKEHI, ["--version"], { environment })).code, 0);
  assert.deepEqual(await readdir(open), []);
});

test("the version is judged number by number", async () => {
  const check = await readFile(join(ROOT, "bin", "kakehi.cjs"), "utf8");
  const verdicts = {
    "12.22.1": 1,
    "24.2.0": 1,
    "24.11.1": 1,
    "24.12.0": undefined,
    "26.1.0": undefined,
    "100.0.0": undefined,
  };
  for (const [node, exitCode] of Object.entries(verdicts)) {
    const fake = { versions: { node }, execPath: "node", stderr: { write() {} }, exitCode: undefined };
    runInNewContext(check, { process: fake, require: () => {} });
    assert.equal(fake.exitCode, exitCode, node);
  }
});

/** A Node of before 24 that is installed beside ours, if there is one. */
function findOlderNode(): string | undefined {
  return ["/usr/bin/node", "/usr/local/bin/node"].find((path) => {
    try {
      return (
        Number.parseInt(execFileSync(path, ["-p", "process.versions.node"], { encoding: "utf8" }), 10) < 24
      );
    } catch {
      return false;
    }
  });
}
