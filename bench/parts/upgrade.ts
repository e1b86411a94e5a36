/**
 * What clients notice when the proxy's program is replaced, or its configuration read anew: everything at
 * once, nothing tried again, every fault counted.
 */
import type { Holdings } from "../../testing/witness/holdings.ts";
import { CLIENT_KINDS, type ClientKind } from "../../testing/witness/silence.ts";
import { witness, type Waits, type WitnessReport } from "../../testing/witness/witness.ts";
import { goalAtMost, type Goal, type Section } from "../section.ts";
import { haproxyReload } from "../upgrade/haproxy.ts";
import { kakehiUpgrade } from "../upgrade/kakehi.ts";
import {
  BACKEND_ID,
  CHANGES_PER_SECOND,
  PAUSE_MS,
  TRAFFIC,
  TRAFFIC_TEXT,
  withBackends,
} from "../upgrade/load.ts";
import { nginxReload } from "../upgrade/nginx.ts";
import type { UpgradableKind } from "../upgrade/upgradable.ts";
import type { Part, Surroundings } from "./part.ts";

const UPGRADES = 10;
/** As long as an upgrade of Kakehi takes: the longest waits of equal times are compared. */
const REST_MS = 7_000;
const SILENCE_MS_MAX = 50;
/** What collections of garbage, and the connections of a moment, make of the same. */
const GROWTH_MAX = 1.1;
const CLIENTS: Readonly<Record<ClientKind, string>> = {
  request: "requests",
  websocket: "WebSockets",
  download: "downloads",
  resting: "clients that rested",
};
const MEBIBYTE = 1024 * 1024;
const KINDS: readonly UpgradableKind[] = [kakehiUpgrade, haproxyReload, nginxReload];

export const upgradePart: Part = { name: "upgrade", run };

async function run(surroundings: Surroundings): Promise<Section> {
  const reports: [UpgradableKind, WitnessReport][] = [];
  for (const kind of KINDS.filter((one) => isAsked(one, surroundings))) {
    await surroundings.waitForQuiet();
    const report = await measure(kind, surroundings);
    surroundings.tell(`upgrade: ${kind.name}: ${report.faults} faults, ${waitsText(report)}`);
    if (report.faults > 0) surroundings.tell(report.summary);
    reports.push([kind, report]);
  }
  return sectionOf(reports);
}

function waitsText({ atRest, withUpgrades }: WitnessReport): string {
  const longestMs = ({ silences }: Waits): string => Math.max(...Object.values(silences)).toFixed(0);
  return `${longestMs(atRest)} ms of silence at rest, ${longestMs(withUpgrades)} with upgrades`;
}

/** `kakehi` is there by any of its names. */
function isAsked({ name }: UpgradableKind, { contestants }: Surroundings): boolean {
  return contestants.some((contestant) => name.startsWith(contestant.name.split("-")[0]!));
}

async function measure(kind: UpgradableKind, { folder, options }: Surroundings): Promise<WitnessReport> {
  const missing = kind.missing();
  if (missing !== undefined) throw new Error(missing);
  return withBackends(async (addresses) => {
    const subject = await kind.start(folder, addresses);
    try {
      return await witness({
        subject,
        traffic: { ...TRAFFIC, port: subject.port, backendId: BACKEND_ID },
        upgrades: UPGRADES,
        warmUpMs: options.seconds * 1_000,
        rests: { count: UPGRADES, ms: REST_MS },
        pauseMs: PAUSE_MS,
        ...(subject.changes && { changes: { source: subject.changes, perSecond: CHANGES_PER_SECOND } }),
      });
    } finally {
      await subject.end();
    }
  });
}

function sectionOf(reports: readonly (readonly [UpgradableKind, WitnessReport])[]): Section {
  const hows = reports.map(([{ name, how }]) => `${name}: ${how}.`);
  const own = reports.find(([kind]) => kind === kakehiUpgrade)?.[1];
  return {
    title: "Upgrades under traffic",
    how:
      `${UPGRADES} in a row under ${TRAFFIC_TEXT}, each proxy on both cores with two workers; for Kakehi with ${CHANGES_PER_SECOND} changes/s all the ` +
      `while; before that ${UPGRADES} times ${REST_MS / 1_000} s at rest, under the same. Nothing is tried again. ${hows.join(" ")}`,
    head: ["", ...reports.map(([{ name }]) => name)],
    rows: ROWS.map(([title, cell]) => [title, ...reports.map(([, report]) => cell(report))]),
    goals: own === undefined ? [] : goalsOf(own),
  };
}

