import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RecordReader } from "../../src/model/records.ts";
import { BulkCertificates, bulkNameOf } from "./bulk-certificates.ts";
import { writeCertificateState } from "./bulk-state.ts";

/** More than are written at a time. */
const COUNT = 2_100;

test("a state file of certificates has each of them once, in order, with the fingerprint that is told", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-bulk-state-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "certificates.state");
  const asked = { count: COUNT, listener: "127.0.0.1:8443", upstreamPort: 9 };
  const told = writeCertificateState(path, new BulkCertificates(folder), asked);
  const records = new RecordReader().push(readFileSync(path)).map((record) => {
    assert.ok(record.kind === "record", `${record.kind} ${record.number}`);
    return record.value as { type?: string; data: { fingerprint: string; names: readonly string[] } };
  });
  const certificates = records.filter(({ type }) => type === "ADD_CERTIFICATE");
  assert.deepEqual(
    certificates.map(({ data }) => data.fingerprint),
    told,
  );
  assert.equal(new Set(told).size, COUNT);
  assert.deepEqual(certificates.at(-1)?.data.names, [bulkNameOf(COUNT - 1)]);
});
