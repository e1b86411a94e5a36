import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { makeOwnCertificate } from "./own-certificate.ts";

const NOW = Date.UTC(2026, 1, 28, 12);
const DAY_MS = 86_400_000;

test("the proxy's own certificate parses, is signed by itself, and its key belongs to it", () => {
  const made = makeOwnCertificate(NOW);
  const read = new X509Certificate(Buffer.from(made.certificate, "base64"));
  const key = createPrivateKey({ key: Buffer.from(made.key, "base64"), format: "der", type: "pkcs8" });
  assert.equal(read.subject, "CN=kakehi");
  assert.equal(read.issuer, "CN=kakehi");
  assert.equal(read.ca, false);
  assert.equal(read.subjectAltName, undefined);
  assert.ok(read.checkIssued(read) && read.verify(read.publicKey));
  assert.ok(read.checkPrivateKey(key));
  assert.equal(made.fingerprint, read.fingerprint256.replaceAll(":", "").toLowerCase());
  assert.deepEqual([made.listener, made.names, made.chain], ["", [], []]);
});

test("it is valid from a day ago for ten years, also across 2050", () => {
  for (const now of [NOW, Date.UTC(2045, 5, 1)]) {
    const made = makeOwnCertificate(now);
    const until = new Date(now);
    until.setUTCFullYear(until.getUTCFullYear() + 10);
    assert.deepEqual([made.not_before_ms, made.not_after_ms], [now - DAY_MS, until.getTime()]);
  }
});

test("no two are alike", () => {
  const [one, two] = [makeOwnCertificate(NOW), makeOwnCertificate(NOW)];
  const serial = (der: string): string => new X509Certificate(Buffer.from(der, "base64")).serialNumber;
  assert.notEqual(serial(one.certificate), serial(two.certificate));
  assert.notEqual(one.key, two.key);
});

test("openssl reads it as a certificate of version 3, and trusts its signature", () => {
  const der = Buffer.from(makeOwnCertificate(Date.now()).certificate, "base64");
  const text = execFileSync("openssl", ["x509", "-inform", "DER", "-noout", "-text"], {
    input: der,
    encoding: "utf8",
  });
  for (const line of [/Version: 3/, /ecdsa-with-SHA256/, /prime256v1/, /CA:FALSE/]) assert.match(text, line);
});
