/**
 * `kakehi explain`: which rule takes a request, which ones nearly did and why not, and where it would go.
 */
import type { Command } from "commander";
import type { Client } from "../client/client.ts";
import type { Listener } from "../model/objects.ts";
import type { OrderData } from "../model/orders.ts";
import { type Context, contextOf } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { explainTree } from "./explain-tree.ts";
import { showExample } from "./help.ts";
import { listAll } from "./list-command.ts";
import { parseCount } from "./option-values.ts";
import { print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { formatTree, signsFor } from "./tree.ts";

type Request = OrderData["EXPLAIN"];
export function declare(command: Command): void {
  showExample(
    command,
    "kakehi explain http://app.example.com/api/users",
    "kakehi explain --host app.example.com --method POST",
    "kakehi explain http://app.example.com/ --at 41",
  );
  command
    .argument("[url]", "The request's host and path.")
    .option(
      "--listener <ip:port>",
      "Where the request arrives. [the only listener, or the only one at the URL's port]",
    )
    .option("--host <name>", "The request's host.")
    .option("--path <path>", "The request's path. [/]")
    .option("--method <method>", "The request's method. [GET]")
    .option("--at <revision>", "As it was at this revision; without it, as it is.", parseCount)
    .action(async (url: string | undefined) => {
      const context = contextOf(command);
      const { request, explained } = await withClient(context, async (client) => {
        const data = await findRequest(context, client, url, command.opts<Partial<Request>>());
        return { request: data, explained: await ask(context, client, { type: "EXPLAIN", data }) };
      });
      if (context.json) printJson(explained);
      else print(formatTree(explainTree(request, explained), signsFor(process.stdout, process.env)));
    });
}

async function findRequest(
  context: Context,
  client: Client,
  url: string | undefined,
  options: Partial<Request>,
): Promise<Request> {
  const parsed = url === undefined ? undefined : parseRequestUrl(url);
  const host = options.host ?? parsed?.host;
  if (host === undefined)
    throw new UsageError(
      "whose request? Give a URL, or --host, as in: kakehi explain http://app.example.com/",
    );
  const path = options.path ?? parsed?.path ?? "/";
  return {
    listener: options.listener ?? (await findListener(context, client, parsed?.port)),
    host,
    path,
    method: options.method ?? "GET",
    ...(options.at !== undefined && { at: options.at }),
  };
}

/** `app.example.com/api` will do: who asks for a route seldom writes the scheme. */
function parseRequestUrl(text: string): {
  readonly host: string;
  readonly port: string;
  readonly path: string;
} {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null) throw new UsageError(`${text} is no URL`);
  const port = url.protocol === "https:" ? "443" : "80";
  return { host: url.host, port: url.port === "" ? port : url.port, path: url.pathname };
}

/** The only listener, or the only one at the port that the URL names. */
async function findListener(context: Context, client: Client, port: string | undefined): Promise<string> {
  const listeners = await listAll<Listener>(context, client, "LIST_LISTENERS", {});
  const addresses = listeners.map((listener) => listener.address);
  if (addresses.length === 0)
    throw new UsageError("there is no listener yet: add one with `kakehi listener add`");
  const atPort = addresses.filter((address) => address.endsWith(`:${port}`));
  const [found, ...others] = addresses.length === 1 ? addresses : atPort;
  if (found !== undefined && others.length === 0) return found;
  throw new UsageError(`at which listener? Give --listener, one of ${addresses.join(", ")}`);
}