const ROWS: readonly (readonly [title: string, cell: (report: WitnessReport) => string])[] = [
  ["requests answered", ({ requests }) => `${requests}`],
  ["messages echoed", ({ messages }) => `${messages}`],
  ["downloads complete", ({ downloads }) => `${downloads}`],
  ["**faults**", ({ faults }) => `${faults}`],
  ["of requests", ({ requestFaults }) => `${requestFaults}`],
  ["of downloads", ({ downloadFaults }) => `${downloadFaults}`],
  ["of WebSockets: cut, or short of a message", ({ websocketFaults }) => `${websocketFaults}`],
  ["resting connections closed", ({ restingClosed }) => `${restingClosed}`],
  ...CLIENT_KINDS.map(silenceRow),
  ["the load's own delay, at most, ms", (report) => `${ownDelayText(report)}`],
  ["one upgrade, ms", ({ upgradesMs }) => `${Math.min(...upgradesMs)} to ${Math.max(...upgradesMs)}`],
  ["workers before, at most, after", (report) => workersText(report)],
  ["processes before, after 1, after all", (report) => inEach(report, ({ processes }) => processes)],
  ["MiB before, after 1, after all", (report) => inEach(report, ({ bytes }) => mebibytes(bytes))],
  ["descriptors before, after 1, after all", (report) => inEach(report, ({ descriptors }) => descriptors)],
  ["changes made, refused", ({ changes, changesRefused }) => `${changes}, ${changesRefused.length}`],
];

function silenceRow(kind: ClientKind): (typeof ROWS)[number] {
  const textOf = ({ silences }: Waits): string => silences[kind].toFixed(0);
  return [
    `${CLIENTS[kind]} waited at most, ms: at rest, with upgrades`,
    ({ atRest, withUpgrades }) => `${textOf(atRest)}, ${textOf(withUpgrades)}`,
  ];
}

function ownDelayText({ atRest, withUpgrades }: WitnessReport): string {
  return `${atRest.ownDelayMs.toFixed(0)}, ${withUpgrades.ownDelayMs.toFixed(0)}`;
}

function workersText({ before, workersMost, afterLast }: WitnessReport): string {
  return `${before.workers}, ${workersMost}, ${afterLast.workers}`;
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / MEBIBYTE);
}

function inEach(report: WitnessReport, show: (held: Holdings) => number): string {
  return [report.before, report.afterFirst, report.afterLast].map(show).join(", ");
}

function goalsOf(report: WitnessReport): readonly Goal[] {
  const { atRest, withUpgrades, before, afterFirst, afterLast } = report;
  const beyondMs = (kind: ClientKind): number => withUpgrades.silences[kind] - atRest.silences[kind];
  const grown = (held: (of: Holdings) => number): number => held(afterLast) / held(afterFirst);
  return [
    goalAtMost("faults", 0, report.faults, 0),
    goalAtMost("WebSockets cut, or short of a message", 0, report.websocketFaults, 0),
    goalAtMost("resting connections closed", 0, report.restingClosed, 0),
    goalAtMost("changes refused", 0, report.changesRefused.length, 0),
    ...CLIENT_KINDS.map((kind) => {
      return goalAtMost(
        `${CLIENTS[kind]}: ms of silence beyond that at rest`,
        SILENCE_MS_MAX,
        beyondMs(kind),
        0,
      );
    }),
    goalAtMost("workers more than before at any time", 1, report.workersMost - before.workers, 0),
    goalAtMost(
      "memory after the last to that after the first",
      GROWTH_MAX,
      grown(({ bytes }) => bytes),
    ),
    goalAtMost(
      "descriptors after the last to those after the first",
      GROWTH_MAX,
      grown(({ descriptors }) => descriptors),
    ),
  ];
}
