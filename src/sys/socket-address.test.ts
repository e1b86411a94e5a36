import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIp, parseAddress } from "../base/address.ts";
import { readSocketName, SOCKET_ADDRESS_BYTES, writeSocketAddress } from "./socket-address.ts";

test("an address that was written is read back", () => {
  const bytes = new Uint8Array(64).fill(0xff);
  for (const [text, ip, port, byteLength] of [
    ["127.0.0.1:80", "127.0.0.1", 80, 16],
    ["255.254.253.252:65535", "255.254.253.252", 65_535, 16],
    ["[2001:db8::1]:443", "2001:db8::1", 443, 28],
    ["[::]:0", "::", 0, 28],
  ] as const) {
    const address = parseAddress(text);
    assert.ok(address);
    assert.equal(writeSocketAddress(bytes, 8, address), byteLength);
    assert.deepEqual(readSocketName(bytes, 8), { ip, port });
    assert.equal(bytes[8 + SOCKET_ADDRESS_BYTES], 0xff);
  }
});

test("an address is not written where it does not fit", () => {
  const address = parseAddress("127.0.0.1:80");
  assert.ok(address);
  assert.throws(() => writeSocketAddress(new Uint8Array(27), 0, address), /no room/);
});

test("whatever the address, what was written is read back, and nothing beside it is touched", () => {
  const ip = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(ip, fc.integer({ min: 0, max: 65_535 }), fc.nat(20), (bytes, port, offset) => {
      const text = bytes.length === 4 ? `${formatIp(bytes)}:${port}` : `[${formatIp(bytes)}]:${port}`;
      const address = parseAddress(text);
      assert.ok(address, text);
      const memory = new Uint8Array(64).fill(0xaa);
      const length = writeSocketAddress(memory, offset, address);
      assert.equal(length, bytes.length === 4 ? 16 : 28);
      assert.deepEqual(readSocketName(memory, offset), { ip: formatIp(bytes), port });
      const outside = memory.filter((_, at) => at < offset || at >= offset + SOCKET_ADDRESS_BYTES);
      assert.ok(outside.every((byte) => byte === 0xaa));
    }),
  );
});

test("there is no place before the first byte, beyond the last, or at no number", () => {
  const address = parseAddress("127.0.0.1:80");
  assert.ok(address);
  for (const wrong of [-1, 37, 64, Number.NaN, Infinity]) {
    assert.throws(() => writeSocketAddress(new Uint8Array(64), wrong, address), /no room/, String(wrong));
  }
});
