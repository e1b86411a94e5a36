import assert from "node:assert/strict";
import { ftruncateSync, readSync, writeSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { closeDescriptor, duplicateDescriptor } from "./descriptor.ts";
import { openMemoryFile, sealMemoryFile } from "./memory-file.ts";

function open(t: TestContext, name: string): number {
  const file = openMemoryFile(name);
  assert.ok(file.ok);
  t.after(() => closeDescriptor(file.value));
  return file.value;
}

test("what is written to a memory file is read by another descriptor of it", (t) => {
  const fd = open(t, "state");
  const text = "x".repeat(3_000_000);
  assert.equal(writeSync(fd, text, 0), text.length);
  const other = duplicateDescriptor(fd);
  assert.ok(other.ok);
  const bytes = Buffer.alloc(text.length + 1);
  assert.equal(readSync(other.value, bytes, 0, bytes.length, 0), text.length);
  assert.equal(bytes.toString("latin1", 0, text.length), text);
  closeDescriptor(other.value);
});

test("a sealed file can be read, and neither written, cut, grown, nor sealed again", (t) => {
  const fd = open(t, "sealed");
  writeSync(fd, "all", 0);
  assert.ok(sealMemoryFile(fd).ok);
  for (const change of [() => writeSync(fd, "!", 0), () => ftruncateSync(fd, 1), () => ftruncateSync(fd, 9)])
    assert.throws(change, { code: "EPERM" });
  const again = sealMemoryFile(fd);
  assert.equal(!again.ok && again.error.name, "EPERM");
  assert.equal(readSync(fd, Buffer.alloc(9), 0, 9, 0), 3);
});

test("to seal what is no memory file is a fault, and a name that is too long a defect", () => {
  const sealed = sealMemoryFile(0);
  assert.ok(!sealed.ok);
  assert.throws(() => openMemoryFile("n".repeat(250)), /too long/);
});
