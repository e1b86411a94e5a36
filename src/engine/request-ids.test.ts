import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../base/bytes.ts";
import { Prng } from "../base/prng.ts";
import { Head } from "../http/head.ts";
import { readRequestHead } from "../http1/read-head.ts";
import {
  CLIENT_REQUEST_ID_BYTES_MAX,
  createRequestIdLine,
  findClientRequestId,
  requestIdOf,
  RequestIds,
} from "./request-ids.ts";

function next(ids: RequestIds, timeMs: number): string {
  const line = createRequestIdLine();
  ids.next(timeMs, line);
  return requestIdOf(line);
}

test("ids are ULIDs: 26 characters that sort by time, and by order within a millisecond", () => {
  const ids = new RequestIds(new Prng(1));
  const all: string[] = [];
  for (let index = 0; index < 5_000; index++)
    all.push(next(ids, 1_700_000_000_000 + Math.floor(index / 1_000)));
  for (const id of all) assert.match(id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.deepEqual(all.toSorted(), all);
  assert.equal(new Set(all).size, all.length);
});

test("the first ten characters are the time", () => {
  assert.equal(next(new RequestIds(new Prng(1)), 1_469_918_176_385).slice(0, 10), "01ARYZ6S41");
});

test("workers with different seeds begin in different places", () => {
  assert.notEqual(next(new RequestIds(new Prng(1)), 0), next(new RequestIds(new Prng(2)), 0));
});

test("a client's id is kept if it is one token of bounded length", () => {
  const kept = (...values: readonly string[]): boolean => {
    const bytes = bytesOf(
      `GET / HTTP/1.1\r\nHost: a\r\n${values.map((value) => `X-Request-ID: ${value}\r\n`).join("")}\r\n`,
    );
    const head = new Head();
    assert.ok(readRequestHead(head, bytes, 0, bytes.length, 8_192) > 0);
    return findClientRequestId(head) !== -1;
  };
  assert.equal(kept("abc-123"), true);
  assert.equal(kept("a".repeat(CLIENT_REQUEST_ID_BYTES_MAX)), true);
  assert.equal(kept("a".repeat(CLIENT_REQUEST_ID_BYTES_MAX + 1)), false);
  assert.equal(kept("a b"), false);
  assert.equal(kept(""), false);
  assert.equal(kept("a", "b"), false);
  assert.equal(kept(), false);
});
