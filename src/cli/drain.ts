/**
 * `kakehi drain` and `kakehi undrain`: no new use of something that stays, and use again.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import { parseCount } from "./option-values.ts";
import { declareChange, declareRemoval, type FieldOption, type OrderCommand } from "./order-command.ts";

/** What can drain: the key fields that name one. */
const SUBJECTS: readonly { readonly name: string; readonly key: readonly string[]; readonly as: string }[] = [
  { name: "backend", key: ["cluster_id", "backend_id"], as: "app app-1" },
  { name: "cluster", key: ["cluster_id"], as: "app" },
  { name: "listener", key: ["address"], as: "127.0.0.1:8080" },
  { name: "worker", key: ["worker"], as: "1" },
];

const OPTIONS: Readonly<Record<string, FieldOption>> = {
  cluster_id: { flags: "--cluster-id <id>", field: "cluster_id" },
  backend_id: { flags: "--backend-id <id>", field: "backend_id" },
  address: { flags: "--address <ip:port>", field: "address" },
  worker: { flags: "--worker <number>", field: "worker", parse: parseCount },
};

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi drain backend app app-1 --deadline 30s",
    "kakehi drain listener 127.0.0.1:8080",
  );
  for (const order of commandsOf("drain")) declareRemoval(command, order);
}

/** `kakehi undrain`, which takes back what `kakehi drain` did. */
export function declareUndrain(command: Command): void {
  showExample(command, "kakehi undrain backend app app-1");
  for (const order of commandsOf("undrain")) declareChange(command, order);
}

function commandsOf(verb: "drain" | "undrain"): readonly OrderCommand[] {
  return SUBJECTS.map(({ name, key, as }) => ({
    name,
    orderType: verb === "drain" ? "DRAIN" : "UNDRAIN",
    options: key.map((field) => OPTIONS[field]!),
    positional: key,
    required: key,
    examples: [`kakehi ${verb} ${name} ${as}`],
  }));
}
