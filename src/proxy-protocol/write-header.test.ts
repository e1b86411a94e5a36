import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, addressOf, parseAddress, unmapped } from "../base/address.ts";
import { textOf } from "../base/bytes.ts";
import type { ProxyProtocolVersion } from "../model/objects.ts";
import type { ProxyAddresses } from "./header.ts";
import { readProxyHeader } from "./read-header.ts";
import { WRITTEN_BYTES_MAX, writeProxyHeader } from "./write-header.ts";

const VERSIONS: readonly ProxyProtocolVersion[] = ["v1", "v2"];

function written(version: ProxyProtocolVersion, addresses: ProxyAddresses | undefined): Uint8Array {
  const target = new Uint8Array(WRITTEN_BYTES_MAX + 10).fill(0x7e);
  const end = writeProxyHeader(target, 5, version, addresses);
  assert.ok(end - 5 <= WRITTEN_BYTES_MAX);
  assert.ok(
    target.subarray(end).every((byte) => byte === 0x7e),
    "writes behind its end",
  );
  return target.slice(5, end);
}

function addresses(source: string, destination: string): ProxyAddresses {
  return { source: parseAddress(source)!, destination: parseAddress(destination)! };
}

test("version 1 is one line in the family that both addresses have", () => {
  const line = (source: string, destination: string): string =>
    textOf(written("v1", addresses(source, destination)));
  assert.equal(
    line("192.0.2.7:40000", "198.51.100.1:443"),
    "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n",
  );
  assert.equal(line("[2001:db8::1]:1", "[::1]:2"), "PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
  assert.equal(line("192.0.2.7:1", "[::1]:2"), "PROXY TCP6 ::ffff:c000:207 ::1 1 2\r\n");
  assert.equal(line("[::ffff:192.0.2.7]:1", "127.0.0.1:2"), "PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n");
});

test("version 2 is the signature, the command, the family, the length and both addresses", () => {
  const bytes = Buffer.from(written("v2", addresses("192.0.2.7:40000", "198.51.100.1:443")));
  assert.equal(bytes.toString("hex"), "0d0a0d0a000d0a515549540a2111000cc0000207c63364019c4001bb");
  const longer = Buffer.from(written("v2", addresses("[::1]:1", "[::2]:2")));
  const [one, two] = [1, 2].map((last) => `${"00".repeat(15)}0${last}`);
  assert.equal(longer.toString("hex"), `0d0a0d0a000d0a515549540a21210024${one}${two}00010002`);
});

test("without addresses, version 1 says UNKNOWN and version 2 says LOCAL", () => {
  assert.equal(textOf(written("v1", undefined)), "PROXY UNKNOWN\r\n");
  assert.equal(Buffer.from(written("v2", undefined)).toString("hex"), "0d0a0d0a000d0a515549540a20000000");
});

test("what is written is read as the same, in both versions and all mixtures of families", () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const ip = (bytes: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes });
  const zeros = fc.constant(new Uint8Array(16));
  const address: fc.Arbitrary<Address> = fc
    .tuple(fc.oneof(ip(4), ip(16), zeros), port)
    .map(([bytes, number]) => unmapped(addressOf(bytes, number)));
  const pair = fc.tuple(address, address).map(([source, destination]) => ({ source, destination }));
  const both = fc.option(pair, { nil: undefined });
  fc.assert(
    fc.property(fc.constantFrom(...VERSIONS), both, (version, wanted) => {
      const bytes = written(version, wanted);
      const result = readProxyHeader(bytes, 0, bytes.length);
      assert.deepEqual(result, { kind: "header", end: bytes.length, addresses: wanted });
    }),
  );
});
