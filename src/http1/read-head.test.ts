import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, textOf } from "../base/bytes.ts";
import { FRAMING, Head } from "../http/head.ts";
import { EMPTY_LINES_MAX, readRequestHead, readResponseHead, TARGET_BYTES_MAX_DEFAULT } from "./read-head.ts";
import { INCOMPLETE, violationOf } from "./violations.ts";

const OK = "Host: example.com\r\n";

interface Outcome {
  readonly code: string;
  readonly head: Head;
}

/**
 * Reads a head whole and with every shorter beginning; a beginning may be incomplete or wrong, never right.
 */
function read(
  text: string,
  reader: (head: Head, bytes: Uint8Array, start: number, end: number) => number,
): Outcome {
  const bytes = bytesOf(text);
  const head = new Head();
  const whole = reader(head, bytes, 0, bytes.length);
  for (let end = 0; end < (whole > 0 ? whole : bytes.length); end++) {
    const early = reader(new Head(), bytes, 0, end);
    if (whole > 0) assert.equal(early, INCOMPLETE, `${JSON.stringify(text)} up to ${end}`);
    else assert.ok(early === INCOMPLETE || early === whole, `${JSON.stringify(text)} up to ${end}`);
  }
  return { code: whole > 0 ? "ok" : whole === INCOMPLETE ? "incomplete" : violationOf(whole).code, head };
}

function request(text: string): Outcome {
  return read(text, (head, bytes, start, end) =>
    readRequestHead(head, bytes, start, end, TARGET_BYTES_MAX_DEFAULT),
  );
}

function response(text: string): Outcome {
  return read(text, readResponseHead);
}

test("a request gives views on its method, path, query, host and fields", () => {
  const { code, head } = request(
    "GET /a/b?c=d HTTP/1.1\r\nHost: Example.com:8080\r\nAccept:  text/html \t\r\n\r\n",
  );
  assert.equal(code, "ok");
  const text = (start: number, end: number): string => textOf(head.bytes, start, end);
  assert.equal(text(head.methodStart, head.methodEnd), "GET");
  assert.equal(text(head.pathStart, head.pathEnd), "/a/b");
  assert.equal(text(head.queryStart, head.targetEnd), "?c=d");
  assert.equal(text(head.authorityStart, head.hostEnd), "Example.com");
  assert.equal(text(head.hostEnd, head.authorityEnd), ":8080");
  assert.equal(text(head.valueStart[1]!, head.valueEnd[1]!), "text/html");
  assert.equal(head.fieldCount, 2);
});

test("an absolute target gives its path, and has to name the Host", () => {
  const { head } = request("GET http://Example.com/a?b HTTP/1.1\r\nHost: example.com\r\n\r\n");
  assert.equal(textOf(head.bytes, head.pathStart, head.pathEnd), "/a");
  const bare = request("GET http://example.com?b HTTP/1.1\r\nHost: example.com\r\n\r\n").head;
  assert.equal(textOf(bare.bytes, bare.pathStart, bare.pathEnd), "/");
  assert.equal(textOf(bare.bytes, bare.queryStart, bare.targetEnd), "?b");
  assert.equal(request("GET http://other.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n").code, "H1_BAD_HOST");
});

test("as many empty lines as the limit are skipped before a request; one more is no method", () => {
  const { code, head } = request(`${"\r\n".repeat(EMPTY_LINES_MAX)}GET / HTTP/1.1\r\n${OK}\r\n`);
  assert.equal(code, "ok");
  assert.equal(textOf(head.bytes, head.methodStart, head.methodEnd), "GET");
  const more = request(`${"\r\n".repeat(EMPTY_LINES_MAX + 1)}GET / HTTP/1.1\r\n${OK}\r\n`);
  assert.equal(more.code, "H1_BAD_METHOD");
});

test("OPTIONS of no path is about the server, and is routed by the path /", () => {
  for (const target of ["*", "http://example.com", "http://EXAMPLE.com"]) {
    const { head } = request(`OPTIONS ${target} HTTP/1.1\r\n${OK}\r\n`);
    assert.equal(head.isAboutServer, true, target);
    assert.equal(textOf(head.bytes, head.pathStart, head.pathEnd), "/");
    assert.equal(textOf(head.bytes, head.queryStart, head.targetEnd), "");
  }
  const others = [
    "OPTIONS /",
    "OPTIONS http://example.com/",
    "OPTIONS http://example.com?a",
    "GET http://example.com",
  ];
  for (const line of others)
    assert.equal(request(`${line} HTTP/1.1\r\n${OK}\r\n`).head.isAboutServer, false, line);
});

