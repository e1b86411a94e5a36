import assert from "node:assert/strict";
import { test } from "node:test";
import { assertMatches } from "./match.ts";
import { parseTranscripts, type Transcript } from "./transcript.ts";

const block = (info: string, ...lines: string[]): string => ["```" + info, ...lines, "```", ""].join("\n");
const parse = (...blocks: string[]): Transcript[] =>
  parseTranscripts(`# Page\n\n## Case\n\nWhy.\n\n${blocks.join("\n")}`);

test("lines end with CRLF unless a backslash ends them, and escapes are single bytes", () => {
  const [transcript] = parse(block("client", "GET / HTTP/1.1", "X: a\\0\\x7f\\\\b", "", "{3 × ab}\\"));
  assert.deepEqual(transcript?.steps, [
    { kind: "client", bytes: "GET / HTTP/1.1\r\nX: a\0\x7f\\b\r\n\r\nababab" },
  ]);
});

test("a case with variants is one case for each, in all its blocks", () => {
  const transcripts = parse(
    block("client", "GET {}"),
    block("each", "one", "two"),
    block("outcome", "client: 400, end"),
  );
  assert.deepEqual(
    transcripts.map(({ name }) => name),
    ["Case: one", "Case: two"],
  );
  assert.deepEqual(transcripts[1]?.steps[0], { kind: "client", bytes: "GET two\r\n" });
});

test("a slip is refused: an unknown block, outcome, or deed", () => {
  for (const bad of [
    block("clients", "x"),
    block("outcome", "client: 400"),
    block("does", "client sleeps"),
  ]) {
    assert.throws(() => parse(bad), Error, bad);
  }
});

test("a message is held against its pattern: start line, fields, absent ones, trailers, content", () => {
  const [transcript] = parse(
    block("at-client", "HTTP/1.1 200 …", "X-A: b…", "- X-B", "+ X-Sum: 1", "", "body\\"),
  );
  const step = transcript!.steps[0]!;
  assert.ok(step.kind === "at-client");
  const message = (
    startLine: string,
    fields: [string, string][],
    trailers: [string, string][],
    body: string,
  ) => {
    return { head: { raw: "", startLine, fields }, trailers, body: Buffer.from(body) };
  };
  assertMatches(
    message(
      "HTTP/1.1 200 OK",
      [
        ["x-a", "bcd"],
        ["X-C", "1"],
      ],
      [["X-Sum", "1"]],
      "body",
    ),
    step.pattern,
  );
  const wrong = [
    message("HTTP/1.1 201 OK", [["X-A", "b"]], [["X-Sum", "1"]], "body"),
    message("HTTP/1.1 200 OK", [], [["X-Sum", "1"]], "body"),
    message(
      "HTTP/1.1 200 OK",
      [
        ["X-A", "b"],
        ["X-A", "b"],
      ],
      [["X-Sum", "1"]],
      "body",
    ),
    message("HTTP/1.1 200 OK", [["X-A", "c"]], [["X-Sum", "1"]], "body"),
    message(
      "HTTP/1.1 200 OK",
      [
        ["X-A", "b"],
        ["X-B", "1"],
      ],
      [["X-Sum", "1"]],
      "body",
    ),
    message("HTTP/1.1 200 OK", [["X-A", "b"]], [], "body"),
    message("HTTP/1.1 200 OK", [["X-A", "b"]], [["X-Sum", "1"]], "bodyx"),
  ];
  for (const each of wrong) assert.throws(() => assertMatches(each, step.pattern), assert.AssertionError);
});
