/**
 * What a process has cost so far: processor time, user and kernel apart, and memory, from `/proc`
 * (proc_pid_stat(5)).
 */
import { readdirSync, readFileSync } from "node:fs";

/** Linux counts in hundredths of a second here, whatever the kernel's own clock (sysconf `_SC_CLK_TCK`). */
const TICK_SECONDS = 0.01;

/** Processor time in seconds. */
export interface ProcessorTime {
  readonly user: number;
  readonly kernel: number;
}

/** The sum over all threads of these processes. */
export function readProcessorTime(pids: readonly number[]): ProcessorTime {
  const times = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { user: Number(fields[11]) * TICK_SECONDS, kernel: Number(fields[12]) * TICK_SECONDS };
  });
  return {
    user: times.reduce((sum, time) => sum + time.user, 0),
    kernel: times.reduce((sum, time) => sum + time.kernel, 0),
  };
}

/**
 * Seconds that the threads which a process has now have run, to the nanosecond
 * (`/proc/PID/task/N/schedstat`): for spans of a few ticks.
 */
export function readRunSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const run = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"));
  return run.reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e9, 0);
}

/** What was used between two readings. */
export function usedBetween(before: ProcessorTime, after: ProcessorTime): ProcessorTime {
  return { user: after.user - before.user, kernel: after.kernel - before.kernel };
}

/** Bytes of memory that are the process's own and in use (`VmRSS` less what is shared with files). */
export function readMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  return (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024;
}
