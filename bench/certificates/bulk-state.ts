/**
 * A state file with many certificates on one https listener, in the form that `SAVE_STATE` writes, and one
 * cluster that takes the requests for all of their names.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { recordText } from "../../src/model/records.ts";
import { BULK_DOMAIN, type BulkCertificates } from "./bulk-certificates.ts";

/** How many, on which listener (`ip:port`), and where their requests go. */
export interface CertificateState {
  readonly count: number;
  readonly listener: string;
  readonly upstreamPort: number;
}

/** Records that are written at a time. */
const SLICE = 1_000;

/**
 * Writes the file, without the hash and the count that a hand-written header may leave out. Gives the
 * fingerprints of the certificates, by number.
 */
export function writeCertificateState(
  path: string,
  bulk: BulkCertificates,
  { count, listener, upstreamPort }: CertificateState,
): readonly string[] {
  const file = openSync(path, "w", 0o600);
  const cluster_id = "bulk";
  const address = `127.0.0.1:${upstreamPort}`;
  const fingerprints: string[] = [];
  let records: object[] = [
    { format: "kakehi-state", version: 1, revision: 1 },
    { type: "ADD_LISTENER", data: { address: listener, protocol: "https" } },
    { type: "ADD_CLUSTER", data: { cluster_id } },
    { type: "ADD_BACKEND", data: { cluster_id, backend_id: "only", address } },
    { type: "ADD_FRONTEND", data: { listener, hostname: `*.${BULK_DOMAIN}`, cluster_id } },
  ];
  for (let number = 0; number < count; number++) {
    const certificate = bulk.make(number);
    fingerprints.push(certificate.fingerprint);
    records.push({ type: "ADD_CERTIFICATE", data: bulk.objectOf(certificate, listener) });
    if (records.length < SLICE) continue;
    writeSync(file, records.map(recordText).join(""));
    records = [];
  }
  writeSync(file, records.map(recordText).join(""));
  closeSync(file);
  return fingerprints;
}
