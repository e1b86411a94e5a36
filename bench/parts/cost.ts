/**
 * Processor time per request, contestant by contestant, in turn: the first thing that this project is
 * measured by. All contestants are up at once and idle but for the one under load, so that every round
 * compares the same minutes.
 */
import type { Contestant } from "../contestants/contestant.ts";
import { runWrk } from "../load/wrk.ts";
import { readProcessorTime, usedBetween } from "../processor-time.ts";
import { goalAtMost, type Goal, type Section } from "../section.ts";
import { median } from "../statistics.ts";
import type { Load } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

/** A load and what Kakehi must reach under it, as a ratio to HAProxy's processor time. */
interface CostCase {
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  readonly goals: readonly {
    readonly contestant: string;
    readonly of: "total" | "user";
    readonly max: number;
  }[];
}

const CASES: readonly CostCase[] = [
  {
    name: "keepalive",
    title: "Small answers, 64 kept-alive connections",
    load: { path: "/small", connections: 64 },
    goals: [
      { contestant: "kakehi-uring", of: "total", max: 0.85 },
      { contestant: "kakehi-uring", of: "user", max: 0.6 },
      { contestant: "kakehi-node", of: "total", max: 1.8 },
    ],
  },
  {
    name: "connections",
    title: "Small answers, 1,000 kept-alive connections",
    load: { path: "/small", connections: 1_000 },
    goals: [{ contestant: "kakehi-uring", of: "total", max: 0.75 }],
  },
  {
    name: "bodies-64k",
    title: "64 KB bodies, 64 kept-alive connections",
    load: { path: "/64k", connections: 64 },
    goals: [{ contestant: "kakehi-uring", of: "total", max: 1 }],
  },
  {
    name: "bodies-1m",
    title: "1 MB bodies, 64 kept-alive connections",
    load: { path: "/1m", connections: 64 },
    goals: [{ contestant: "kakehi-uring", of: "total", max: 1 }],
  },
];

/** One round of one contestant, in microseconds of processor time per request. */
interface Round {
  readonly total: number;
  readonly user: number;
  readonly kernel: number;
  readonly other: number;
  readonly requestsPerSecond: number;
  readonly faults: number;
}

export const COST_PARTS: readonly Part[] = CASES.map((costCase) => ({
  name: costCase.name,
  run: (surroundings) => runCase(costCase, surroundings),
}));

async function runCase(costCase: CostCase, surroundings: Surroundings): Promise<Section> {
  const running: Contestant[] = [];
  const rounds = new Map<string, Round[]>();
  try {
    for (const kind of surroundings.contestants) {
      running.push(await kind.start(surroundings.folder, surroundings.upstreamPort));
    }
    for (const contestant of running) await measure(contestant, costCase.load, surroundings, WARM_UP_SECONDS);
    for (let round = 1; round <= surroundings.options.rounds; round++) {
      for (const contestant of running) {
        await surroundings.waitForQuiet();
        const result = await measure(contestant, costCase.load, surroundings, surroundings.options.seconds);
        rounds.set(contestant.name, [...(rounds.get(contestant.name) ?? []), result]);
        surroundings.tell(
          `${costCase.name} ${round}/${surroundings.options.rounds} ${contestant.name}: ${told(result)}`,
        );
      }
    }
  } finally {
    for (const contestant of running) await contestant.end();
  }
  return sectionOf(costCase, rounds, surroundings.options.seconds);
}

/** Long enough for the compilers of a garbage-collected language to have seen the hot path. */
const WARM_UP_SECONDS = 4;

async function measure(
  contestant: Contestant,
  load: Load,
  { folder }: Surroundings,
  seconds: number,
): Promise<Round> {
  const before = readProcessorTime(contestant.workerPids);
  const otherBefore = readProcessorTime(contestant.otherPids);
  const { requests, faults, seconds: lasted } = await runWrk(folder, contestant.port, load, seconds);
  const used = usedBetween(before, readProcessorTime(contestant.workerPids));
  const other = usedBetween(otherBefore, readProcessorTime(contestant.otherPids));
  const perRequest = (time: number): number => (time * 1e6) / requests;
  return {
    total: perRequest(used.user + used.kernel),
    user: perRequest(used.user),
    kernel: perRequest(used.kernel),
    other: perRequest(other.user + other.kernel),
    requestsPerSecond: requests / lasted,
    faults,
  };
}

function told(round: Round): string {
  const { total, user, kernel, requestsPerSecond, faults } = round;
  const cost = `${total.toFixed(1)} µs (user ${user.toFixed(1)}, kernel ${kernel.toFixed(1)})`;
  return `${cost}, ${Math.round(requestsPerSecond)} requests/s${faults > 0 ? `, ${faults} FAULTS` : ""}`;
}

function sectionOf(
  costCase: CostCase,
  rounds: ReadonlyMap<string, readonly Round[]>,
  seconds: number,
): Section {
  const middle = (name: string, field: keyof Round): number =>
    median((rounds.get(name) ?? []).map((round) => round[field]));
  const ratio = (name: string, field: "total" | "user"): number =>
    middle(name, field) / middle("haproxy", field);
  const rows = [...rounds].map(([name, all]) => [
    name,
    ...(["total", "user", "kernel", "other"] as const).map((field) => middle(name, field).toFixed(1)),
    ratio(name, "total").toFixed(2),
    ratio(name, "user").toFixed(2),
    Math.round(middle(name, "requestsPerSecond")).toLocaleString("en"),
    spreadOf(all),
    String(all.reduce((sum, round) => sum + round.faults, 0)),
  ]);
  const goals = costCase.goals
    .filter((goal) => rounds.has(goal.contestant) && rounds.has("haproxy"))
    .map((goal): Goal => {
      const text = `${goal.contestant}, ${goal.of === "total" ? "in all" : "user time"}, ratio to HAProxy`;
      return goalAtMost(text, goal.max, ratio(goal.contestant, goal.of));
    });
  return { title: costCase.title, how: howOf(costCase.load, rounds, seconds), head: HEAD, rows, goals };
}

const HEAD: readonly string[] = [
  "",
  "µs/request",
  "user",
  "kernel",
  "other processes",
  "ratio",
  "ratio, user",
  "requests/s",
  "spread",
  "faults",
];

function howOf(load: Load, rounds: ReadonlyMap<string, readonly Round[]>, seconds: number): string {
  const count = Math.max(0, ...[...rounds.values()].map((all) => all.length));
  return (
    `Processor time of the worker per request; medians of ${count} rounds of ${seconds} s in turn, ` +
    `${load.connections} connections, closed loop. Ratios are to HAProxy; the spread is from the cheapest round to the dearest.`
  );
}

function spreadOf(rounds: readonly Round[]): string {
  const totals = rounds.map((round) => round.total);
  return `${Math.min(...totals).toFixed(1)} – ${Math.max(...totals).toFixed(1)}`;
}
