/**
 * What processes hold once they have come to rest, and those of Node have thrown away what they do not need.
 */
import { setTimeout as wait } from "node:timers/promises";
import { collectGarbage } from "./collect-garbage.ts";
import { readMemoryBytes } from "./processor-time.ts";

const SETTLE_MS = 2_000;

/** Private bytes (`RssAnon`, `RssShmem`) of these processes, all of them Node's. */
export async function settledBytes(pids: readonly number[]): Promise<number> {
  await wait(SETTLE_MS);
  for (const pid of pids) await collectGarbage(pid);
  return bytesOf(pids);
}

/** The same of processes that are not Node's. */
export async function restingBytes(pids: readonly number[]): Promise<number> {
  await wait(SETTLE_MS);
  return bytesOf(pids);
}

function bytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + readMemoryBytes(pid), 0);
}
