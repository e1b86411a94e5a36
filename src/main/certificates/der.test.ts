import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import {
  writeBitString,
  writeInteger,
  writeObjectId,
  writeOctetString,
  writeSequence,
  writeTime,
  writeTrue,
  writeUtf8String,
} from "./der.ts";

/** What openssl reads of it, a line for each value. */
function read(der: Buffer): string[] {
  const text = execFileSync("openssl", ["asn1parse", "-inform", "DER"], { input: der, encoding: "utf8" });
  return text
    .trim()
    .split("\n")
    .map((line) =>
      line
        .replace(/^.*?(prim|cons):\s*/, "")
        .replaceAll(/\s+/g, " ")
        .trim(),
    );
}

test("values are read by openssl as they were meant", () => {
  const der = writeSequence(
    writeTrue(),
    writeObjectId("1.2.840.10045.2.1"),
    writeUtf8String("Kakehi 筧"),
    writeTime(Date.UTC(2049, 11, 31, 23, 59, 59)),
    writeTime(Date.UTC(2050, 0, 1)),
    writeOctetString(Uint8Array.of(1, 2)),
    writeBitString(Uint8Array.of(1, 2)),
  );
  assert.deepEqual(read(der).slice(1), [
    "BOOLEAN :255",
    "OBJECT :id-ecPublicKey",
    "UTF8STRING :Kakehi 筧",
    "UTCTIME :491231235959Z",
    "GENERALIZEDTIME :20500101000000Z",
    "OCTET STRING [HEX DUMP]:0102",
    "BIT STRING",
  ]);
});

test("integers have no more bytes than they need, and are never negative", () => {
  const hex = (...bytes: number[]): string => writeInteger(Uint8Array.from(bytes)).toString("hex");
  assert.equal(hex(0, 0), "020100");
  assert.equal(hex(0, 0x7f), "02017f");
  assert.equal(hex(0x80), "02020080");
  assert.equal(hex(0, 0, 1, 0), "02020100");
});

test("lengths are written short up to 127 bytes, and long from 128 on", () => {
  const head = (length: number): string =>
    writeOctetString(new Uint8Array(length)).subarray(0, -length).toString("hex");
  assert.equal(head(127), "047f");
  assert.equal(head(128), "048180");
  assert.equal(head(65_536), "0483010000");
});

test("a year that needs more than four digits, or lies before 1950, is a defect of ours", () => {
  assert.throws(() => writeTime(Date.UTC(1949, 0, 1)), /a year/);
});
