import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { MAIN_LIMITS } from "../limits.ts";
import { faultLines, readConfiguration, type ReadingOptions } from "./read-configuration.ts";
import { locateApart, readApart, type ReaderOptions } from "./reader.ts";

const TEXT = `
[limits]
events_max = 100

[[rights]]
uid = 990
may = "read"

[[listeners]]
address = "127.0.0.1:8080"
protocol = "http"

[[clusters]]
cluster_id = "筧"

  [[clusters.backends]]
  backend_id = "one"
  address = "127.0.0.1:9000"

[[frontends]]
listener = "127.0.0.1:8080"
hostname = "*"
cluster_id = "筧"
`;

/** Every file is too large for main. */
function apart(limits: Partial<ReadingOptions["limits"]> = {}): ReadingOptions {
  return { limits: { ...MAIN_LIMITS, fileHereBytesMax: 0, ...limits }, runs: "before main" };
}

function fileWith(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-reader-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "kakehi.toml");
  writeFileSync(path, text);
  return path;
}

/** What is said of a file that is not taken. */
async function linesFor(path: string, options?: ReadingOptions): Promise<readonly string[]> {
  const read = await readConfiguration(path, options);
  assert.ok(!read.ok);
  return faultLines(read.error);
}

test("a file that a process reads says what it says here", async (t) => {
  for (const text of [TEXT, `owns = ["clusters", "backends"]\n[[clusters]]\ncluster_id = "a"\n`]) {
    const path = fileWith(t, text);
    const [here, there] = [await readConfiguration(path), await readConfiguration(path, apart())];
    assert.ok(here.ok && there.ok);
    const { faultOf: _, state: stateHere, ...restHere } = here.value;
    const { faultOf: __, state: stateThere, ...restThere } = there.value;
    assert.deepEqual(restThere, restHere);
    assert.equal(stateThere?.hash(), stateHere?.hash());
  }
});

test("a file that is wrong is told as here: as TOML, in an object, and where objects do not go together", async (t) => {
  const twice = `${TEXT}\n[[clusters]]\ncluster_id = "筧"\n`;
  const noCipher = TEXT.replace('"http"', '"https"\ntls = { ciphers = ["NOT-ONE"] }');
  for (const text of ["[[clusters]]\ncluster = 1\n", twice, noCipher]) {
    const path = fileWith(t, text);
    const lines = await linesFor(path, apart());
    assert.deepEqual(lines, await linesFor(path));
    assert.match(lines[0]!, /kakehi\.toml:\d+:\d+: /);
  }
});

test("what is wrong at the top of a file and in its objects is told at once, each with its place", async (t) => {
  const text = `${TEXT}\n[[clusters.backendz]]\n\n[[frontend]]\nhostname = "*"\n`;
  const lines = await linesFor(fileWith(t, text));
  assert.deepEqual(
    lines.map((line) => line.replace(/^.*kakehi\.toml:/, "")),
    [
      '25:1: unknown key "backendz" in clusters[0]; did you mean "backends"?',
      '27:1: unknown key "frontend"; did you mean "frontends"?',
    ],
  );
});

test("one that takes too long is given up, and the user is told what to do", async (t) => {
  const [line] = await linesFor(fileWith(t, TEXT), apart({ fileReadMs: 1 }));
  assert.match(line!, /takes more than 1 ms to be read: make it smaller, or leave .*\(`owns`\)$/);
});

test("one that needs too much memory ends its reader, and not us", async (t) => {
  const keys = Array.from({ length: 400_000 }, (_, index) => `${index.toString(36)}=0`).join("\n");
  const [line] = await linesFor(fileWith(t, keys), apart({ fileReadHeapBytesMax: 48 * 1024 * 1024 }));
  assert.match(line!, /needs more than 48 MiB of memory to be read: make it smaller/);
});

test("where faults are in a file that is another by now is not guessed", async (t) => {
  const path = fileWith(t, TEXT);
  const options: ReaderOptions = apart();
  const read = await readApart(path, options);
  assert.ok(read.ok);
  const faults = [{ path: ["clusters", 0], message: "is wrong" }];
  const located = await locateApart({ path, digest: read.value.digest }, faults, options);
  assert.deepEqual(located, { ok: true, value: [{ line: 13, column: 1, message: "is wrong" }] });
  appendFileSync(path, "\n");
  const again = await locateApart({ path, digest: read.value.digest }, faults, options);
  assert.ok(!again.ok);
  assert.match(JSON.stringify(again.error), /^"was written while it was read/);
});

test("a small file is read here, and a large one by a process", async (t) => {
  const path = fileWith(t, TEXT);
  const limits = { fileReadMs: 1 };
  assert.ok((await readConfiguration(path, apart({ ...limits, fileHereBytesMax: TEXT.length * 2 }))).ok);
  assert.ok(!(await readConfiguration(path, apart({ ...limits, fileHereBytesMax: 10 }))).ok);
});