test("a head that is read again forgets that the last one was about the server", () => {
  const head = new Head();
  for (const [target, isAboutServer] of [
    ["*", true],
    ["/", false],
  ] as const) {
    const bytes = bytesOf(`OPTIONS ${target} HTTP/1.1\r\n${OK}\r\n`);
    assert.ok(readRequestHead(head, bytes, 0, bytes.length, TARGET_BYTES_MAX_DEFAULT) > 0);
    assert.equal(head.isAboutServer, isAboutServer);
  }
});

const REQUESTS: readonly (readonly [string, string])[] = [
  [`POST / HTTP/1.1\r\n${OK}Content-Length: 5\r\n\r\n`, "ok"],
  [`POST / HTTP/1.1\r\n${OK}Transfer-Encoding: chunked\r\n\r\n`, "ok"],
  ["GET / HTTP/1.0\r\n\r\n", "ok"],
  ["OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "ok"],
  ["GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "ok"],
  ["GET / HTTP/1.1\r\nHost: a_b.example.\r\n\r\n", "ok"],
  [`\nGET / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_METHOD"],
  [`\rGET / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_METHOD"],
  [`\r\n\nGET / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_METHOD"],
  [`G@T / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_METHOD"],
  [` GET / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_METHOD"],
  [`${"M".repeat(33)} / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_METHOD"],
  [`GET  / HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`GET a HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`GET * HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`GET /\x7f HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`GET /\xe9 HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`GET /#a HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`CONNECT example.com:443 HTTP/1.1\r\n${OK}\r\n`, "H1_BAD_TARGET"],
  [`GET /${"a".repeat(TARGET_BYTES_MAX_DEFAULT)} HTTP/1.1\r\n${OK}\r\n`, "H1_TARGET_TOO_LONG"],
  [`GET / HTTP/1.1 \r\n${OK}\r\n`, "H1_BAD_VERSION"],
  [`GET / HTTP/1.x\r\n${OK}\r\n`, "H1_BAD_VERSION"],
  [`GET / http/1.1\r\n${OK}\r\n`, "H1_BAD_VERSION"],
  ["GET /\r\n\r\n", "H1_BAD_TARGET"],
  [`GET / HTTP/1.2\r\n${OK}\r\n`, "H1_UNSUPPORTED_VERSION"],
  [`GET / HTTP/2.0\r\n${OK}\r\n`, "H1_UNSUPPORTED_VERSION"],
  [`GET / HTTP/1.1\n${OK}\r\n`, "H1_BAD_LINE_END"],
  [`GET / HTTP/1.1\r${OK}\r\n`, "H1_BAD_LINE_END"],
  ["GET / HTTP/1.1\r\nHost: a\n\r\n", "H1_BAD_LINE_END"],
  ["GET / HTTP/1.1\r\nHost: a\rb: c\r\n\r\n", "H1_BAD_LINE_END"],
  ["GET / HTTP/1.1\r\nHost: a\r\n\rx", "H1_BAD_LINE_END"],
  [`GET / HTTP/1.1\r\n${OK}A : b\r\n\r\n`, "H1_BAD_FIELD_NAME"],
  [`GET / HTTP/1.1\r\n${OK}: b\r\n\r\n`, "H1_BAD_FIELD_NAME"],
  [`GET / HTTP/1.1\r\n${OK}A\r\n\r\n`, "H1_BAD_LINE_END"],
  [`GET / HTTP/1.1\r\n${OK}A(b): c\r\n\r\n`, "H1_BAD_FIELD_NAME"],
  [`GET / HTTP/1.1\r\n${OK}A: b\0c\r\n\r\n`, "H1_BAD_FIELD_VALUE"],
  [`GET / HTTP/1.1\r\n${OK}A: b\x7f\r\n\r\n`, "H1_BAD_FIELD_VALUE"],
  [`GET / HTTP/1.1\r\n${OK}A: b\r\n c\r\n\r\n`, "H1_FOLDED_LINE"],
  [`GET / HTTP/1.1\r\n A: b\r\n${OK}\r\n`, "H1_FOLDED_LINE"],
  [`GET / HTTP/1.1\r\n${OK}${"A: b\r\n".repeat(128)}\r\n`, "H1_TOO_MANY_FIELDS"],
  ["GET / HTTP/1.1\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost:\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: a..\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: .a\r\n\r\n", "H1_BAD_HOST"],
  ["GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "H1_BAD_HOST"],
  [`GET / HTTP/1.1\r\nHost: ${"a".repeat(260)}\r\n\r\n`, "H1_BAD_HOST"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: 5, 5\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: +5\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: -5\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: 0x5\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length:\r\n\r\n`, "H1_BAD_CONTENT_LENGTH"],
  [`POST / HTTP/1.1\r\n${OK}Content-Length: ${"9".repeat(16)}\r\n\r\n`, "H1_CONTENT_TOO_LARGE"],
  [`POST / HTTP/1.1\r\n${OK}Transfer-Encoding: gzip\r\n\r\n`, "H1_BAD_TRANSFER_ENCODING"],
  [`POST / HTTP/1.1\r\n${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, "H1_BAD_TRANSFER_ENCODING"],
  [`POST / HTTP/1.1\r\n${OK}Transfer-Encoding: xchunked\r\n\r\n`, "H1_BAD_TRANSFER_ENCODING"],
  [
    `POST / HTTP/1.1\r\n${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
    "H1_BAD_TRANSFER_ENCODING",
  ],
  [`POST / HTTP/1.1\r\n${OK}Transfer-Encoding: "chunked"\r\n\r\n`, "H1_BAD_TRANSFER_ENCODING"],
  [
    `POST / HTTP/1.1\r\n${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
    "H1_LENGTH_AND_CHUNKED",
  ],
  ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "H1_CHUNKED_IN_1_0"],
  [`GET / HTTP/1.1\r\n${OK}Connection: a b\r\n\r\n`, "H1_BAD_CONNECTION"],
  [`GET / HTTP/1.1\r\n${OK}Connection: "close"\r\n\r\n`, "H1_BAD_CONNECTION"],
];

for (const [text, code] of REQUESTS) {
  test(`${JSON.stringify(text.slice(0, 70))} is ${code}`, () => {
    assert.equal(request(text).code, code);
  });
}

test("framing and persistence are read from the fields", () => {
  const head = (lines: string, version = "1.1"): Head =>
    request(`POST / HTTP/${version}\r\nHost: a\r\n${lines}\r\n`).head;
  assert.equal(head("").framing, FRAMING.none);
  assert.equal(head("Content-Length: 12\r\n").contentLength, 12);
  assert.equal(head("transfer-ENCODING: Chunked\r\n").framing, FRAMING.chunked);
  assert.equal(head("").keepsAlive, true);
  assert.equal(head("Connection: foo, Close\r\n").keepsAlive, false);
  assert.equal(head("Connection: keep-alive\r\nConnection: close\r\n").keepsAlive, false);
  assert.equal(head("", "1.0").keepsAlive, false);
  assert.equal(head("Connection: Keep-Alive\r\n", "1.0").keepsAlive, true);
  assert.equal(head("Upgrade: websocket\r\n").upgradeField, -1);
  assert.equal(head("Upgrade: websocket\r\nConnection: upgrade\r\n").upgradeField, 1);
});

const RESPONSES: readonly (readonly [string, string])[] = [
  ["HTTP/1.1 200 OK\r\n\r\n", "ok"],
  ["HTTP/1.0 404\r\n\r\n", "ok"],
  ["HTTP/1.1 200 \xe9\r\nA: b\r\n\r\n", "ok"],
  ["HTTP/1.1 99 No\r\n\r\n", "H1_BAD_STATUS_LINE"],
  ["HTTP/1.1 2000 No\r\n\r\n", "H1_BAD_STATUS_LINE"],
  ["HTTP/1.1 600 No\r\n\r\n", "H1_BAD_STATUS_LINE"],
  ["HTTP/1.1  200 OK\r\n\r\n", "H1_BAD_STATUS_LINE"],
  ["HTTP/1.1 200 O\0K\r\n\r\n", "H1_BAD_STATUS_LINE"],
  ["ICY 200 OK\r\n\r\n", "H1_BAD_VERSION"],
  ["HTTP/1.1 200 OK\n\n", "H1_BAD_LINE_END"],
  ["HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "H1_FOLDED_LINE"],
  ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "H1_BAD_CONTENT_LENGTH"],
  ["HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "H1_LENGTH_AND_CHUNKED"],
];

for (const [text, code] of RESPONSES) {
  test(`the response ${JSON.stringify(text)} is ${code}`, () => {
    assert.equal(response(text).code, code);
  });
}
