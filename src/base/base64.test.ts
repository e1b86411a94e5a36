import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBase64 } from "./base64.ts";

test("what an encoder wrote is read back, whatever the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      assert.deepEqual(decodeBase64(text), bytes);
      assert.deepEqual(decodeBase64(text.replaceAll("=", "")), bytes);
    }),
  );
});

test("what is no base64 is a defect", () => {
  for (const text of ["a b=", "ä===", "a-b_", "a=b="]) assert.throws(() => decodeBase64(text), /no base64/);
});
