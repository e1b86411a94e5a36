import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, textOf } from "../base/bytes.ts";
import { firstHopLinesOf, forwardedElementOf, type Forwarding, listenerLinesOf } from "../http/forwarding.ts";
import { Head } from "../http/head.ts";
import { bodyOfResponse } from "./framing.ts";
import { readRequestHead, readResponseHead } from "./read-head.ts";
import {
  ADDED_BYTES_MAX,
  ANNOUNCE,
  type Announcement,
  writeRequestHead,
  writeResponseHead,
  writeTrailers,
} from "./write-head.ts";

const ID = "01J00000000000000000000000";

function forwarding(passesUpgrade = false, certificateLines: Uint8Array = new Uint8Array(0)): Forwarding {
  const clientIp = bytesOf("10.1.2.3");
  const listenerLines = listenerLinesOf("http", 8080);
  const forwardedElement = forwardedElementOf("10.1.2.3", "http");
  return {
    clientIp,
    listenerLines,
    certificateLines,
    forwardedElement,
    firstHopLines: firstHopLinesOf(clientIp, listenerLines, certificateLines, forwardedElement),
    fallbackHost: bytesOf("127.0.0.1:8080"),
    requestIdLine: bytesOf(`X-Request-Id: ${ID}\r\n`),
    passesUpgrade,
  };
}

/** The head that a backend gets for `text`. */
function forwarded(text: string, passesUpgrade = false, certificateLines?: Uint8Array): string {
  const memory = new Uint8Array(65_536);
  memory.set(bytesOf(text));
  const head = new Head();
  assert.ok(readRequestHead(head, memory, 0, text.length, 8_192) > 0, "the test's request is right");
  const end = writeRequestHead(memory, 32_768, head, forwarding(passesUpgrade, certificateLines));
  const addedMax = ADDED_BYTES_MAX + (certificateLines?.length ?? 0);
  assert.ok(end - 32_768 <= text.length + addedMax, "writes no more than it may");
  return textOf(memory, 32_768, end);
}

const ADDED = [
  "X-Forwarded-For: 10.1.2.3",
  "X-Forwarded-Proto: http",
  "X-Forwarded-Port: 8080",
  'Forwarded: for=10.1.2.3;proto=http;host="a"',
  "X-Forwarded-Host: a",
  `X-Request-Id: ${ID}`,
];

function lines(...all: readonly string[]): string {
  return `${all.join("\r\n")}\r\n\r\n`;
}

test("the lines of a first hop are the same whether they were made beforehand or not", () => {
  const memory = new Uint8Array(8_192);
  const text = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
  memory.set(bytesOf(text));
  const head = new Head();
  assert.ok(readRequestHead(head, memory, 0, text.length, 4_096) > 0, "the test's request is right");
  const made = forwarding(false, bytesOf("X-Client-Cert-Fingerprint: 00\r\n"));
  const end = writeRequestHead(memory, 1_024, head, made);
  const unmadeEnd = writeRequestHead(memory, 4_096, head, { ...made, firstHopLines: undefined });
  assert.equal(textOf(memory, 4_096, unmadeEnd), textOf(memory, 1_024, end));
});

test("what is not for one hop is passed on byte for byte, and the forwarding fields follow", () => {
  const request = lines("GET /x?y HTTP/1.1", "Host: a", "aCCept:   text/html", "Cookie: a=b");
  assert.equal(
    forwarded(request),
    lines("GET /x?y HTTP/1.1", "Host: a", "aCCept:   text/html", "Cookie: a=b", ...ADDED),
  );
});

test("fields for one hop are left out: those of the standard and those that Connection names", () => {
  const request = lines(
    "GET / HTTP/1.1",
    "Connection: keep-alive, X-Secret, content-length",
    "Host: a",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "TE: trailers",
    "X-Secret: 1",
    "X-Kept: 2",
    "Upgrade: h2c",
  );
  assert.equal(forwarded(request), lines("GET / HTTP/1.1", "Host: a", "X-Kept: 2", ...ADDED));
});

