/**
 * Processor time of the whole program when nothing happens.
 */
import { setTimeout as wait } from "node:timers/promises";
import { configure, startKakehi } from "../contestants/kakehi.ts";
import { readRunSeconds } from "../processor-time.ts";
import { goalAtMost, type Section } from "../section.ts";
import type { Part, Surroundings } from "./part.ts";

const IDLE_SECONDS = 10;
const SETTLE_MS = 2_000;
/** Of three processes together: half a percent of one processor. */
const IDLE_SECONDS_MAX = 0.05;

export const idlePart: Part = { name: "idle", run };

async function run({ folder, upstreamPort, tell }: Surroundings): Promise<Section> {
  const kakehi = await startKakehi(folder, { io: "uring", workers: 2, cores: "0,1" });
  try {
    await configure(kakehi.client, upstreamPort);
    await wait(SETTLE_MS);
    const pids = [kakehi.mainPid, ...kakehi.workerPids];
    const before = pids.map(readRunSeconds);
    await wait(IDLE_SECONDS * 1_000);
    const used = pids.map((pid, index) => readRunSeconds(pid) - before[index]!);
    const total = used.reduce((sum, seconds) => sum + seconds, 0);
    tell(`idle: ${total.toFixed(3)} s of processor time in ${IDLE_SECONDS} s`);
    return {
      title: "Idle",
      how: `Processor time of main and two workers in ${IDLE_SECONDS} s without traffic, with 1,000 frontends.`,
      head: ["", "seconds"],
      rows: used.map((seconds, index) => [index === 0 ? "main" : `worker ${index - 1}`, seconds.toFixed(3)]),
      goals: [goalAtMost(`seconds of processor time in ${IDLE_SECONDS} s`, IDLE_SECONDS_MAX, total)],
    };
  } finally {
    await kakehi.end();
  }
}
