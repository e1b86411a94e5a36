import assert from "node:assert/strict";
import { once } from "node:events";
import { Readable } from "node:stream";
import { test } from "node:test";
import { readAhead } from "./read-ahead.ts";

for (const flows of [false, true]) {
  test(`all that was read is copied, and is there to be taken (${flows ? "told to flow a moment ago" : "paused"})`, async () => {
    const stream = new Readable({ read: () => undefined });
    stream.pause();
    for (const piece of ["one ", "two ", "three"]) stream.push(piece);
    if (flows) stream.resume();
    assert.equal(readAhead(stream).toString(), "one two three");
    assert.equal(readAhead(stream).toString(), "one two three");
    const taken = once(stream, "data");
    stream.resume();
    assert.equal(String((await taken)[0]), "one two three");
  });
}

test("where nothing was read there is nothing", () => {
  assert.equal(readAhead(new Readable({ read: () => undefined })).length, 0);
});