test("a client's X-Forwarded-Proto, -Port, -Host and request id are replaced, its lists go on", () => {
  const request = lines(
    "GET / HTTP/1.1",
    "Host: a",
    "X-Forwarded-For: 1.1.1.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Port: 1",
    "X-Forwarded-Host: evil",
    "X-Forwarded-For: 2.2.2.2",
    "Forwarded: for=1.1.1.1",
    "X-Request-Id: not accepted here",
  );
  const written = forwarded(request);
  assert.equal(
    written,
    lines(
      "GET / HTTP/1.1",
      "Host: a",
      "X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.1.2.3",
      ADDED[1]!,
      ADDED[2]!,
      'Forwarded: for=1.1.1.1, for=10.1.2.3;proto=http;host="a"',
      ADDED[4]!,
      ADDED[5]!,
    ),
  );
});

/** As clients write them to be taken for another, by servers that make variables of field names. */
const FORGED = [
  "X-Client-Cert-Subject: CN=root",
  "x-client-cert-FINGERPRINT: 00",
  "X_Client_Cert_Subject: CN=root",
  "X-Client_Cert.Fingerprint: 00",
  "X-CLIENT-CERT-SUBJECT:",
];

test("a client's word on its certificate is dropped, in any spelling; fields of like names go on", () => {
  const alike = ["X-Client-Cert-Subjects: 1", "X-ClientXCert-Subject: 2", "X-Client-Cert-Subjec1: 3"];
  const request = lines("GET / HTTP/1.1", "Host: a", ...FORGED, ...alike, ...FORGED);
  assert.equal(forwarded(request), lines("GET / HTTP/1.1", "Host: a", ...alike, ...ADDED));
});

test("what is known of the client's certificate is told, behind one proxy or many", () => {
  const certificateLines = bytesOf("X-Client-Cert-Subject: CN=a\r\nX-Client-Cert-Fingerprint: ab\r\n");
  const told = ["X-Client-Cert-Subject: CN=a", "X-Client-Cert-Fingerprint: ab"];
  const hops = ["X-Forwarded-For: 1.1.1.1", "Forwarded: for=1.1.1.1"];
  for (const before of [[], hops, FORGED, [...hops, ...FORGED]]) {
    const written = forwarded(lines("GET / HTTP/1.1", "Host: a", ...before), false, certificateLines);
    assert.deepEqual(written.match(/^x.client.*(?=\r$)/gim), told);
  }
});

test("an absolute target and HTTP/1.0 become origin form and HTTP/1.1", () => {
  assert.match(
    forwarded(lines("GET http://a/b?c HTTP/1.1", "Host: a")),
    /^GET \/b\?c HTTP\/1\.1\r\nHost: a\r\nX-F/,
  );
  assert.match(
    forwarded(lines("GET http://a?c HTTP/1.1", "Host: a")),
    /^GET \/\?c HTTP\/1\.1\r\nHost: a\r\nX-F/,
  );
  assert.match(
    forwarded("GET /b HTTP/1.0\r\n\r\n"),
    /^GET \/b HTTP\/1\.1\r\nHost: 127\.0\.0\.1:8080\r\nX-Forwarded-For/,
  );
});

test("chunked is announced by our own line, and a length goes on as it was", () => {
  assert.ok(
    forwarded(lines("POST / HTTP/1.1", "Host: a", "transfer-encoding: Chunked")).includes(
      "\r\nTransfer-Encoding: chunked\r\n",
    ),
  );
  assert.ok(
    forwarded(lines("POST / HTTP/1.1", "Host: a", "Content-Length: 7")).includes("\r\nContent-Length: 7\r\n"),
  );
});

test("OPTIONS of no path goes on as an asterisk", () => {
  for (const target of ["*", "http://a"]) {
    const written = forwarded(lines(`OPTIONS ${target} HTTP/1.1`, "Host: a"));
    assert.equal(written, lines("OPTIONS * HTTP/1.1", "Host: a", ...ADDED));
  }
});

