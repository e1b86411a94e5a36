/**
 * `kakehi connections`: which clients are there, and that they go.
 */
import type { Command } from "commander";
import type { ListedConnection } from "../model/connections.ts";
import { contextOf } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { showExample } from "./help.ts";
import { declareList } from "./list-command.ts";
import { parseDurationMs } from "./option-values.ts";
import { dataOf, declareOrder, type FieldOption, type OrderCommand } from "./order-command.ts";
import { sendAndShow } from "./proxy.ts";
import type { Column } from "./table.ts";

const FILTER: readonly FieldOption[] = [
  { flags: "--listener <ip:port>", field: "listener" },
  { flags: "--cluster-id <id>", field: "cluster_id" },
  { flags: "--backend-id <id>", field: "backend_id" },
  { flags: "--client <ip>", field: "client" },
  { flags: "--host <name>", field: "host" },
  { flags: "--protocol <name>", field: "protocol", choices: ["http", "https"] },
  { flags: "--state <name>", field: "state", choices: ["idle", "exchange", "tunnel"] },
  { flags: "--older-than <duration>", field: "older_than_ms", parse: parseDurationMs },
];

const COLUMNS: readonly Column<ListedConnection>[] = [
  { title: "WORKER", align: "right", cell: ({ worker }) => worker },
  { title: "CLIENT", cell: ({ client }) => client },
  { title: "LISTENER", cell: ({ listener }) => listener },
  { title: "PROTOCOL", cell: ({ protocol }) => protocol },
  { title: "STATE", cell: ({ state }) => state },
  { title: "HOST", cell: ({ host }) => host },
  { title: "CLUSTER", cell: ({ cluster_id }) => cluster_id },
  { title: "BACKEND", cell: ({ backend_id }) => backend_id },
  { title: "AGE", align: "right", cell: ({ age_ms }) => formatDuration(age_ms) },
];

const CLOSE: OrderCommand = {
  name: "close",
  orderType: "CLOSE_CONNECTIONS",
  options: [...FILTER, { flags: "--reset", field: "reset" }],
  required: [],
  examples: ["kakehi connections close --cluster-id app --backend-id app-1 --reset"],
};

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi connections list --cluster-id app --state tunnel",
    "kakehi connections close --client 192.0.2.7",
  );
  declareList(command, COLUMNS, {
    name: "list",
    orderType: "LIST_CONNECTIONS",
    options: FILTER,
    required: [],
    examples: ["kakehi connections list --older-than 1h", "kakehi connections list --cluster-id app"],
  });
  const close = declareOrder(command, CLOSE);
  close.action(() => sendAndShow(contextOf(close), { type: CLOSE.orderType, data: dataOf(close, CLOSE) }));
}
