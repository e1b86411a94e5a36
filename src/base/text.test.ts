import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, decodeUtf8Leniently, encodeUtf8 } from "./text.ts";

test("text survives being written as UTF-8 and read back", () => {
  for (const text of ["", "plain", "筧 and é", "😀"]) assert.equal(decodeUtf8(encodeUtf8(text)), text);
});

test("bytes that are no UTF-8 have no text, but can be shown", () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    assert.equal(decodeUtf8(Uint8Array.from(bytes)), undefined);
  }
  assert.equal(decodeUtf8Leniently(Uint8Array.of(0x61, 0xff, 0x62)), "a\ufffdb");
});
