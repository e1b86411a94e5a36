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
    [4_095, 2],
    [4_097, 0],
    [2 ** 32, 1],
    [-(2 ** 32), 2 ** 32],
    [Number.MAX_SAFE_INTEGER, 1],
    [0, Number.MAX_SAFE_INTEGER],
  ] as const) {
    assert.throws(() => region.value.addressOf(offset, length), /outside its region/, `${offset}, ${length}`);
  }
});

test("no address is made of what is no whole number", () => {
  const region = mapRegion(4_096);
  assert.ok(region.ok);
  for (const wrong of [Number.NaN, 0.5, -0.5, Infinity, -Infinity, undefined, null, "8", 8n]) {
    const none = wrong as number;
    assert.throws(() => region.value.addressOf(none, 1), /between bytes/, String(wrong));
    assert.throws(() => region.value.addressOf(1, none), /between bytes/, String(wrong));
  }
});

test("regions do not overlap, and what is written at one's end is not seen in another", () => {
  const regions = Array.from({ length: 16 }, () => {
    const region = mapRegion(4_096);
    assert.ok(region.ok);
    return region.value;
  });
  for (const [index, region] of regions.entries()) region.bytes.fill(index + 1);
  for (const [index, region] of regions.entries())
    assert.ok(region.bytes.every((byte) => byte === index + 1));
  const starts = regions.map((region) => region.addressOf(0, 4_096)).toSorted((a, b) => a - b);
  assert.ok(starts.every((start, index) => index === 0 || start - starts[index - 1]! >= 4_096));
});

test("a region of no bytes, or of no number of bytes, is a defect", () => {
  for (const wrong of [0, -1, -4_096, Number.NaN]) {
    assert.throws(() => mapRegion(wrong), /at least one byte/, String(wrong));
  }
});

test("what cannot be mapped is a fault with its reason", () => {
  const huge = mapRegion(2 ** 47);
  assert.equal(!huge.ok && huge.error.name, "ENOMEM");
  for (const beyond of [2 ** 52, 1e300, Infinity]) assert.equal(mapRegion(beyond).ok, false, String(beyond));
  const noDescriptor = mapDescriptor(1_000_000, 4_096, 0);
  assert.equal(!noDescriptor.ok && noDescriptor.error.name, "EBADF");
});

test("the scratch page is one page", () => {
  assert.equal(scratch.byteLength, 4_096);
});
