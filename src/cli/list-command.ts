/**
 * A command that lists objects: all pages of a `LIST_` order, as one table or one document.
 */
import type { Command } from "commander";
import { type Client } from "../client/client.ts";
import type { ListData } from "../model/answer-data.ts";
import { type Context, contextOf } from "./context.ts";
import { suggestNames } from "./live-names.ts";
import { parseLimit } from "./option-values.ts";
import { type OrderCommand, dataOf, declareOrder } from "./order-command.ts";
import { note, print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";
import { addWatchOptions, showOrWatch } from "./watch.ts";

/** The most that one page may hold: fewer turns for a long list. */
const PAGE_ITEMS = 10_000;

/** Adds a command below `parent` that lists what its options leave. */
export function declareList<Item>(
  parent: Command,
  columns: readonly Column<Item>[],
  list: OrderCommand,
): void {
  const command = declareOrder(parent, list);
  addWatchOptions(command.option("--limit <count>", "List only so many.", parseLimit)).action(async () => {
    const context = contextOf(command);
    const { limit } = command.opts<{ limit?: number }>();
    const filter = dataOf(command, list);
    const path = `${parent.name()} ${list.name}`;
    const look = () =>
      withClient(context, async (client) => {
        const items = await listAll<Item>(context, client, list.orderType, filter, limit);
        const isToSuggest = items.length === 0 && !context.json;
        return { items, suggestion: isToSuggest ? await suggestNames(client, path, filter) : "" };
      });
    await showOrWatch(command, look, ({ items, suggestion }) => {
      if (context.json) return printJson({ items });
      print(formatTable(columns, items));
      if (items.length === 0) note(`no ${parent.name().replace(/s?$/, "s")}${suggestion}`);
    });
  });
}

/** The items of all pages, at most `limit`. */
export async function listAll<Item>(
  context: Context,
  client: Client,
  type: string,
  filter: object,
  limit: number = Number.POSITIVE_INFINITY,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  while (items.length < limit) {
    const data = {
      ...filter,
      limit: Math.min(PAGE_ITEMS, limit - items.length),
      ...(after === undefined ? {} : { after }),
    };
    const page = (await ask(context, client, { type, data })) as unknown as ListData<Item>;
    for (const item of page.items) items.push(item);
    if (page.next === null || page.next === undefined) break;
    after = page.next;
  }
  return items;
}
