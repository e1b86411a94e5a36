/**
 * `kakehi state`: the configuration as a file, and as orders.
 */
import { resolve } from "node:path";
import type { Command } from "commander";
import { showExample } from "./help.ts";
import { contextOf } from "./context.ts";
import {
  type FieldOption,
  type OrderCommand,
  dataOf,
  declareOrder,
  declareRemoval,
} from "./order-command.ts";
import { parseCount } from "./option-values.ts";
import { printJson } from "./output.ts";
import { ask, sendAndShow, withClient } from "./proxy.ts";
import { declareImport } from "./state-import.ts";
import { declareRepair } from "./state-repair.ts";

/** The proxy has a working folder of its own: paths are made absolute here. */
const PATH: FieldOption = {
  flags: "--path <file>",
  field: "path",
  parse: (path) => resolve(path),
  help: "A file of the machine that the proxy runs on; a relative path begins at the current folder.",
};

export function declare(command: Command): void {
  showExample(command, "kakehi state save kakehi.state", "kakehi state load kakehi.state --dry-run");
  const file = { options: [PATH], positional: ["path"], required: ["path"] };
  declareSave(command, {
    ...file,
    name: "save",
    orderType: "SAVE_STATE",
    examples: ["kakehi state save kakehi.state"],
  });
  declareRemoval(command, {
    ...file,
    name: "load",
    orderType: "LOAD_STATE",
    examples: ["kakehi state load kakehi.state --dry-run", "kakehi state load kakehi.state"],
  });
  declareImport(command, PATH);
  declareRepair(command.command("repair"));
  declareDump(command, {
    name: "dump",
    orderType: "DUMP_STATE",
    options: [
      { flags: "--keys", field: "keys" },
      { flags: "--at <revision>", field: "at", parse: parseCount },
    ],
    required: [],
    examples: [
      "kakehi state dump",
      "kakehi state dump --at 41",
      "kakehi state dump | kakehi order --socket other.sock",
    ],
  });
}

function declareSave(parent: Command, save: OrderCommand): void {
  const command = declareOrder(parent, save);
  command.action(() =>
    sendAndShow(contextOf(command), { type: save.orderType, data: dataOf(command, save) }),
  );
}

/** For people one order a line, as `kakehi order` takes them back. */
function declareDump(parent: Command, dump: OrderCommand): void {
  const command = declareOrder(parent, dump);
  command.action(async () => {
    const context = contextOf(command);
    const data = dataOf(command, dump);
    const { orders } = await withClient(context, (client) =>
      ask(context, client, { type: "DUMP_STATE", data }),
    );
    if (context.json) return printJson({ orders });
    for (const order of orders) printJson(order);
  });
}
