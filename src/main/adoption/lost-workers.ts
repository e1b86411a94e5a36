/**
 * Workers of a main before us that no main can reach any more, because their sockets were deleted: they are
 * known by how they were started, and hold the addresses that they listen at.
 */
import { readdirSync, readFileSync } from "node:fs";
import { rendezvousPath } from "./rendezvous-paths.ts";

/** The process ids of workers that were started for this command socket, as far as /proc shows them. */
export function findWorkerProcesses(socketPath: string): readonly number[] {
  const prefix = rendezvousPath(socketPath, 0).slice(0, -1);
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const args = argumentsOf(pid);
      return args[args.indexOf("--rendezvous") + 1]?.startsWith(prefix) === true;
    });
}

/** What to do about them, as the end of a sentence; "" where there are none. */
export function lostWorkersText(pids: readonly number[]): string {
  if (pids.length === 0) return "";
  const [they, their] = pids.length === 1 ? ["worker", "its"] : ["workers", "their"];
  return `; ${they} of a main before this one (process ${pids.join(", ")}) cannot be reached, as ${their} sockets beside the command socket are gone: have them finish with \`kill ${pids.join(" ")}\`, and start again`;
}

/** None, where the process is gone or another user's. */
function argumentsOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
