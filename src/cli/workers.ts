/**
 * `kakehi workers`: the processes that carry the traffic.
 */
import type { Command } from "commander";
import { contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount } from "./option-values.ts";
import { dataOf, declareOrder } from "./order-command.ts";
import { print, printJson } from "./output.ts";
import { ask, sendAndShow, withClient } from "./proxy.ts";
import { describeWorkers } from "./status.ts";
import { addWatchOptions, showOrWatch } from "./watch.ts";

export function declare(command: Command): void {
  showExample(command, "kakehi workers", "kakehi workers set 4");
  command.action(() => list(command));
  const listCommand = command.command("list").summary("List the workers.");
  showExample(listCommand, "kakehi workers list");
  addWatchOptions(listCommand).action(() => list(listCommand));
  declareWorkerOrder(command, "set", "SET_WORKERS", "count");
  declareWorkerOrder(command, "restart", "RESTART_WORKER", "worker");
}

async function list(command: Command): Promise<void> {
  const context = contextOf(command);
  const look = () => withClient(context, (client) => ask(context, client, { type: "STATUS" }));
  await showOrWatch(command, look, ({ workers }) => {
    if (context.json) printJson({ workers });
    else print(describeWorkers(workers));
  });
}

function declareWorkerOrder(
  parent: Command,
  name: string,
  orderType: "SET_WORKERS" | "RESTART_WORKER",
  field: "count" | "worker",
): void {
  const order = {
    name,
    orderType,
    options: [{ flags: `--${field} <number>`, field, parse: parseCount }],
    positional: [field],
    required: [field],
    examples: [name === "set" ? "kakehi workers set 4" : "kakehi workers restart 0"],
  };
  const command = declareOrder(parent, order);
  command.action(() => sendAndShow(contextOf(command), { type: orderType, data: dataOf(command, order) }));
}
