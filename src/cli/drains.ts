/**
 * `kakehi drains`: what was removed, or is to drain, and is still in use.
 */
import type { Command } from "commander";
import type { DrainStatus } from "../model/answer-data.ts";
import { objectName } from "../model/keys.ts";
import { contextOf } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { showExample } from "./help.ts";
import { note, print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";
import { addWatchOptions, showOrWatch } from "./watch.ts";

const COLUMNS: readonly Column<DrainStatus>[] = [
  { title: "OBJECT", cell: ({ object }) => objectName(object.kind, object.key) },
  { title: "CONNECTIONS", align: "right", cell: (drain) => drain.connections },
  { title: "BY WORKER", cell: (drain) => describeShares(drain.workers) },
  { title: "SINCE", align: "right", cell: (drain) => formatDuration(drain.since_ms) },
  {
    title: "DEADLINE",
    align: "right",
    cell: ({ deadline_ms }) => (deadline_ms === null ? undefined : formatDuration(deadline_ms)),
  },
  { title: "ORDER", cell: (drain) => drain.order },
];

export function declare(command: Command): void {
  showExample(command, "kakehi drains");
  addWatchOptions(command).action(async () => {
    const context = contextOf(command);
    const look = () => withClient(context, (client) => ask(context, client, { type: "QUERY_DRAINS" }));
    await showOrWatch(command, look, ({ drains }) => {
      if (context.json) return printJson({ drains });
      print(formatTable(COLUMNS, drains));
      if (drains.length === 0) note("nothing drains");
    });
  });
}

function describeShares(workers: Readonly<Record<string, number>>): string {
  return Object.entries(workers)
    .map(([worker, connections]) => `${worker}: ${connections}`)
    .join(", ");
}
