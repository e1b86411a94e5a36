/**
 * Processor time per request, contestant by contestant, in turn: the first thing that this project is
 * measured by.
 */
import { wildcardWith } from "../certificates/wildcard.ts";
import type { Contestant } from "../contestants/contestant.ts";
import { agreementOfAll, PINNED } from "../load/secured-connection.ts";
import { runWrk } from "../load/wrk.ts";
import {
  costOf,
  costRatio,
  type CostRound,
  type CostRounds,
  costText,
  faultsIn,
  medianCost,
  spreadText,
} from "../processor-cost.ts";
import { measureInTurn } from "../rounds.ts";
import { goalAtMost, type Goal, type Section } from "../section.ts";
import { hostnameOf, type Load } from "../workload.ts";
import { COST_CASES, type CostCase } from "./cost-cases.ts";
import type { Part, Surroundings } from "./part.ts";

export const COST_PARTS: readonly Part[] = COST_CASES.map((costCase) => ({
  name: costCase.name,
  run: (surroundings) => runCase(costCase, surroundings),
}));

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

async function runCase(costCase: CostCase, surroundings: Surroundings): Promise<Section> {
  const { load } = costCase;
  let agreed = "";
  const rounds = await measureInTurn<CostRound>(surroundings, {
    name: costCase.name,
    ...(load.scheme === "https" ? { wildcard: wildcardWith("ecdsa", surroundings.folder) } : {}),
    begin: async (running) => {
      if (load.scheme === "http") return;
      // The groups as wrk offers them, which has an OpenSSL of its own.
      agreed = await agreementOfAll(running, { name: hostnameOf(0), groups: PINNED.groups });
    },
    measure: (contestant, seconds) => measure(contestant, load, surroundings.folder, seconds),
    tell: (round) => costText(round, "requests"),
  });
  const how = `${howOf(load, rounds, surroundings.options.seconds)}${agreed === "" ? "" : ` Agreed by all: ${agreed}.`}`;
  return { title: costCase.title, how, head: HEAD, rows: rowsOf(rounds), goals: goalsOf(costCase, rounds) };
}

function measure(contestant: Contestant, load: Load, folder: string, seconds: number): Promise<CostRound> {
  return costOf(contestant, async () => {
    const { requests, faults, seconds: lasted } = await runWrk(folder, contestant.port, load, seconds);
    return { units: requests, faults, seconds: lasted };
  });
}

function rowsOf(rounds: CostRounds): readonly (readonly string[])[] {
  return [...rounds].map(([name, all]) => [
    name,
    ...(["total", "user", "kernel", "other"] as const).map((field) =>
      medianCost(rounds, name, field).toFixed(1),
    ),
    costRatio(rounds, name, ["haproxy"]).toFixed(2),
    costRatio(rounds, name, ["haproxy"], "user").toFixed(2),
    Math.round(medianCost(rounds, name, "unitsPerSecond")).toLocaleString("en"),
    spreadText(all),
    String(faultsIn(all)),
  ]);
}

function goalsOf({ goals }: CostCase, rounds: CostRounds): readonly Goal[] {
  return goals
    .filter((goal) => rounds.has(goal.contestant) && rounds.has("haproxy"))
    .map(({ contestant, of, max }) => {
      const text = `${contestant}, ${of === "total" ? "in all" : "user time"}, ratio to HAProxy`;
      return goalAtMost(text, max, costRatio(rounds, contestant, ["haproxy"], of));
    });
}

function howOf(load: Load, rounds: CostRounds, seconds: number): string {
  const count = Math.max(0, ...[...rounds.values()].map((all) => all.length));
  return (
    `Processor time of the worker per request; medians of ${count} rounds of ${seconds} s in turn, ` +
    `${load.connections} connections, closed loop. Ratios are to HAProxy; the spread is from the cheapest round to the dearest.`
  );
}
