/**
 * `kakehi cluster`: applications, and how their backends are chosen.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import type { Cluster, HealthCheck } from "../model/objects.ts";
import { declareList } from "./list-command.ts";
import { parseCount, parseCounts, parseDurationMs } from "./option-values.ts";
import { type FieldOption, declareChange, declareRemoval, declareUpdate } from "./order-command.ts";
import { FILE_HELP, readPemFile } from "./pem-file.ts";
import type { Column } from "./table.ts";

const KEY: FieldOption = { flags: "--cluster-id <id>", field: "cluster_id" };
const FIELDS: readonly FieldOption[] = [
  {
    flags: "--load-balancing <policy>",
    field: "load_balancing",
    choices: ["round_robin", "random", "least_loaded", "power_of_two", "hash"],
  },
  { flags: "--sticky-session", field: "sticky_session" },
  { flags: "--https-redirect", field: "https_redirect" },
  { flags: "--send-proxy-protocol <version>", field: "send_proxy_protocol", choices: ["v1", "v2"] },
  { flags: "--health-check-path <path>", field: "health_check.path" },
  {
    flags: "--health-check-interval <duration>",
    field: "health_check.interval_ms",
    parse: parseDurationMs,
  },
  { flags: "--health-check-timeout <duration>", field: "health_check.timeout_ms", parse: parseDurationMs },
  { flags: "--health-check-healthy <count>", field: "health_check.healthy", parse: parseCount },
  { flags: "--health-check-unhealthy <count>", field: "health_check.unhealthy", parse: parseCount },
  { flags: "--health-check-status <list>", field: "health_check.status", parse: parseCounts },
  {
    flags: "--tls-verify",
    field: "tls.verify",
    help: "Speak TLS to the backends, and verify their certificates.",
  },
  {
    flags: "--no-tls-verify",
    field: "tls.verify",
    help: "Speak TLS to the backends, and take any certificate.",
  },
  { flags: "--tls-server-name <name>", field: "tls.server_name" },
  {
    flags: "--tls-ca <file>",
    field: "tls.ca",
    parse: (path: string, before: readonly string[] = []) => [...before, readPemFile(path)],
    help: `Whom to trust: ${FILE_HELP.toLowerCase()} May be repeated.`,
  },
  { flags: "--tls-certificate <file>", field: "tls.certificate", parse: readPemFile, help: FILE_HELP },
  {
    flags: "--tls-chain <file>",
    field: "tls.chain",
    parse: (path: string, before: readonly string[] = []) => [...before, readPemFile(path)],
    help: `${FILE_HELP} May be repeated.`,
  },
  { flags: "--tls-key <file>", field: "tls.key", parse: readPemFile, help: FILE_HELP },
];

const COLUMNS: readonly Column<Cluster>[] = [
  { title: "CLUSTER", cell: (cluster) => cluster.cluster_id },
  { title: "LOAD BALANCING", cell: (cluster) => cluster.load_balancing },
  { title: "STICKY", cell: (cluster) => cluster.sticky_session },
  { title: "HTTPS ONLY", cell: (cluster) => cluster.https_redirect },
  { title: "SENDS PROXY", cell: (cluster) => cluster.send_proxy_protocol },
  { title: "TLS", cell: ({ tls }) => tls && (tls.verify ? "verified" : "not verified") },
  { title: "HEALTH CHECK", cell: (cluster) => describeHealthCheck(cluster.health_check) },
];

export function declare(command: Command): void {
  showExample(command, "kakehi cluster add app", "kakehi cluster list");
  const common = { positional: ["cluster_id"], required: ["cluster_id"] };
  declareChange(command, {
    ...common,
    name: "add",
    orderType: "ADD_CLUSTER",
    options: [KEY, ...FIELDS],
    examples: [
      "kakehi cluster add app",
      "kakehi cluster add app --load-balancing least_loaded",
      "kakehi cluster add shop --sticky-session",
      "kakehi cluster add shop --https-redirect",
      "kakehi cluster add app --health-check-path /health --health-check-interval 5s",
      "kakehi cluster add app --tls-server-name app.internal --tls-ca ca.pem",
    ],
  });
  declareUpdate(command, {
    ...common,
    name: "update",
    orderType: "UPDATE_CLUSTER",
    options: [
      KEY,
      ...FIELDS,
      { flags: "--no-sticky-session", field: "sticky_session", help: "Choose a backend for each request." },
      { flags: "--no-https-redirect", field: "https_redirect", help: "Serve requests without TLS, too." },
    ],
    resettable: [
      "load_balancing",
      "sticky_session",
      "https_redirect",
      "send_proxy_protocol",
      "health_check",
      "tls",
    ],
    examples: [
      "kakehi cluster update app --load-balancing power_of_two",
      "kakehi cluster update app --reset health-check",
    ],
  });
  declareRemoval(command, {
    ...common,
    name: "remove",
    orderType: "REMOVE_CLUSTER",
    options: [KEY, { flags: "--cascade", field: "cascade" }],
    examples: ["kakehi cluster remove app --cascade"],
  });
  declareList(command, COLUMNS, {
    name: "list",
    orderType: "LIST_CLUSTERS",
    options: [KEY],
    positional: ["cluster_id"],
    required: [],
    examples: ["kakehi cluster list"],
  });
}

/** As in `/health every 10000 ms`. */
function describeHealthCheck(check: HealthCheck | undefined): string {
  return check === undefined ? "" : `${check.path} every ${check.interval_ms} ms`;
}
