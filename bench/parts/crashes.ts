/**
 * What clients notice when main is killed and started again, and when a worker is: all at once, nothing
 * tried again, every fault counted.
 */
import { witness, type WitnessReport } from "../../testing/witness/witness.ts";
import { goalAtMost, type Section } from "../section.ts";
import { startKillable, type Victim } from "../upgrade/crashes.ts";
import {
  BACKEND_ID,
  CHANGES_PER_SECOND,
  PAUSE_MS,
  TRAFFIC,
  TRAFFIC_TEXT,
  withBackends,
} from "../upgrade/load.ts";
import { publishedProgram } from "../../testing/published.ts";
import type { Part, Surroundings } from "./part.ts";

const MAIN_KILLS = 5;
const ADOPTION_MS_MAX = 1_000;
/** Connections that a worker never had, answers that were wrong, and clients that nobody answered. */
const INEXCUSABLE = ["refused", "timeout", "malformed", "status", "body", "unsolicited"] as const;

export const crashesPart: Part = { name: "crashes", run };

interface Outcome {
  readonly report: WitnessReport;
  readonly adoptionsMs: readonly number[];
  readonly lost: readonly string[];
}

async function run(surroundings: Surroundings): Promise<Section> {
  const main = await kill("main", MAIN_KILLS, surroundings);
  const worker = await kill("worker", 1, surroundings);
  const excess = INEXCUSABLE.reduce((sum, kind) => sum + (worker.report.faultsByKind[kind] ?? 0), 0);
  const slowest = Math.max(...main.adoptionsMs);
  return {
    title: "Crashes under traffic",
    how:
      `Main of two workers is killed ${MAIN_KILLS} times and started again at once, then one worker is killed, ` +
      `under ${TRAFFIC_TEXT}, with ${CHANGES_PER_SECOND} changes/s. Nothing is tried again.`,
    head: ["", "main", "a worker"],
    rows: [
      ["requests answered", ...[main, worker].map(({ report }) => `${report.requests}`)],
      ["faults", ...[main, worker].map(({ report }) => `${report.faults}`)],
      ["of which kinds", ...[main, worker].map(({ report }) => kindsText(report))],
      ["changes answered OK, lost", ...[main, worker].map(changesText)],
      ["adoption, ms", `${Math.min(...main.adoptionsMs).toFixed(0)} to ${slowest.toFixed(0)}`, ""],
    ],
    goals: [
      goalAtMost("faults when main is killed", 0, main.report.faults, 0),
      goalAtMost("changes lost that were answered OK", 0, main.lost.length + worker.lost.length, 0),
      goalAtMost("ms from a main's start until it has adopted all", ADOPTION_MS_MAX, slowest, 0),
      goalAtMost("faults of connections that were not in the killed worker's hands", 0, excess, 0),
    ],
  };
}

async function kill(victim: Victim, times: number, surroundings: Surroundings): Promise<Outcome> {
  await surroundings.waitForQuiet();
  return withBackends(async (addresses) => {
    const subject = await startKillable(victim, publishedProgram(surroundings.folder), addresses);
    try {
      const report = await witness({
        subject,
        traffic: { ...TRAFFIC, port: subject.port, backendId: BACKEND_ID },
        upgrades: times,
        warmUpMs: surroundings.options.seconds * 1_000,
        rests: { count: 1, ms: surroundings.options.seconds * 1_000 },
        pauseMs: PAUSE_MS,
        changes: { source: subject.changes, perSecond: CHANGES_PER_SECOND },
      });
      surroundings.tell(`crashes: ${victim}: ${report.faults} faults`);
      if (report.faults > 0) surroundings.tell(report.summary);
      return { report, adoptionsMs: subject.adoptionsMs, lost: subject.lost };
    } finally {
      await subject.end();
    }
  });
}

function kindsText({ faultsByKind }: WitnessReport): string {
  return Object.entries(faultsByKind)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

function changesText({ report, lost }: Outcome): string {
  return `${report.changes}, ${lost.length}`;
}
