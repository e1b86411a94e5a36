/**
 * `kakehi explain`: which rule takes a request, which ones nearly did and why not, and where it would go.
 */
import { styleText } from "node:util";
import type { Command } from "commander";
import type { Client } from "../client/client.ts";
import type { ExplainData, ExplainedCertificate } from "../model/answer-data.ts";
import type { Frontend, Listener } from "../model/objects.ts";
import type { OrderData } from "../model/orders.ts";
import { type Context, contextOf } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { describeExpiry } from "./expiry.ts";
import { describePath, describeTarget } from "./frontend.ts";
import { showExample } from "./help.ts";
import { listAll } from "./list-command.ts";
import { parseCount } from "./option-values.ts";
import { print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";

type Request = OrderData["EXPLAIN"];
type Explained = ExplainData["backends"][number];

const COLUMNS: readonly Column<Explained>[] = [
  { title: "BACKEND", cell: (backend) => backend.backend_id },
  { title: "ADDRESS", cell: (backend) => backend.address },
  { title: "STATE", cell: describeState },
  { title: "CONNECTIONS", align: "right", cell: (backend) => backend.connections },
  { title: "IDLE", align: "right", cell: (backend) => backend.idle },
];
/** Shown where sessions are sticky. */
const STICKY_COLUMN: Column<Explained> = {
  title: "STICKY ID",
  cell: (backend) => backend.sticky_id ?? "",
};

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
      const explained = await withClient(context, async (client) => {
        const data = await findRequest(context, client, url, command.opts<Partial<Request>>());
        return ask(context, client, { type: "EXPLAIN", data });
      });
      if (context.json) printJson(explained);
      else print(describeExplained(explained));
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

function describeExplained({ frontend, nearly, cluster, certificate, backends }: ExplainData): string {
  const chosen = frontend === null ? "no frontend takes this request: 404" : describeFrontend(frontend);
  const lines = [styleText("bold", chosen)];
  for (const { frontend: other, reason } of nearly) lines.push(`  not ${describeFrontend(other)}: ${reason}`);
  if (frontend?.cluster_id !== undefined) {
    lines.push(
      cluster === null ? `cluster ${frontend.cluster_id} does not exist: 503` : describeCluster(cluster),
    );
  }
  if (backends.length > 0) lines.push(formatTable(columnsFor(cluster), backends).trimEnd());
  else if (cluster !== null) lines.push("it has no backends: 503");
  if (certificate !== null) lines.push(describeCertificate(certificate));
  return lines.join("\n");
}

function describeCluster(cluster: NonNullable<ExplainData["cluster"]>): string {
  const sticky = cluster.sticky_session ? ", sticky" : "";
  const redirect = cluster.https_redirect ? ", requests without TLS are redirected" : "";
  return `cluster ${cluster.cluster_id}, ${cluster.load_balancing}${sticky}${redirect}`;
}

function describeCertificate(explained: ExplainedCertificate): string {
  const { choice, fingerprint = "", names = [], not_after_ms: notAfterMs = 0 } = explained;
  if (choice === "none") return "no certificate serves this host: the handshake is refused (strict_sni)";
  if (choice === "own") return "no certificate serves this host: the proxy's own is shown, signed by itself";
  const why = choice === "default" ? ", the default" : "";
  const stranger = explained.covers_host === false ? ", does not speak for this host" : "";
  return `certificate ${fingerprint.slice(0, 16)}… for ${names.join(" ")}, until ${describeExpiry(notAfterMs)}${why}${stranger}`;
}

function columnsFor(cluster: ExplainData["cluster"]): readonly Column<Explained>[] {
  return cluster?.sticky_session ? [...COLUMNS, STICKY_COLUMN] : COLUMNS;
}

function describeState({ state, reason }: Explained): string {
  return reason === undefined ? state : `${state} (${reason})`;
}

function describeFrontend(frontend: Frontend): string {
  const method = frontend.method === undefined ? "" : `${frontend.method} `;
  return `frontend ${method}${frontend.hostname} ${describePath(frontend.path)} → ${describeTarget(frontend)}`;
}
