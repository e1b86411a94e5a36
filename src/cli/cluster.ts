/**
 * `kakehi cluster`: applications, and how their backends are chosen.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import type { Cluster } from "../model/objects.ts";
import { declareList } from "./list-command.ts";
import { type FieldOption, declareChange, declareRemoval, declareUpdate } from "./order-command.ts";
import type { Column } from "./table.ts";

const KEY: FieldOption = { flags: "--cluster-id <id>", field: "cluster_id" };
const FIELDS: readonly FieldOption[] = [
  {
    flags: "--load-balancing <policy>",
    field: "load_balancing",
    choices: ["round_robin", "random", "least_loaded", "power_of_two", "hash"],
  },
  { flags: "--sticky-session", field: "sticky_session" },
  { flags: "--send-proxy-protocol <version>", field: "send_proxy_protocol", choices: ["v1", "v2"] },
];

const COLUMNS: readonly Column<Cluster>[] = [
  { title: "CLUSTER", cell: (cluster) => cluster.cluster_id },
  { title: "LOAD BALANCING", cell: (cluster) => cluster.load_balancing },
  { title: "STICKY", cell: (cluster) => cluster.sticky_session },
  { title: "SENDS PROXY", cell: (cluster) => cluster.send_proxy_protocol },
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
    ],
    resettable: FIELDS.map((option) => option.field),
    examples: ["kakehi cluster update app --load-balancing power_of_two"],
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
