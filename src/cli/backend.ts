/**
 * `kakehi backend`: the addresses of a cluster.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import type { Backend } from "../model/objects.ts";
import { declareList } from "./list-command.ts";
import { type FieldOption, declareChange, declareRemoval, declareUpdate } from "./order-command.ts";
import { parseCount } from "./option-values.ts";
import type { Column } from "./table.ts";

const KEY: readonly FieldOption[] = [
  { flags: "--cluster-id <id>", field: "cluster_id" },
  { flags: "--backend-id <id>", field: "backend_id" },
];
const FIELDS: readonly FieldOption[] = [
  { flags: "--address <ip:port>", field: "address" },
  { flags: "--weight <count>", field: "weight", parse: parseCount },
  { flags: "--backup", field: "backup" },
  { flags: "--sticky-id <value>", field: "sticky_id" },
];

const COLUMNS: readonly Column<Backend>[] = [
  { title: "CLUSTER", cell: (backend) => backend.cluster_id },
  { title: "BACKEND", cell: (backend) => backend.backend_id },
  { title: "ADDRESS", cell: (backend) => backend.address },
  { title: "WEIGHT", align: "right", cell: (backend) => backend.weight },
  { title: "BACKUP", cell: (backend) => backend.backup },
];

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi backend add app app-1 127.0.0.1:9001",
    "kakehi backend remove app app-1",
    "kakehi backend list app",
  );
  declareChange(command, {
    name: "add",
    orderType: "ADD_BACKEND",
    options: [...KEY, ...FIELDS],
    positional: ["cluster_id", "backend_id", "address"],
    required: ["cluster_id", "backend_id", "address"],
    examples: [
      "kakehi backend add app app-1 127.0.0.1:9001",
      "kakehi backend add app spare 127.0.0.1:9009 --backup",
    ],
  });
  declareUpdate(command, {
    name: "update",
    orderType: "UPDATE_BACKEND",
    options: [...KEY, ...FIELDS, { flags: "--no-backup", field: "backup", help: "Use it as the others." }],
    positional: ["cluster_id", "backend_id"],
    required: ["cluster_id", "backend_id"],
    resettable: ["weight", "backup", "sticky_id"],
    examples: ["kakehi backend update app app-1 --weight 50"],
  });
  declareRemoval(command, {
    name: "remove",
    orderType: "REMOVE_BACKEND",
    options: KEY,
    positional: ["cluster_id", "backend_id"],
    required: ["cluster_id", "backend_id"],
    examples: [
      "kakehi backend remove app app-1",
      "kakehi backend remove app app-1 --deadline 30s --on-deadline close",
    ],
  });
  declareList(command, COLUMNS, {
    name: "list",
    orderType: "LIST_BACKENDS",
    options: KEY,
    positional: ["cluster_id", "backend_id"],
    required: [],
    examples: ["kakehi backend list", "kakehi backend list app --json"],
  });
}
