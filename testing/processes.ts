/** Processes as the kernel shows them (Linux, `/proc`): who descends from whom, and who is gone. */
import { readdirSync, readFileSync } from "node:fs";
import { askUntil } from "./deadline.ts";

/** All processes that descend from `pid`, without itself. */
export function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const parent = parentOf(Number(name));
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const found = [pid];
  for (const ancestor of found) {
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
  }
  return found.slice(1);
}

/** All processes of a group that are there and no zombies. */
export function membersOf(group: number): number[] {
  const pids = readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name));
  return pids.map(Number).filter((pid) => {
    const stat = statOf(pid);
    return stat !== undefined && Number(stat[2]) === group && stat[0] !== "Z";
  });
}

/** The command line of a process, its words with spaces between; empty when it is gone. */
export function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat[0] !== "Z";
}

/** Resolves when none of them is there any more. */
export async function whenGone(pids: readonly number[], timeoutMs: number): Promise<void> {
  await askUntil(timeoutMs, `the end of ${pids.join(", ")}`, () => (pids.some(isAlive) ? undefined : true));
}

/** Sends a signal; a process that is gone already is none of our concern. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Stops a process (SIGSTOP); resolves when it does nothing more. */
export async function freeze(pid: number, timeoutMs: number): Promise<void> {
  signal(pid, "SIGSTOP");
  await askUntil(timeoutMs, `process ${pid} to stand still`, () => statOf(pid)?.[0] === "T" || undefined);
}

/** Of each of its threads (proc_pid_stat(5): the nineteenth field). */
export function nicenessOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => Number(statOf(pid, thread)?.[16]));
}

/** Memory in use, in bytes. */
export function residentBytesOf(pid: number): number {
  const line = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1_024;
}

function parentOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined ? undefined : Number(stat[1]);
}

/** The fields of `/proc/PID/stat` from the state on; the name before it may hold anything. */
function statOf(pid: number, thread?: string): string[] | undefined {
  try {
    const path = thread === undefined ? `/proc/${pid}/stat` : `/proc/${pid}/task/${thread}/stat`;
    const text = readFileSync(path, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
