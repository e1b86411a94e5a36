import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readCertificate } from "../../src/main/certificates/read-certificate.ts";
import type { SentCertificate } from "../../src/model/orders.ts";
import { BulkCertificates, bulkNameOf } from "./bulk-certificates.ts";

const LISTENER = "127.0.0.1:8443";

function makerOf(t: TestContext): BulkCertificates {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-bulk-certificates-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return new BulkCertificates(folder);
}

test("each certificate has its own name and serial, the common key, and the authority's signature", (t) => {
  const bulk = makerOf(t);
  const authority = new X509Certificate(bulk.chain[0] ?? "");
  const serials = new Set<string>();
  for (const number of [0, 7, 99_999, 7]) {
    const read = new X509Certificate(bulk.make(number).der);
    assert.equal(read.subjectAltName, `DNS:${bulkNameOf(number)}`);
    assert.equal(read.subject, `CN=${bulkNameOf(number)}`);
    assert.ok(read.verify(authority.publicKey), `the signature of ${number}`);
    assert.ok(read.checkPrivateKey(createPrivateKey(bulk.key)));
    serials.add(read.serialNumber);
  }
  assert.equal(serials.size, 4);
});

test("what is written into a state file is what the proxy makes of the same certificate by an order", (t) => {
  const bulk = makerOf(t);
  const certificate = bulk.make(12);
  const sent = { ...bulk.sentAs(certificate, LISTENER), reject_expired: false } as SentCertificate;
  const read = readCertificate(sent, Date.now());
  assert.ok(read.ok, JSON.stringify(read));
  assert.deepEqual(read.value.warnings, []);
  assert.deepEqual(bulk.objectOf(certificate, LISTENER), read.value.certificate);
});
