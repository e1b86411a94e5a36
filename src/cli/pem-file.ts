/**
 * PEM from a file or from standard input, as the value of an option. What is in it is the proxy's to judge.
 */
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";

export const FILE_HELP = "A file of PEM, or - for standard input.";

/** What standard input held: it can be read once, and may hold a certificate and its key. */
let standardInput: string | undefined;

export function readPemFile(path: string): string {
  try {
    if (path !== "-") return readFileSync(path, "utf8");
    return (standardInput ??= readFileSync(0, "utf8"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidArgumentError(`It cannot be read: ${reason}.`);
  }
}
