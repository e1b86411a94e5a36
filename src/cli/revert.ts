/**
 * `kakehi revert`: back to what the configuration was at a revision, as one new revision.
 */
import type { Command } from "commander";
import { contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount, parseDurationMs } from "./option-values.ts";
import { sendAndShow } from "./proxy.ts";

interface Options {
  readonly dryRun?: boolean;
  readonly ifRevision?: number;
  readonly wait: boolean;
  readonly deadline?: number;
}

export function declare(command: Command): void {
  showExample(command, "kakehi revert 41 --dry-run", "kakehi revert 41");
  command
    .argument("<revision>", "The revision, as `kakehi history` shows it.", parseCount)
    .option("--dry-run", "Say what would change, and change nothing.")
    .option("--if-revision <revision>", "Only if the configuration is still at this revision.", parseCount)
    .option("--no-wait", "Return at once, and say how many connections use what was removed.")
    .option("--deadline <duration>", "How long to wait; without it, to the end.", parseDurationMs)
    .action(async (revision: number) => {
      const { dryRun, ifRevision, wait, deadline } = command.opts<Options>();
      const drain = { ...(!wait && { wait }), ...(deadline !== undefined && { deadline_ms: deadline }) };
      await sendAndShow(contextOf(command), {
        type: "REVERT",
        data: { revision, ...(Object.keys(drain).length > 0 && { drain }) },
        ...(ifRevision === undefined ? {} : { if_revision: ifRevision }),
        ...(dryRun ? { dry_run: true } : {}),
      });
    });
}
