import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../base/bytes.ts";
import { CERTIFICATE_SUBJECT_BYTES_MAX, certificateLinesOf } from "./forwarding.ts";

const fingerprint = "ab".repeat(32);
const FINGERPRINT_LINE = `X-Client-Cert-Fingerprint: ${fingerprint}\r\n`;

function linesOf(subject: string): string {
  const lines = certificateLinesOf({ subject, fingerprint });
  return textOf(lines, 0, lines.length);
}

test("a certificate is told by its subject and its fingerprint", () => {
  const subject = String.raw`CN=J\C3\B6rg\, \0D\0AX: y,O=a\+b`;
  assert.equal(linesOf(subject), `X-Client-Cert-Subject: ${subject}\r\n${FINGERPRINT_LINE}`);
});

test("a subject that is too long is left out, and never cut", () => {
  const longest = `CN=${"x".repeat(CERTIFICATE_SUBJECT_BYTES_MAX - 3)}`;
  assert.ok(linesOf(longest).includes(longest));
  assert.equal(linesOf(`${longest}x`), FINGERPRINT_LINE);
});

test("a subject that no field may hold is left out: empty, or with a byte that is not printable ASCII", () => {
  for (const subject of [
    "",
    "CN=a\r\nX: y",
    "CN=a\n",
    "CN=a\0",
    "CN=a\tb",
    "CN=a\x7f",
    "CN=ä",
    "CN=\u{1f600}",
  ])
    assert.equal(linesOf(subject), FINGERPRINT_LINE, JSON.stringify(subject));
});
