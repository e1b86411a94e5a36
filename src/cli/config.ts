/**
 * `kakehi config`: the configuration file: whether it is right, what it would change, and changing it.
 */
import { counted } from "../base/text.ts";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { ChangeOrder } from "../model/orders.ts";
import { contextOf } from "./context.ts";
import { EXIT } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { type FieldOption, declareRemoval } from "./order-command.ts";
import { note, print, printJson } from "./output.ts";
import { ask, sendAndShow, withClient } from "./proxy.ts";

/** The proxy has a working folder of its own: paths are made absolute here. */
const PATH: FieldOption & { readonly help: string } = {
  flags: "--path <file>",
  field: "path",
  parse: (path) => resolve(path),
  help: "A configuration file; without it, the one that the proxy was started with.",
};

const ORDER = "RELOAD_CONFIGURATION";

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi config check kakehi.toml",
    "kakehi config diff",
    "kakehi config apply --dry-run",
    "kakehi config show > kakehi.toml",
  );
  declareCheck(command.command("check"));
  declareDiff(command.command("diff"));
  declareRemoval(command, {
    name: "apply",
    orderType: ORDER,
    options: [PATH],
    positional: ["path"],
    required: [],
    examples: ["kakehi config apply", "kakehi config apply kakehi.toml --dry-run"],
  });
  declareShow(command.command("show"));
}

/** Asks no proxy. What needs one, whether an address is free, is not looked at. */
function declareCheck(command: Command): void {
  const summary = "Say what is wrong in a configuration file, with line and column.";
  command.summary(summary).description(summary);
  showExample(command, "kakehi config check kakehi.toml");
  command.argument("<path>", "The file; those that it names are read, too.").action(async (path: string) => {
    const { faultLines, readConfiguration } = await import("../main/file/read-configuration.ts");
    const { json } = command.optsWithGlobals<{ json?: boolean }>();
    const read = await readConfiguration(resolve(path));
    if (!read.ok) {
      const { reason } = read.error;
      const complaints = typeof reason === "string" ? [{ message: reason }] : reason;
      if (json) printJson({ ok: false, complaints });
      else for (const line of faultLines(read.error)) note(line);
      process.exitCode = EXIT.refused;
      return;
    }
    const { objects, warnings } = read.value;
    if (json) return printJson({ ok: true, objects: objects.length, warnings });
    for (const warning of warnings) note(`warning: ${warning}`);
    print(`${path} is right: ${counted(objects.length, "object")}`);
  });
}

/** What applying the file would change. Nothing is changed. */
function declareDiff(command: Command): void {
  const summary = "Show what the file would change, and change nothing.";
  command.summary(summary).description(summary);
  showExample(command, "kakehi config diff", "kakehi config diff kakehi.toml");
  command.argument("[path]", PATH.help).action(async (path: string | undefined) => {
    const data = path === undefined ? {} : { path: resolve(path) };
    await sendAndShow(contextOf(command), { type: ORDER, data, dry_run: true });
  });
}

function declareShow(command: Command): void {
  const summary = "Print what runs as a configuration file.";
  command.summary(summary).description(summary);
  showExample(command, "kakehi config show > kakehi.toml");
  command.action(async () => {
    const context = contextOf(command);
    const { configurationText } = await import("../model/file/write-file.ts");
    const { orders } = await withClient(context, (client) =>
      ask(context, client, { type: "DUMP_STATE", data: {} }),
    );
    if (context.json) return printJson({ orders });
    print(configurationText(orders as readonly ChangeOrder[]));
  });
}
