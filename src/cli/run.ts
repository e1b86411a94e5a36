/**
 * `kakehi run`: the proxy itself, in the foreground.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";

export function declare(command: Command): void {
  showExample(command, "kakehi run --demo");
}
