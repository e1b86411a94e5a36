/**
 * From the start of the program with a big state file until the last of its hostnames is served.
 */
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { bulkHostnameOf, writeBulkState } from "../bulk-state.ts";
import { startKakehi } from "../contestants/kakehi.ts";
import { findFreePort } from "../processes.ts";
import { goalAtMost, type Section } from "../section.ts";
import { median } from "../statistics.ts";
import type { Part, Surroundings } from "./part.ts";

const OBJECTS = 100_000;
const SERVE_MS_MAX = 60_000;
const RETRY_MS = 10;

export const startPart: Part = { name: "start", run };

async function run(surroundings: Surroundings): Promise<Section> {
  const seconds: number[] = [];
  for (let round = 1; round <= Math.min(3, surroundings.options.rounds); round++) {
    await surroundings.waitForQuiet();
    seconds.push(await measure(surroundings));
    surroundings.tell(`start ${round}: ${seconds.at(-1)?.toFixed(2)} s until serving`);
  }
  const count = OBJECTS.toLocaleString("en");
  return {
    title: "Start with a big state",
    how: `${count} clusters with a frontend and a backend each, from a state file, one worker, until the last is served.`,
    head: ["", "seconds"],
    rows: [["until serving, median", median(seconds).toFixed(2)]],
    goals: [goalAtMost(`seconds until ${count} clusters are served`, 5, median(seconds))],
  };
}

async function measure({ folder, upstreamPort }: Surroundings): Promise<number> {
  const port = await findFreePort();
  const path = join(folder, "start.state");
  writeBulkState(path, { count: OBJECTS, listener: `127.0.0.1:${port}`, upstreamPort });
  const started = performance.now();
  const kakehi = await startKakehi(folder, {
    io: "uring",
    workers: 1,
    cores: "0,1",
    args: [`--state=${path}`],
  });
  try {
    while (!(await serves(port, bulkHostnameOf(OBJECTS - 1)))) {
      if (performance.now() - started > SERVE_MS_MAX) throw new Error("does not serve");
      await wait(RETRY_MS);
    }
    return (performance.now() - started) / 1_000;
  } finally {
    await kakehi.end();
  }
}

function serves(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ host: "127.0.0.1", port, path: "/small", headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .once("error", () => resolve(false))
      .end();
  });
}
