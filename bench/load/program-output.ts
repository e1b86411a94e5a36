/**
 * Runs a load generator to its end and gives what it said.
 */
import { spawn } from "node:child_process";
import { LOAD_CORE } from "../processes.ts";

/** Grace for a generator to stop by itself before it is ended. */
const GRACE_MS = 10_000;

/** Runs `command` on the load core; `seconds` is how long it means to run. Both its streams, as text. */
export function outputOf(command: readonly string[], seconds: number, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("taskset", ["-c", String(LOAD_CORE), ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: seconds * 1_000 + GRACE_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.once("error", reject);
    child.once("close", () => resolve(output));
  });
}
