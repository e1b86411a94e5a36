/**
 * `kakehi transaction`: orders from a file, done as one. The file has them one after another, as `kakehi
 * state dump` prints them, or in one object `{"orders": […]}`.
 */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import type { ChangeOrder } from "../model/orders.ts";
import { addChangeOptions, changeFrameOf } from "./change-options.ts";
import { contextOf } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { JsonObjectSplitter, NotAnObjectError } from "./json-objects.ts";
import { sendAndShow } from "./proxy.ts";

type Entries = readonly Readonly<Record<string, unknown>>[];

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi transaction deploy.json",
    "kakehi transaction deploy.json --dry-run",
    "generate-orders | kakehi transaction - --if-revision 41",
  );
  addChangeOptions(command)
    .argument("<file>", "A file of orders as JSON; - for stdin.")
    .addHelpText("after", "\nEach order has a type and data. Each removal has its own drain in its data.")
    .action(async (file: string) => {
      // What they may hold is the proxy's to say.
      const orders = ordersIn(await readText(file)) as unknown as readonly ChangeOrder[];
      await sendAndShow(contextOf(command), {
        type: "TRANSACTION",
        data: { orders },
        ...changeFrameOf(command),
      });
    });
}

async function readText(file: string): Promise<string> {
  if (file === "-") return text(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function ordersIn(source: string): Entries {
  const splitter = new JsonObjectSplitter();
  try {
    const objects = splitter.push(source);
    splitter.end();
    // Whoever means nothing can say `{"orders":[]}`; an empty pipe is what a generator leaves that failed.
    if (objects.length === 0) throw new UsageError("there are no orders in it");
    return objects.flatMap((object) => ("type" in object ? [object] : ordersOf(object)));
  } catch (error) {
    throw error instanceof NotAnObjectError ? new UsageError(error.message) : error;
  }
}

function ordersOf({ orders, ...rest }: Readonly<Record<string, unknown>>): Entries {
  if (Array.isArray(orders) && Object.keys(rest).length === 0) return orders as Entries;
  throw new UsageError('each object must be an order with a type, or {"orders": […]} alone');
}
