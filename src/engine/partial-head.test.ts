import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, textOf } from "../base/bytes.ts";
import { Head } from "../http/head.ts";
import { readRequestHead } from "../http1/read-head.ts";
import { INCOMPLETE, violationOf } from "../http1/violations.ts";
import { PartialHead } from "./partial-head.ts";

const LIMITS = { headBytesMax: 200, targetBytesMax: 100 };
const HEAD = "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n";

/** Feeds `text` in pieces, as `memory` that is overwritten each time, as received buffers are. */
function feed(text: string, pieceBytes: number): { result: number; consumed: number; host: string } {
  const partial = new PartialHead();
  const head = new Head();
  const memory = new Uint8Array(1_024);
  for (let at = 0; at < text.length; at += pieceBytes) {
    const piece = bytesOf(text.slice(at, at + pieceBytes));
    memory.fill(0).set(piece, 16);
    const result = partial.read(readRequestHead, head, memory, 16, 16 + piece.length, LIMITS);
    if (result === INCOMPLETE) continue;
    const host = result > 0 ? textOf(head.bytes, head.authorityStart, head.authorityEnd) : "";
    return { result, consumed: at + result - 16, host };
  }
  return { result: INCOMPLETE, consumed: text.length, host: "" };
}

test("a head in pieces of any size is read as the whole, and what follows it is left", () => {
  for (let piece = 1; piece <= HEAD.length + 4; piece++) {
    const { consumed, host } = feed(`${HEAD}body`, piece);
    assert.equal(consumed, HEAD.length, `pieces of ${piece}`);
    assert.equal(host, "example.com");
  }
});

test("a head of exactly the limit is read; one byte more is too large, in pieces or whole", () => {
  const head = (bytes: number): string => {
    const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    return `${start}${"x".repeat(bytes - start.length - 4)}\r\n\r\n`;
  };
  for (const piece of [1, 7, 1_000]) {
    assert.equal(feed(head(200), piece).consumed, 200, `pieces of ${piece}`);
    const over = feed(head(201), piece).result;
    assert.ok(over < 0, `pieces of ${piece}`);
    assert.equal(violationOf(over).code, "H1_HEAD_TOO_LARGE");
  }
});

test("a line without end is refused at the limit, not kept", () => {
  const over = feed(`GET / HTTP/1.1\r\nX: ${"x".repeat(500)}`, 10).result;
  assert.equal(violationOf(over).code, "H1_HEAD_TOO_LARGE");
});

test("a violation is found as soon as its line has ended", () => {
  const { result, consumed } = feed(`GET / HTTP/1.1\r\nBad name: x\r\nHost: a\r\n\r\n`, 1);
  assert.equal(violationOf(result).code, "H1_BAD_FIELD_NAME");
  assert.ok(consumed < 30);
});
