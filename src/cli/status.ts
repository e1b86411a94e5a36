/**
 * `kakehi status`: what runs.
 */
import { styleText } from "node:util";
import type { Command } from "commander";
import type { StatusData, WorkerStatus } from "../model/answer-data.ts";
import { contextOf } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { showExample } from "./help.ts";
import { print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";
import { addWatchOptions, showOrWatch } from "./watch.ts";

/** So much of a hash tells two configurations apart for people. */
const HASH_CHARS_SHOWN = 12;

const COLUMNS: readonly Column<WorkerStatus>[] = [
  { title: "WORKER", align: "right", cell: (worker) => worker.worker },
  { title: "PID", align: "right", cell: (worker) => worker.pid },
  { title: "STATE", cell: ({ state, draining }) => (draining ? `${state}, drains` : state) },
  { title: "REVISION", align: "right", cell: (worker) => worker.revision },
  { title: "HASH", cell: (worker) => worker.hash.slice(0, HASH_CHARS_SHOWN) },
  { title: "CONNECTIONS", align: "right", cell: (worker) => worker.connections },
  { title: "IO", cell: (worker) => worker.io },
  { title: "VERSION", cell: (worker) => worker.version ?? "" },
];

export function declare(command: Command): void {
  showExample(command, "kakehi status", "kakehi status --watch", "kakehi status --json");
  addWatchOptions(command).action(async () => {
    const context = contextOf(command);
    const look = () => withClient(context, (client) => ask(context, client, { type: "STATUS" }));
    await showOrWatch(command, look, (status) => {
      if (context.json) printJson(status);
      else print(describeStatus(status));
    });
  });
}

/** The proxy in one line, its workers in a table, and why its I/O is what it is. */
export function describeStatus(status: StatusData): string {
  const { version, pid, uptime_ms, revision, hash, workers } = status;
  const reasons = new Set(workers.map((worker) => worker.io_reason).filter((reason) => reason !== undefined));
  const lines = [
    `${styleText("bold", `kakehi ${version}`)}, process ${pid}, up ${formatDuration(uptime_ms)}`,
    `revision ${revision}, configuration ${hash.slice(0, HASH_CHARS_SHOWN)}`,
    "",
    describeWorkers(workers).trimEnd(),
  ];
  return [...lines, ...[...reasons].map((reason) => `io: ${reason}`)].join("\n");
}

/** The workers as a table. */
export function describeWorkers(workers: readonly WorkerStatus[]): string {
  return formatTable(COLUMNS, workers);
}
