/**
 * Who of our processes comes first where there are more of them than processors: one that starts stands back
 * behind those that carry traffic (setpriority(2), sched(7)).
 *
 * Rules of this file:
 *  1. Only who may be brought forward again stands back for a while: raising a process needs CAP_SYS_NICE, or
 *     a limit that allows it (getrlimit(2), RLIMIT_NICE). Where we have neither, everybody stays as it is.
 *  2. What the kernel refuses here is no fault of anybody's: the process runs on, only not as wished.
 */
import { readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** So much nicer than it was is who stands back: a ninth of another's share, where they compete. */
export const STAND_BACK_BY = 10;

const NICENESS_MAX = 19;
/** capability.h(7): the bit of CAP_SYS_NICE. */
const CAP_SYS_NICE = 23n;
/** getrlimit(2): a limit of 20 allows niceness 0, one of 40 allows -20. */
const LIMIT_OF_ZERO = 20;

/** It carries no traffic and never will. */
export function giveWay(pid: number): void {
  const niceness = attempt(() => getPriority(pid));
  if (niceness !== undefined) setThreads(pid, Math.min(NICENESS_MAX, niceness + STAND_BACK_BY));
}

/**
 * For now it carries no traffic. Gives what `comeForward` needs; `undefined` if it stays as it is.
 */
export function standBack(pid: number): number | undefined {
  const niceness = attempt(() => getPriority(pid));
  if (niceness === undefined || !mayRaise(niceness)) return undefined;
  giveWay(pid);
  return niceness;
}

/** All its threads are as they were before it stood back. */
export function comeForward(pid: number, niceness: number): void {
  setThreads(pid, niceness);
}

/** Whether a process of ours may be set to `niceness` from above. */
export function mayRaise(niceness: number): boolean {
  const read = (file: string): string => attempt(() => readFileSync(`/proc/self/${file}`, "utf8")) ?? "";
  return mayRaiseBy(niceness, read("status"), read("limits"));
}

/** The same, by what proc_pid_status(5) and proc_pid_limits(5) say of us. */
export function mayRaiseBy(niceness: number, status: string, limits: string): boolean {
  const effective = /^CapEff:\s+([0-9a-f]+)$/m.exec(status)?.[1];
  if (effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_SYS_NICE) & 1n) === 1n) return true;
  const limit = /^Max nice priority\s+(\S+)/m.exec(limits)?.[1];
  return limit === "unlimited" || Number(limit ?? 0) >= LIMIT_OF_ZERO - niceness;
}

/** The first of them first: those that it makes from then on start like it. */
function setThreads(pid: number, niceness: number): void {
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  for (const thread of threads) attempt(() => setPriority(Number(thread), niceness));
}

function attempt<Value>(body: () => Value): Value | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}
