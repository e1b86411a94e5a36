/**
 * Help that begins with an example: most people read no further.
 */
import type { Command } from "commander";

/** Puts what the command does and examples of it before its usage. */
export function showExample(command: Command, ...examples: readonly string[]): void {
  const title = examples.length === 1 ? "Example:" : "Examples:";
  const lines = examples.map((example) => `  ${example}\n`).join("");
  command.addHelpText("before", () => `${title}\n${lines}`);
}
