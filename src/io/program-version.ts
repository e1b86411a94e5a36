/**
 * The version of the program that this process runs, from its package.
 */
import { readFileSync } from "node:fs";

const packageFile = new URL("../../package.json", import.meta.url);

/** As in "0.1.0". */
export function programVersion(): string {
  return (JSON.parse(readFileSync(packageFile, "utf8")) as { version: string }).version;
}
