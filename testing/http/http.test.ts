import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedMessage } from "./head.ts";
import { type Request, RequestReader } from "./request.ts";
import { type Response, ResponseReader } from "./response.ts";

/** Reads whole and byte by byte; both must agree. `end`: the connection ends after it. */
function readResponses(text: string, methods: readonly string[], ends = false): Response[] {
  const runs = [text.length, 1].map((pieceBytes) => {
    const responses: Response[] = [];
    const reader = new ResponseReader(
      { response: (response) => void responses.push(response) },
      () => methods[responses.length],
    );
    for (let at = 0; at < text.length; at += pieceBytes)
      reader.push(Buffer.from(text.slice(at, at + pieceBytes), "latin1"));
    if (ends) reader.end();
    return responses;
  });
  assert.deepEqual(runs[1], runs[0]);
  return runs[0]!;
}

function readRequests(text: string): Request[] {
  const runs = [text.length, 1].map((pieceBytes) => {
    const requests: Request[] = [];
    const reader = new RequestReader({ request: (request) => void requests.push(request) });
    for (let at = 0; at < text.length; at += pieceBytes)
      reader.push(Buffer.from(text.slice(at, at + pieceBytes), "latin1"));
    return requests;
  });
  assert.deepEqual(runs[1], runs[0]);
  return runs[0]!;
}

test("responses of every framing are read, with what came before and behind them", () => {
  const text =
    "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" +
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 3\r\n\r\n" +
    "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end";
  const responses = readResponses(text, ["GET", "GET", "GET", "HEAD", "GET"], true);
  assert.deepEqual(
    responses.map(({ status, body, closes }) => [status, body.toString(), closes]),
    [
      [200, "ok", false],
      [200, "abc", false],
      [204, "", false],
      [200, "", false],
      [200, "to the end", true],
    ],
  );
  assert.deepEqual(
    responses[0]!.interim.map(({ head }) => head.startLine),
    ["HTTP/1.1 103 Early Hints"],
  );
  assert.deepEqual(responses[1]!.trailers, [["X-Sum", "3"]]);
});

test("a response says that the connection ends by its field, its version, or its lack of framing", () => {
  const closes = (head: string): boolean =>
    readResponses(`${head}Content-Length: 0\r\n\r\n`, ["GET"])[0]!.closes;
  assert.equal(closes("HTTP/1.1 200 OK\r\n"), false);
  assert.equal(closes("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n"), true);
  assert.equal(closes("HTTP/1.0 200 OK\r\n"), true);
  assert.equal(closes("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"), false);
});

const BAD_RESPONSES: readonly string[] = [
  "HTTP/1.1 2000 OK\r\n\r\n",
  "HTTP/2.0 200 OK\r\n\r\n",
  "HTTP/1.1 200\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n",
  "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX-A: a\nb\r\n\r\n",
  "HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
  "HTTP/1.1 204 OK\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno field\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
];

for (const text of BAD_RESPONSES) {
  test(`no response: ${JSON.stringify(text)}`, () => {
    assert.throws(() => readResponses(text, ["GET"]), MalformedMessage);
  });
}

test("a body that ends early is no body", () => {
  for (const text of [
    "Content-Length: 5\r\n\r\nabcd",
    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    "X-Head: is cut",
  ]) {
    assert.throws(() => readResponses(`HTTP/1.1 200 OK\r\n${text}`, ["GET"], true), MalformedMessage, text);
  }
});

test("requests are read one behind another, and what is none is refused", () => {
  const requests = readRequests(
    "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nokGET /c HTTP/1.0\r\n\r\n",
  );
  assert.deepEqual(
    requests.map(({ method, target, body }) => `${method} ${target} ${body.toString()}`),
    ["GET /a ", "POST /b ok", "GET /c "],
  );
  for (const line of [
    "GET  / HTTP/1.1",
    "GET / HTTP/2.0",
    "GET /\x80 HTTP/1.1",
    " GET / HTTP/1.1",
    "hello",
  ]) {
    assert.throws(() => readRequests(`${line}\r\n\r\n`), MalformedMessage, line);
  }
});
