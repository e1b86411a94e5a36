import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../base/bytes.ts";
import { FRAMING, type Framing } from "../http/head.ts";
import { BODY, BodyReader, CHUNK_LINE_BYTES_MAX, TRAILER_BYTES_MAX } from "./body-reader.ts";
import { violationOf } from "./violations.ts";

interface Outcome {
  readonly end: string;
  readonly data: string;
  readonly rest: string;
  readonly trailers: string | undefined;
}

interface Body {
  readonly framing: Framing;
  readonly length?: number;
  readonly bytesMax?: number;
}

/** Reads `text` cut into pieces of `pieceBytes`. */
function readIn(pieceBytes: number, text: string, body: Body): Outcome {
  const reader = new BodyReader();
  reader.start(body.framing, body.length ?? 0, body.bytesMax ?? Number.MAX_SAFE_INTEGER);
  const bytes = bytesOf(text);
  let data = "";
  let at = 0;
  for (let end = Math.min(pieceBytes, bytes.length); ; end = Math.min(end + pieceBytes, bytes.length)) {
    for (;;) {
      const event = reader.next(bytes, at, end);
      at = reader.position;
      if (event === BODY.data) data += textOf(bytes, reader.dataStart, reader.dataEnd);
      else if (event < 0) return { end: violationOf(event).code, data, rest: "", trailers: undefined };
      else break;
    }
    if (reader.isDone || end === bytes.length) break;
  }
  const trailers = reader.trailers;
  return {
    end: reader.isDone ? "end" : "more",
    data,
    rest: textOf(bytes, at),
    trailers: trailers === undefined ? undefined : textOf(trailers),
  };
}

function read(text: string, body: Body): Outcome {
  const whole = readIn(text.length + 1, text, body);
  assert.deepEqual(readIn(1, text, body), whole, `byte by byte: ${JSON.stringify(text)}`);
  return whole;
}

const CHUNKED: Body = { framing: FRAMING.chunked };

test("no body ends at once and takes nothing", () => {
  assert.deepEqual(read("next", { framing: FRAMING.none }), {
    end: "end",
    data: "",
    rest: "next",
    trailers: undefined,
  });
});

test("a length takes its bytes and leaves the next message", () => {
  assert.deepEqual(read("hellonext", { framing: FRAMING.length, length: 5 }), {
    end: "end",
    data: "hello",
    rest: "next",
    trailers: undefined,
  });
  assert.equal(read("hel", { framing: FRAMING.length, length: 5 }).end, "more");
});

test("a body until close takes everything and never ends by itself", () => {
  assert.deepEqual(read("abc", { framing: FRAMING.untilClose }), {
    end: "more",
    data: "abc",
    rest: "",
    trailers: undefined,
  });
});

test("chunks give their data, with extensions ignored, and leave the next message", () => {
  const text = '5\r\nhello\r\n1;a="b"\r\n \r\n00a\r\n0123456789\r\n0\r\n\r\nnext';
  assert.deepEqual(read(text, CHUNKED), {
    end: "end",
    data: "hello 0123456789",
    rest: "next",
    trailers: undefined,
  });
});

test("trailers are kept as they came, with their empty line", () => {
  assert.equal(read("0\r\nA: b\r\nC: d\r\n\r\n", CHUNKED).trailers, "A: b\r\nC: d\r\n\r\n");
});

const WRONG: readonly (readonly [string, string])[] = [
  ["\r\n", "H1_BAD_CHUNK_SIZE"],
  ["g\r\n", "H1_BAD_CHUNK_SIZE"],
  ["0x5\r\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["+5\r\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["-1\r\n", "H1_BAD_CHUNK_SIZE"],
  [" 5\r\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["5 \r\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["5\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["5\rhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["5;a\nb\r\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["5;a\0\r\nhello\r\n", "H1_BAD_CHUNK_SIZE"],
  ["123456789abc\r\n", "H1_BAD_CHUNK_SIZE"],
  [`5;${"a".repeat(CHUNK_LINE_BYTES_MAX + 1)}\r\nhello\r\n`, "H1_CHUNK_LINE_TOO_LONG"],
  ["5\r\nhello0\r\n\r\n", "H1_BAD_CHUNK_END"],
  ["5\r\nhello\n0\r\n\r\n", "H1_BAD_CHUNK_END"],
  ["5\r\nhello\rx0\r\n\r\n", "H1_BAD_CHUNK_END"],
  [`0\r\nA: ${"b".repeat(TRAILER_BYTES_MAX)}\r\n\r\n`, "H1_TRAILERS_TOO_LARGE"],
];

for (const [text, code] of WRONG) {
  test(`the chunked body ${JSON.stringify(text.slice(0, 40))} is ${code}`, () => {
    assert.equal(read(text, CHUNKED).end, code);
  });
}

test("a chunked body beyond bodyBytesMax is too large before its data is taken", () => {
  const outcome = read("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", { framing: FRAMING.chunked, bytesMax: 10 });
  assert.equal(outcome.end, "H1_CONTENT_TOO_LARGE");
  assert.equal(outcome.data, "hello");
  assert.equal(
    read("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", { framing: FRAMING.chunked, bytesMax: 10 }).end,
    "end",
  );
});

test("however chunks are made and cut, the data is what was put in", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, unit: "binary-ascii" })), fc.nat(20), (chunks, piece) => {
      const text = `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;
      const outcome = readIn(piece + 1, text, CHUNKED);
      assert.deepEqual(outcome, { end: "end", data: chunks.join(""), rest: "", trailers: undefined });
    }),
  );
});

test("whatever the bytes, reading ends in an event or a violation, the same for every cut", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("0", "5", "a", ";", "\r", "\n", "x", ":", "g") }),
      (text) => {
        read(text, CHUNKED);
      },
    ),
  );
});
