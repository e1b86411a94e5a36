import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readConfigurationText } from "./read-text.ts";

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-file-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What is said of the file at `path`. */
async function reasonFor(path: string, bytesMax?: number): Promise<string> {
  const read = await readConfigurationText(path, bytesMax);
  assert.ok(!read.ok);
  return read.error;
}

test("a text in UTF-8 is read whole", async (t) => {
  const path = join(newFolder(t), "kakehi.toml");
  writeFileSync(path, "# 筧\n[log]\n");
  assert.deepEqual(await readConfigurationText(path), { ok: true, value: "# 筧\n[log]\n" });
});

test("what is no text that could be meant is named for what it is", async (t) => {
  const folder = newFolder(t);
  const path = join(folder, "kakehi.toml");
  assert.equal(await reasonFor(path), "is not there");
  mkdirSync(join(folder, "inside"));
  assert.equal(await reasonFor(join(folder, "inside")), "is a directory");
  execFileSync("mkfifo", [join(folder, "pipe")]);
  assert.equal(await reasonFor(join(folder, "pipe")), "is no regular file");
  for (const nothing of ["", "\n \n"]) {
    writeFileSync(path, nothing);
    assert.match(await reasonFor(path), /^is empty/);
  }
  writeFileSync(path, Buffer.from("\ufeff[log]\n", "utf16le"));
  assert.equal(await reasonFor(path), "is in UTF-16: save it in UTF-8");
  for (const text of ["[log]\n", "[log]\n# \u7b67\u306f\u6c34\u3092\u904b\u3076\n"]) {
    const littleEndian = Buffer.from(text, "utf16le");
    for (const bytes of [littleEndian, Buffer.from(littleEndian).swap16()]) {
      writeFileSync(path, bytes);
      assert.equal(await reasonFor(path), "is in UTF-16: save it in UTF-8");
    }
  }
  writeFileSync(path, Buffer.from("[log]\n# caf\u00e9\n", "latin1"));
  assert.equal(await reasonFor(path), "is not in UTF-8: line 2 has other bytes");
  writeFileSync(path, "a".repeat(101));
  assert.equal(await reasonFor(path, 100), "has 101 bytes, and may have 100");
});

test("a NUL byte here and there is no other encoding: where it stands is the parser's to say", async (t) => {
  const path = join(newFolder(t), "kakehi.toml");
  for (const text of ["[log]\n# damaged\0 comment\n", "\0".repeat(100)]) {
    writeFileSync(path, text);
    assert.deepEqual(await readConfigurationText(path), { ok: true, value: text });
  }
});

test(
  "a file that may not be read is told so",
  { skip: process.getuid?.() === 0 && "root may read everything" },
  async (t) => {
    const path = join(newFolder(t), "kakehi.toml");
    writeFileSync(path, "[log]\n");
    chmodSync(path, 0);
    assert.equal(await reasonFor(path), "cannot be read: no permission");
  },
);

test("a file that is written while it is read is read again, and given up at last", async (t) => {
  const path = join(newFolder(t), "kakehi.toml");
  writeFileSync(path, "a = 1\n");
  const probe = await open(path);
  const handle = Object.getPrototypeOf(probe) as { read: (...args: unknown[]) => Promise<unknown> };
  await probe.close();
  const { read } = handle;
  let writes = 1;
  t.mock.method(handle, "read", async function (this: unknown, ...args: unknown[]) {
    if (writes-- > 0) appendFileSync(path, "b = 2\n");
    return read.apply(this, args);
  });
  const text = await readConfigurationText(path);
  assert.deepEqual(text, { ok: true, value: "a = 1\nb = 2\n" });
  writes = Number.POSITIVE_INFINITY;
  assert.match(await reasonFor(path), /^was written while it was read/);
  assert.ok(statSync(path).size < 1_000);
});
