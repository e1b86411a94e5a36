import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Frame, FrameReader, frameText } from "./framing.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Every transcript is read whole, one byte at a time, and in pieces of seven; all must agree. */
function read(text: string | Uint8Array, frameBytesMax = 1_000): readonly Frame[] {
  const bytes = typeof text === "string" ? encode(text) : text;
  const whole = new FrameReader({ frameBytesMax }).push(bytes);
  for (const pieceBytes of [1, 7]) {
    const reader = new FrameReader({ frameBytesMax });
    const frames: Frame[] = [];
    for (let at = 0; at < bytes.length && frames.at(-1)?.kind !== "too-large"; at += pieceBytes) {
      frames.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
    }
    assert.deepEqual(frames, whole);
  }
  return whole;
}

const kinds = (frames: readonly Frame[]) => frames.map((frame) => frame.kind);
const idOf = (text: string) => read(`${text}\0`).map((frame) => frame.kind === "malformed" && frame.id);

test("two orders in one packet are two frames, in order", () => {
  const frames = read('{"id":"1"}\0{"id":"2"}\0');
  assert.deepEqual(
    frames.map((frame) => frame.kind === "object" && frame.value["id"]),
    ["1", "2"],
  );
});

test("an order without its zero byte is not a frame yet", () => {
  assert.deepEqual(read('{"id":"1"}'), []);
});

test("newlines around an order, and empty frames, are nothing", () => {
  assert.equal(read('\n\0 \n{"id":"1"}\n\0\n').length, 1);
});

test("what is no JSON object is malformed, and the next order is read", () => {
  for (const bad of ["{half", "[1]", "7", "null", '"text"', "{}}", "{'a':1}"]) {
    assert.deepEqual(kinds(read(`${bad}\0{"id":"2"}\0`)), ["malformed", "object"], bad);
  }
});

test("bytes that are no UTF-8 are malformed", () => {
  assert.deepEqual(kinds(read(Uint8Array.of(0xff, 0xfe, 0))), ["malformed"]);
});

test("a malformed frame gives the id where it can be read", () => {
  assert.deepEqual(idOf('{"id":"7","type":'), ["7"]);
  assert.deepEqual(idOf('{"type":"STATUS","data":{"id":"inner"},"id" : "a\\"b" oops'), ['a"b']);
  assert.deepEqual(read(Uint8Array.of(...encode('{"id":"8","x":"'), 0xff, 0)), [
    { kind: "malformed", code: "BAD_FRAME", reason: "not UTF-8", id: "8" },
  ]);
});

test("a malformed frame gives no id where there is none to trust", () => {
  for (const bad of [
    "{half",
    '[{"id":"1"}]',
    '{"id":7,',
    '{"id":"",',
    '{"data":{"id":"1"},',
    '{"id":"cut',
    '"id":"1"',
  ]) {
    assert.deepEqual(idOf(bad), [null], bad);
  }
  assert.deepEqual(idOf(`{"id":"${"x".repeat(257)}",`), [null]);
  assert.deepEqual(read(Uint8Array.of(...encode('{"id":"'), 0xff, ...encode('"}'), 0)), [
    { kind: "malformed", code: "BAD_FRAME", reason: "not UTF-8", id: null },
  ]);
});

test("looking for an id in a hostile frame takes no time to speak of", () => {
  for (const bad of ['"\\'.repeat(500_000), '{"'.repeat(500_000), '{"id":'.repeat(200_000)]) {
    assert.deepEqual(kinds(readWhole(`${bad}\0`)), ["malformed"]);
  }
});

test("nesting of any depth is read or malformed, and the next order is read", () => {
  const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  for (const text of [deep, "[".repeat(1_000_000), '{"a":'.repeat(200_000)]) {
    assert.equal(kinds(readWhole(`${text}\0{"id":"2"}\0`)).at(-1), "object");
  }
});

test("a frame of exactly the limit is read; one byte more is too large, ended or not", () => {
  const object = (bytes: number) => `{"a":"${"x".repeat(bytes - 8)}"}`;
  assert.deepEqual(kinds(read(`${object(100)}\0`, 100)), ["object"]);
  assert.deepEqual(kinds(read(`${object(101)}\0`, 100)), ["too-large"]);
  assert.deepEqual(kinds(read("x".repeat(101), 100)), ["too-large"]);
});

test("frames are read one at a time where they are asked for so, and what is left is known", () => {
  const reader = new FrameReader();
  reader.give(encode('{"id":"1"}\0\n\0{\0{"id":"2"'));
  assert.deepEqual(reader.next(), { kind: "object", value: { id: "1" } });
  assert.equal(reader.isSpent, false);
  assert.throws(() => reader.give(encode("{}")), /before the last ones were read/);
  assert.equal(reader.next()?.kind, "malformed");
  assert.equal(reader.next(), undefined);
  assert.equal(reader.isSpent, true);
  reader.give(encode("}\0"));
  assert.deepEqual(reader.next(), { kind: "object", value: { id: "2" } });
});

test("frames before the one that is too large are still given", () => {
  assert.deepEqual(kinds(read(`{"id":"1"}\0${"x".repeat(60)}`, 50)), ["object", "too-large"]);
});

test("what is written is read back, whole and byte by byte", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }), (objects) => {
      const values = objects.map((object) => JSON.parse(JSON.stringify(object)) as object);
      const bytes = encode(values.map(frameText).join(""));
      assert.deepEqual(
        read(bytes, 100_000),
        values.map((value) => ({ kind: "object", value })),
      );
    }),
  );
});

test("random bytes give frames and never throw, whole and byte by byte", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom("\0", '{"id":"', '"', "{", "}", ",", "\\").map(encode),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(pieces, (parts) => void read(Uint8Array.from(parts.flatMap((part) => [...part])), 100)),
  );
});

/** For frames that are too long to be read byte by byte. */
function readWhole(text: string): readonly Frame[] {
  return new FrameReader().push(encode(text));
}

test("what is unread goes on in another reader, wherever the first one was left", () => {
  const text = '{"id":"1"}\0{"id":"2"}\0{"id":"3"';
  for (let frames = 0; frames <= 2; frames++) {
    for (let cut = 1; cut < text.length; cut++) {
      const first = new FrameReader();
      const read = [...first.push(encode(text.slice(0, cut)))];
      first.give(encode(text.slice(cut)));
      for (let count = read.length; count < frames; count++) read.push(first.next()!);
      const second = new FrameReader();
      const rest = [...second.push(first.unread()), ...second.push(encode("}\0"))];
      assert.deepEqual(
        [...read, ...rest].map((frame) => frame?.kind === "object" && frame.value["id"]),
        ["1", "2", "3"],
      );
    }
  }
});
