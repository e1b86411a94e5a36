/**
 * What a unit of work (a request, a handshake) costs a proxy in processor time, and how that is shown.
 */
import type { Contestant } from "./contestants/contestant.ts";
import { readProcessorTime, usedBetween } from "./processor-time.ts";
import { median } from "./statistics.ts";

/** One round of one contestant, in microseconds of processor time per unit. */
export interface CostRound {
  readonly total: number;
  readonly user: number;
  readonly kernel: number;
  /** Of the program's other processes. */
  readonly other: number;
  readonly unitsPerSecond: number;
  readonly faults: number;
}

/** What a load has done. */
export interface WorkDone {
  readonly units: number;
  readonly faults: number;
  readonly seconds: number;
}

/** Rounds by the name of the contestant. */
export type CostRounds = ReadonlyMap<string, readonly CostRound[]>;

/** Runs a load against a contestant, and reads what that has cost. */
export async function costOf(contestant: Contestant, load: () => Promise<WorkDone>): Promise<CostRound> {
  const before = readProcessorTime(contestant.workerPids);
  const otherBefore = readProcessorTime(contestant.otherPids);
  const { units, faults, seconds } = await load();
  const used = usedBetween(before, readProcessorTime(contestant.workerPids));
  const other = usedBetween(otherBefore, readProcessorTime(contestant.otherPids));
  const perUnit = (time: number): number => (time * 1e6) / units;
  return {
    total: perUnit(used.user + used.kernel),
    user: perUnit(used.user),
    kernel: perUnit(used.kernel),
    other: perUnit(other.user + other.kernel),
    unitsPerSecond: units / seconds,
    faults,
  };
}

/** One round in words, for the terminal. */
export function costText(round: CostRound, units: string): string {
  const { total, user, kernel, unitsPerSecond, faults } = round;
  const cost = `${total.toFixed(1)} µs (user ${user.toFixed(1)}, kernel ${kernel.toFixed(1)})`;
  return `${cost}, ${Math.round(unitsPerSecond)} ${units}/s${faults > 0 ? `, ${faults} FAULTS` : ""}`;
}

/** The median over a contestant's rounds; `NaN` where it was not measured. */
export function medianCost(rounds: CostRounds, name: string, field: keyof CostRound = "total"): number {
  return median((rounds.get(name) ?? []).map((round) => round[field]));
}

/** A contestant's cost as a share of what the cheapest of these contestants takes. */
export function costRatio(
  rounds: CostRounds,
  name: string,
  others: readonly string[],
  field: "total" | "user" = "total",
): number {
  const known = others.map((other) => medianCost(rounds, other, field)).filter((cost) => !Number.isNaN(cost));
  return known.length === 0 ? Number.NaN : medianCost(rounds, name, field) / Math.min(...known);
}

/** From the cheapest round to the dearest. */
export function spreadText(rounds: readonly CostRound[]): string {
  const totals = rounds.map((round) => round.total);
  return `${Math.min(...totals).toFixed(1)} – ${Math.max(...totals).toFixed(1)}`;
}

/** The faults of all rounds. */
export function faultsIn(rounds: readonly CostRound[]): number {
  return rounds.reduce((sum, round) => sum + round.faults, 0);
}
