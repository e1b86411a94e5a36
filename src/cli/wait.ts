/**
 * `kakehi wait`: until every worker has a revision.
 */
import type { Command } from "commander";
import { contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount, parseDurationMs } from "./option-values.ts";
import { print, printJson } from "./output.ts";
import { withClient } from "./proxy.ts";

export function declare(command: Command): void {
  showExample(command, "kakehi wait 7", "kakehi wait 7 --within 1m");
  command
    .argument("<revision>", "The revision, as an order's answer has it.", parseCount)
    .option("--within <duration>", "How long to wait. [10s]", parseDurationMs)
    .action(async (revision: number) => {
      const context = contextOf(command);
      const { within } = command.opts<{ within?: number }>();
      const data = { revision, ...(within === undefined ? {} : { timeout_ms: within }) };
      const answer = await withClient(context, (client) => client.send({ type: "WAIT_REVISION", data }));
      if (context.json) printJson(answer.data);
      else print(answer.message);
    });
}
