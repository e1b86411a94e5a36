/**
 * `kakehi stop`: softly, so that what is under way is finished, or hard.
 */
import type { Command } from "commander";
import { contextOf } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { parseDurationMs } from "./option-values.ts";
import { sendAndShow } from "./proxy.ts";

export function declare(command: Command): void {
  showExample(command, "kakehi stop", "kakehi stop --deadline 30s", "kakehi stop --hard");
  command
    .option("--deadline <duration>", "Close what is not finished by then.", parseDurationMs)
    .option("--hard", "Cut everything at once.")
    .action(async () => {
      const { deadline, hard } = command.opts<{ deadline?: number; hard?: boolean }>();
      if (hard && deadline !== undefined) throw new UsageError("--hard does not wait: leave --deadline out");
      const context = contextOf(command);
      if (hard) return sendAndShow(context, { type: "HARD_STOP" });
      return sendAndShow(context, {
        type: "SOFT_STOP",
        data: deadline === undefined ? {} : { deadline_ms: deadline },
      });
    });
}
