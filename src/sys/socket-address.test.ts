import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../base/address.ts";
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
