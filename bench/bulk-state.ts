/**
 * A state file with many applications, each a cluster with one frontend and one backend: what `SAVE_STATE` of
 * such a proxy would write, made without one.
 */
import { writeFileSync } from "node:fs";
import { HOST_COUNT, hostnameOf } from "./workload.ts";

/** How many, behind which listener (`ip:port`), and where their requests go. */
export interface BulkState {
  readonly count: number;
  readonly listener: string;
  readonly upstreamPort: number;
}

/** The hostname of the application with this number; the first are those of the workload. */
export function bulkHostnameOf(index: number): string {
  return index < HOST_COUNT ? hostnameOf(index) : `bulk-${index}.bench.example.org`;
}

/** Writes the file, without the hash and the count that a hand-written header may leave out. */
export function writeBulkState(path: string, { count, listener, upstreamPort }: BulkState): void {
  const records: object[] = [
    { format: "kakehi-state", version: 1, revision: 1 },
    { type: "ADD_LISTENER", data: { address: listener, protocol: "http" } },
  ];
  const address = `127.0.0.1:${upstreamPort}`;
  for (let index = 0; index < count; index++) {
    const cluster_id = `bulk-${index}`;
    records.push(
      { type: "ADD_CLUSTER", data: { cluster_id } },
      { type: "ADD_BACKEND", data: { cluster_id, backend_id: "only", address } },
      { type: "ADD_FRONTEND", data: { listener, hostname: bulkHostnameOf(index), cluster_id } },
    );
  }
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\0\n`).join(""), { mode: 0o600 });
}
