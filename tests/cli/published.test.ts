/**
 * The program as it is published: bundled, each process of it, beside nothing but what it is published with.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Proxy } from "../../testing/proxy.ts";
import { publishedProgram } from "../../testing/published.ts";
import { runCommand } from "../../testing/run-command.ts";

const UPGRADE_TIMEOUT_MS = 30_000;

let folder: string;
let program: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kakehi-published-"));
  program = publishedProgram(folder);
});
after(() => rm(folder, { recursive: true }));

test("it starts, serves orders, and becomes itself: main, the reader of its file, the rehearsal and workers", async () => {
  const file = join(folder, "kakehi.toml");
  const clusters = Array.from({ length: 3_000 }, (_, index) => `[[clusters]]\ncluster_id = "${index}"\n`);
  await writeFile(file, clusters.join(""));
  const proxy = await Proxy.start({ program, workers: 2, args: ["--config", file] });
  try {
    assert.match(proxy.output, /3000 objects added/);
    const upgraded = await proxy.orders.send("UPGRADE").final(UPGRADE_TIMEOUT_MS);
    assert.equal(upgraded.status, "OK", upgraded.message);
    const { data } = await proxy.status();
    assert.equal(data.workers.length, 2);
  } finally {
    await proxy.stop();
  }
});

test("the demo's backends start", async () => {
  const entry = join(folder, "published", "dist", "main", "demo-backends.js");
  const child = spawn(process.execPath, [entry], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    assert.equal((JSON.parse(line) as readonly unknown[]).length, 2);
  } finally {
    child.stdin.end();
    await ended;
  }
});

test("the client library is one file that asks for nothing beyond Node, and has its types", async () => {
  const client = join(folder, "published", "dist", "client", "client.js");
  const imports = [...(await readFile(client, "utf8")).matchAll(/^import .* from "(.*)";$/gm)];
  assert(imports.length > 0);
  for (const [, from = ""] of imports) assert.match(from, /^node:/);
  assert(existsSync(client.replace(/\.js$/, ".d.ts")));
  const source = `const { connect } = await import(${JSON.stringify(pathToFileURL(client))}); console.log(typeof connect)`;
  const { stdout } = await runCommand(process.execPath, ["--input-type=module", "-e", source]);
  assert.equal(stdout, "function\n");
});

test("the licences of what became part of it are there", async () => {
  const text = await readFile(join(folder, "published", "dist", "LICENSES.txt"), "utf8");
  for (const name of ["commander", "smol-toml", "zod"]) assert.match(text, new RegExp(`^${name}$`, "m"));
});
