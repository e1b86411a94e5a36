/**
 * The ninety-ninth percentile of latency, every contestant at the same fixed rate: half of what HAProxy can
 * carry.
 */
import { join } from "node:path";
import type { Contestant } from "../contestants/contestant.ts";
import { haproxy } from "../contestants/haproxy.ts";
import type { FixedRate, FixedRateResult } from "../load/fixed-rate.ts";
import { outputOf } from "../load/program-output.ts";
import { runWrk } from "../load/wrk.ts";
import { measureInTurn } from "../rounds.ts";
import type { Section } from "../section.ts";
import { median } from "../statistics.ts";
import type { Load } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

const CONNECTIONS = 256;
const CAPACITY_SECONDS = 3;
const WARM_UP_SECONDS = 2;
const GENERATOR = join(import.meta.dirname, "..", "load", "fixed-rate.ts");

export const latencyPart: Part = { name: "latency", run };

async function run(surroundings: Surroundings): Promise<Section> {
  const rate = Math.floor((await capacityOfHaproxy(surroundings)) / 2);
  surroundings.tell(`latency: at ${rate} requests/s`);
  const results = await measureInTurn<FixedRateResult>(surroundings, {
    name: "latency",
    warmUpSeconds: WARM_UP_SECONDS,
    measure: (contestant, seconds) => measure(contestant, rate, seconds),
    tell: ({ p99 }) => `p99 ${p99.toFixed(2)} ms`,
  });
  return sectionOf(rate, results);
}

async function capacityOfHaproxy(surroundings: Surroundings): Promise<number> {
  const contestant = await haproxy.start(surroundings.folder, surroundings.upstreamPort);
  const load: Load = { scheme: "http", path: "/small", connections: 64 };
  try {
    await surroundings.waitForQuiet();
    const { requests, seconds } = await runWrk(surroundings.folder, contestant.port, load, CAPACITY_SECONDS);
    return requests / seconds;
  } finally {
    await contestant.end();
  }
}

async function measure(contestant: Contestant, rate: number, seconds: number): Promise<FixedRateResult> {
  const asked: FixedRate = { port: contestant.port, path: "/small", rate, connections: CONNECTIONS, seconds };
  const output = await outputOf([process.execPath, GENERATOR, JSON.stringify(asked)], seconds);
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the load generator said:\n${output}`);
  return JSON.parse(line) as FixedRateResult;
}

function sectionOf(rate: number, results: ReadonlyMap<string, readonly FixedRateResult[]>): Section {
  const middle = (name: string, field: keyof FixedRateResult): number =>
    median((results.get(name) ?? []).map((result) => result[field]));
  const rows = [...results].map(([name, all]) => [
    name,
    ...(["p50", "p99", "p999"] as const).map((field) => middle(name, field).toFixed(2)),
    String(all.reduce((sum, result) => sum + result.faults, 0)),
  ]);
  const [ours, theirs] = [middle("kakehi-uring", "p99"), middle("haproxy", "p99")];
  const comparable = !Number.isNaN(ours) && !Number.isNaN(theirs);
  return {
    title: "Latency at a fixed rate",
    how:
      `${rate.toLocaleString("en")} requests per second, half of what HAProxy carried, over ${CONNECTIONS} ` +
      "connections, open loop, counted from when each request was due. Medians of the rounds, in milliseconds.",
    head: ["", "p50", "p99", "p99.9", "faults"],
    rows,
    goals: comparable
      ? [
          {
            text: "kakehi-uring's p99 is no worse than HAProxy's",
            measured: `${ours.toFixed(2)} ms and ${theirs.toFixed(2)} ms`,
            met: ours <= theirs,
          },
        ]
      : [],
  };
}
