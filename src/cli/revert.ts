/**
 * `kakehi revert`: back to what the configuration was at a revision, as one new revision.
 */
import type { Command } from "commander";
import { addChangeOptions, changeFrameOf } from "./change-options.ts";
import { contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount, parseDurationMs } from "./option-values.ts";
import { sendAndShow } from "./proxy.ts";

interface Options {
  readonly wait: boolean;
  readonly deadline?: number;
}

export function declare(command: Command): void {
  showExample(command, "kakehi revert 41 --dry-run", "kakehi revert 41");
  addChangeOptions(command)
    .argument("<revision>", "The revision, as `kakehi history` shows it.", parseCount)
    .option("--no-wait", "Return at once, and say how many connections use what was removed.")
    .option("--deadline <duration>", "How long to wait; without it, to the end.", parseDurationMs)
    .action(async (revision: number) => {
      const { wait, deadline } = command.opts<Options>();
      const drain = { ...(!wait && { wait }), ...(deadline !== undefined && { deadline_ms: deadline }) };
      await sendAndShow(contextOf(command), {
        type: "REVERT",
        data: { revision, ...(Object.keys(drain).length > 0 && { drain }) },
        ...changeFrameOf(command),
      });
    });
}
