/**
 * `kakehi drain` and `kakehi undrain`: no new use of something that stays, and use again.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import { declareChange, declareRemoval, type OrderCommand } from "./order-command.ts";

/** What can drain: the key fields that name one. */
const SUBJECTS: readonly { readonly name: string; readonly key: readonly string[]; readonly as: string }[] = [
  { name: "backend", key: ["cluster_id", "backend_id"], as: "app app-1" },
  { name: "cluster", key: ["cluster_id"], as: "app" },
  { name: "listener", key: ["address"], as: "127.0.0.1:8080" },
];

const FLAGS: Readonly<Record<string, string>> = {
  cluster_id: "--cluster-id <id>",
  backend_id: "--backend-id <id>",
  address: "--address <ip:port>",
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
    options: key.map((field) => ({ flags: FLAGS[field]!, field })),
    positional: key,
    required: key,
    examples: [`kakehi ${verb} ${name} ${as}`],
  }));
}