test("an upgrade is passed on only where it may be", () => {
  const request = lines("GET / HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade");
  assert.ok(forwarded(request, true).endsWith("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  assert.ok(!forwarded(request).includes("pgrade"));
});

/** The head that a client gets for the backend's `text`. */
function returned(text: string, announcement: Announcement, addedLines = ""): string {
  const memory = new Uint8Array(65_536);
  memory.set(bytesOf(text));
  const head = new Head();
  assert.ok(readResponseHead(head, memory, 0, text.length) > 0, "the test's response is right");
  bodyOfResponse(head, false);
  const end = writeResponseHead(
    memory,
    32_768,
    head,
    head.framing,
    announcement,
    bytesOf(`X-Request-Id: ${ID}\r\n`),
    bytesOf(addedLines),
  );
  return textOf(memory, 32_768, end);
}

test("a response keeps its status and fields, and gets id, framing and connection of ours", () => {
  const response = lines(
    "HTTP/1.0 200 Fine",
    "Server: x",
    "Connection: close",
    "Content-Length: 3",
    "X-Request-Id: theirs",
  );
  assert.equal(
    returned(response, ANNOUNCE.nothing),
    lines("HTTP/1.1 200 Fine", "Server: x", "Content-Length: 3", `X-Request-Id: ${ID}`),
  );
  assert.ok(returned(response, ANNOUNCE.close).endsWith("\r\nConnection: close\r\n\r\n"));
  assert.ok(returned(response, ANNOUNCE.keepAlive).endsWith("\r\nConnection: keep-alive\r\n\r\n"));
  const chunked = lines("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
  assert.ok(returned(chunked, ANNOUNCE.nothing).endsWith("\r\nTransfer-Encoding: chunked\r\n\r\n"));
});

test("added lines stand in a response behind the backend's own fields", () => {
  const response = lines("HTTP/1.1 200 OK", "Set-Cookie: a=b", "Content-Length: 3");
  assert.equal(
    returned(response, ANNOUNCE.nothing, "Set-Cookie: c=d\r\n"),
    lines(
      "HTTP/1.1 200 OK",
      "Set-Cookie: a=b",
      "Content-Length: 3",
      `X-Request-Id: ${ID}`,
      "Set-Cookie: c=d",
    ),
  );
});

test("a response without fields, and one that must not have a length", () => {
  assert.equal(
    returned("HTTP/1.1 304 Not Modified\r\n\r\n", ANNOUNCE.nothing),
    lines("HTTP/1.1 304 Not Modified", `X-Request-Id: ${ID}`),
  );
  assert.ok(!returned(lines("HTTP/1.1 204 No", "Content-Length: 5"), ANNOUNCE.nothing).includes("Length"));
});

test("trailers go on without the fields that may not stand there", () => {
  const memory = new Uint8Array(1_024);
  const end = writeTrailers(memory, 0, bytesOf("A: b\r\nContent-Length: 3\r\nHost: evil\r\nC: d\r\n\r\n"));
  assert.equal(textOf(memory, 0, end), "A: b\r\nC: d\r\n\r\n");
  const forged = writeTrailers(memory, 0, bytesOf(`A: b\r\n${FORGED.join("\r\n")}\r\n\r\n`));
  assert.equal(textOf(memory, 0, forged), "A: b\r\n\r\n");
  assert.ok(writeTrailers(memory, 0, bytesOf("A : b\r\n\r\n")) < 0);
});

test("the added bytes of the longest possible head stay within what is reserved", () => {
  const host = `${"a".repeat(253)}:65535`;
  const written = forwarded(lines("GET / HTTP/1.0", `Host: ${host}`, "X-Request-Id: x"));
  assert.ok(written.includes(`X-Forwarded-Host: ${host}\r\n`));
});
