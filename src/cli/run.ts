/**
 * `kakehi run`: the proxy itself, in the foreground.
 */
import type { Command } from "commander";
import { UsageError } from "./exit-codes.ts";

export function declare(_command: Command): void {
  throw new UsageError("not yet");
}
