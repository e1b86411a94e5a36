import assert from "node:assert/strict";
import { test } from "node:test";
import { mapDescriptor, mapRegion, scratch } from "./arena.ts";

test("a region is zeroed, rounded up to pages, and seen as bytes and as words", () => {
  const region = mapRegion(5_000);
  assert.ok(region.ok);
  assert.equal(region.value.byteLength, 8_192);
  assert.ok(region.value.bytes.every((byte) => byte === 0));
  region.value.words[1] = 0x04030201;
  assert.deepEqual([...region.value.bytes.subarray(4, 8)], [1, 2, 3, 4]);
});

test("a region as large as a limit allows costs nothing until it is touched", () => {
  const before = process.memoryUsage.rss();
  const region = mapRegion(1_073_741_824);
  assert.ok(region.ok);
  region.value.bytes[1_073_741_823] = 7;
  assert.ok(process.memoryUsage.rss() - before < 100_000_000);
});

test("no address is made outside a region", () => {
  const region = mapRegion(4_096);
  assert.ok(region.ok);
  const first = region.value.addressOf(0, 4_096);
  assert.equal(region.value.addressOf(10, 0), first + 10);
  for (const [offset, length] of [
    [-1, 1],
    [0, 4_097],
    [4_096, 1],
    [0, -1],
    [Number.NaN, 1],
    [0, Number.NaN],
  ] as const) {
    assert.throws(() => region.value.addressOf(offset, length), /outside its region/, `${offset}, ${length}`);
  }
});

test("what cannot be mapped is a fault with its reason", () => {
  const huge = mapRegion(2 ** 47);
  assert.equal(!huge.ok && huge.error.name, "ENOMEM");
  const noDescriptor = mapDescriptor(1_000_000, 4_096, 0);
  assert.equal(!noDescriptor.ok && noDescriptor.error.name, "EBADF");
});

test("the scratch page is one page", () => {
  assert.equal(scratch.byteLength, 4_096);
});
