/**
 * `kakehi history`: what was changed, when and by whom, newest first.
 */
import type { Command } from "commander";
import type { Client } from "../client/client.ts";
import type { HistoryData, ShownRevision } from "../model/answer-data.ts";
import { HISTORY_PAGE_MAX } from "../model/limits.ts";
import { type Context, contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount, parseLimit } from "./option-values.ts";
import { note, print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";

const LIMIT_DEFAULT = 20;

const COLUMNS: readonly Column<ShownRevision>[] = [
  { title: "REVISION", align: "right", cell: ({ revision }) => revision },
  { title: "TIME", cell: ({ time }) => time },
  { title: "UID", align: "right", cell: ({ uid }) => uid ?? undefined },
  { title: "PID", align: "right", cell: ({ pid }) => pid ?? undefined },
  { title: "ORDER ID", cell: ({ order_id: id }) => id ?? undefined },
  { title: "ORDER", cell: describeOrder },
];

export function declare(command: Command): void {
  showExample(command, "kakehi history", "kakehi history --since 41 --json", "kakehi history --limit 1000");
  command
    .option("--since <revision>", "Only what came after this revision.", parseCount)
    .option("--before <revision>", "Only what came before this revision.", parseCount)
    .option("--limit <count>", `How many revisions at most. [${LIMIT_DEFAULT}]`, parseLimit)
    .action(async () => {
      const context = contextOf(command);
      const { limit = LIMIT_DEFAULT, ...span } = command.opts<{
        since?: number;
        before?: number;
        limit?: number;
      }>();
      const { revisions, oldest } = await withClient(context, (client) =>
        readAll(context, client, span, limit),
      );
      if (context.json) return printJson({ revisions, oldest });
      if (revisions.length > 0) print(formatTable(COLUMNS, revisions));
      note(`it is possible to go back as far as revision ${oldest}`);
    });
}

/** All pages, at most `limit` revisions. */
async function readAll(
  context: Context,
  client: Client,
  span: { readonly since?: number; readonly before?: number },
  limit: number,
): Promise<Omit<HistoryData, "next">> {
  const revisions: ShownRevision[] = [];
  let { before } = span;
  for (;;) {
    const ofPage = Math.min(HISTORY_PAGE_MAX, limit - revisions.length);
    const data = { ...span, limit: ofPage, ...(before !== undefined && { before }) };
    const page = await ask(context, client, { type: "HISTORY", data });
    revisions.push(...page.revisions);
    if (page.next === null || revisions.length >= limit) return { revisions, oldest: page.oldest };
    before = page.next;
  }
}

/** Its name, and what it was about where that is one thing. */
function describeOrder({ order, orders, orders_total: total }: ShownRevision): string {
  if (total !== 1) return `${order} of ${total} orders`;
  const { listener, cluster_id, backend_id, hostname, address } = orders[0]!.data as Record<string, unknown>;
  const names =
    backend_id === undefined ? [listener, hostname, cluster_id ?? address] : [cluster_id, backend_id];
  const about = names.filter((name) => typeof name === "string").join(" ");
  return order === orders[0]!.type ? `${order} ${about}` : `${order}: ${orders[0]!.type} ${about}`;
}
