/**
 * `kakehi frontend`: rules from a request to a cluster, to a refusal, or to a redirect.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import type { Frontend, PathRule, Redirect } from "../model/objects.ts";
import { declareList } from "./list-command.ts";
import { parseCount, parseTag } from "./option-values.ts";
import { type FieldOption, declareChange } from "./order-command.ts";
import type { Column } from "./table.ts";

const KEY: readonly FieldOption[] = [
  { flags: "--listener <ip:port>", field: "listener" },
  { flags: "--hostname <name>", field: "hostname" },
  { flags: "--path-prefix <path>", field: "path.prefix", help: "Paths that begin so. [/]" },
  { flags: "--path-exact <path>", field: "path.exact" },
  { flags: "--path-regex <regex>", field: "path.regex" },
  { flags: "--method <method>", field: "method" },
];
const CLUSTER: FieldOption = { flags: "--cluster-id <id>", field: "cluster_id" };
const FIELDS: readonly FieldOption[] = [
  CLUSTER,
  { flags: "--deny", field: "deny", help: "Answer 403 instead." },
  { flags: "--redirect-scheme <scheme>", field: "redirect.scheme", choices: ["http", "https"] },
  { flags: "--redirect-host <name>", field: "redirect.host" },
  { flags: "--redirect-port <port>", field: "redirect.port", parse: parseCount },
  { flags: "--redirect-path <path>", field: "redirect.path" },
  { flags: "--redirect-status <status>", field: "redirect.status", parse: parseCount },
  {
    flags: "--tag <name=value>",
    field: "tags",
    parse: parseTag,
    help: "A name and value of your own. May be repeated.",
  },
];

const COLUMNS: readonly Column<Frontend>[] = [
  { title: "LISTENER", cell: (frontend) => frontend.listener },
  { title: "HOSTNAME", cell: (frontend) => frontend.hostname },
  { title: "PATH", cell: (frontend) => describePath(frontend.path) },
  { title: "METHOD", cell: (frontend) => frontend.method ?? "any" },
  { title: "TO", cell: describeTarget },
  { title: "TAGS", cell: (frontend) => describeTags(frontend.tags) },
];

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi frontend add --listener 127.0.0.1:8080 --hostname app.example.com --cluster-id app",
    "kakehi frontend list",
  );
  declareChange(command, {
    name: "add",
    orderType: "ADD_FRONTEND",
    options: [...KEY, ...FIELDS],
    required: ["listener", "hostname"],
    examples: [
      "kakehi frontend add --listener 127.0.0.1:8080 --hostname app.example.com --cluster-id app",
      "kakehi frontend add --listener 127.0.0.1:8080 --hostname '*' --path-prefix /admin --deny",
      "kakehi frontend add --listener 127.0.0.1:8080 --hostname old.example.com --redirect-host app.example.com",
    ],
  });
  declareChange(command, {
    name: "remove",
    orderType: "REMOVE_FRONTEND",
    options: KEY,
    required: ["listener", "hostname"],
    examples: ["kakehi frontend remove --listener 127.0.0.1:8080 --hostname app.example.com"],
  });
  declareList(command, COLUMNS, {
    name: "list",
    orderType: "LIST_FRONTENDS",
    options: [...KEY, CLUSTER],
    required: [],
    examples: ["kakehi frontend list", "kakehi frontend list --cluster-id app"],
  });
}

/** As in `/api`, `= /exact`, `~ ^/v[0-9]+`. */
export function describePath(path: PathRule): string {
  if ("prefix" in path) return path.prefix;
  return "exact" in path ? `= ${path.exact}` : `~ ${path.regex}`;
}

/** Where a frontend leads: a cluster, a refusal, or a redirect. */
export function describeTarget(frontend: Frontend): string {
  if (frontend.cluster_id !== undefined) return frontend.cluster_id;
  return frontend.redirect === undefined ? "(deny)" : describeRedirect(frontend.redirect);
}

function describeRedirect({ scheme, host, port, path, status }: Redirect): string {
  const origin =
    scheme === undefined && host === undefined && port === undefined
      ? ""
      : `${scheme ?? "*"}://${host ?? "*"}`;
  return `(redirect ${status} ${origin}${port === undefined ? "" : `:${port}`}${path ?? ""})`;
}

function describeTags(tags: Frontend["tags"]): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}
