/**
 * Watches a proxy under traffic: first at rest, then through one upgrade (or whatever else is done to it)
 * after another. What it reports is what clients saw, and what the proxy's processes held.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { type Holdings, settledHoldings, WorkersWatch } from "./holdings.ts";
import type { ClientKind, Silences } from "./silence.ts";
import { Traffic, type TrafficOptions, type TrafficReport } from "./traffic.ts";

/** The proxy, and what is done to it. */
export interface Subject {
  /** All its processes that are there now. */
  processes(): readonly number[];
  /** Those of them that carry traffic. */
  workers(): readonly number[];
  /** Does it once. Fulfilled when the new one serves. */
  upgrade(): Promise<void>;
}

/** Changes that go on all the while. */
export interface ChangesUnderWay {
  /** Orders that were accepted. */
  readonly done: number;
  /** Those that were not, in words. */
  readonly refused: readonly string[];
  run(options: { perSecond: number; signal: AbortSignal }): Promise<void>;
}

export interface WitnessOptions {
  readonly subject: Subject;
  readonly traffic: TrafficOptions;
  readonly upgrades: number;
  /** Before anything is looked at. */
  readonly warmUpMs: number;
  /**
   * How often, and how long each time, it is watched before the first upgrade. The longest wait of a short
   * time is shorter than that of a long one: where the two are compared, these are as the upgrades are.
   */
  readonly rests: { readonly count: number; readonly ms: number };
  /** Between two upgrades. */
  readonly pauseMs: number;
  readonly changes?: { readonly source: ChangesUnderWay; readonly perSecond: number };
}

export interface WitnessReport extends TrafficReport, Seen {
  readonly changes: number;
  readonly changesRefused: readonly string[];
}

/** How long clients waited. */
export interface Waits {
  readonly silences: Silences;
  /** How long this process itself did not look, at most, in milliseconds: part of every silence. */
  readonly ownDelayMs: number;
}

interface Seen {
  readonly atRest: Waits;
  readonly withUpgrades: Waits;
  readonly before: Holdings;
  readonly afterFirst: Holdings;
  readonly afterLast: Holdings;
  readonly workersMost: number;
  /** Each upgrade's time, in milliseconds. */
  readonly upgradesMs: readonly number[];
}

/** Runs it all. Fulfilled when every client has ended. */
export async function witness(options: WitnessOptions): Promise<WitnessReport> {
  const traffic = await Traffic.begin(options.traffic);
  const changing = changeUntil(options.changes);
  let seen: Seen;
  try {
    seen = await watch(options, traffic);
  } catch (error) {
    // Who fails says so when everybody has gone, and what the clients saw.
    await changing.stop();
    const { summary } = await traffic.end();
    throw new Error(`${String(error)}\n${summary}`, { cause: error });
  }
  await changing.stop();
  const { done = 0, refused = [] } = options.changes?.source ?? {};
  return { ...seen, ...(await traffic.end()), changes: done, changesRefused: refused };
}

async function watch(options: WitnessOptions, traffic: Traffic): Promise<Seen> {
  const { subject, warmUpMs } = options;
  // The first moments compile what later ones use.
  await wait(warmUpMs);
  await traffic.useResting();
  const atRest = await rest(options, traffic);
  const before = await settledHoldings(subject);
  const workers = new WorkersWatch(subject);
  try {
    const { withUpgrades, ...upgraded } = await upgradeAll(options, traffic);
    const afterLast = await settledHoldings(subject);
    return { atRest, withUpgrades, before, afterLast, workersMost: workers.most, ...upgraded };
  } finally {
    workers.stop();
  }
}

async function rest({ rests }: WitnessOptions, traffic: Traffic): Promise<Waits> {
  const waits: Waits[] = [];
  for (let number = 1; number <= rests.count; number++) {
    const [waited] = await waitsDuring(traffic, async () => {
      await wait(rests.ms);
      await traffic.useResting();
    });
    waits.push(waited);
  }
  return longestOf(waits);
}

async function upgradeAll(
  { subject, upgrades, pauseMs }: WitnessOptions,
  traffic: Traffic,
): Promise<Pick<Seen, "withUpgrades" | "afterFirst" | "upgradesMs">> {
  const waits: Waits[] = [];
  const upgradesMs: number[] = [];
  let afterFirst: Holdings | undefined;
  for (let number = 1; number <= upgrades; number++) {
    const [waited] = await waitsDuring(traffic, async () => {
      const startedMs = performance.now();
      await subject.upgrade();
      upgradesMs.push(Math.round(performance.now() - startedMs));
      await wait(pauseMs);
      await traffic.useResting();
    });
    waits.push(waited);
    // To look at memory takes this process a while: it is no time in which clients are measured.
    afterFirst ??= await settledHoldings(subject);
  }
  return { withUpgrades: longestOf(waits), afterFirst: afterFirst!, upgradesMs };
}

/** The longest of each. */
function longestOf(waits: readonly Waits[]): Waits {
  const longest = (kind: ClientKind): number => Math.max(...waits.map(({ silences }) => silences[kind]));
  return {
    silences: {
      request: longest("request"),
      websocket: longest("websocket"),
      download: longest("download"),
      resting: longest("resting"),
    },
    ownDelayMs: Math.max(...waits.map(({ ownDelayMs }) => ownDelayMs)),
  };
}

/** How long clients waited while `body` ran. */
async function waitsDuring<Value>(traffic: Traffic, body: () => Promise<Value>): Promise<[Waits, Value]> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  traffic.takeSilences();
  delay.enable();
  try {
    const value = await body();
    return [{ silences: traffic.takeSilences(), ownDelayMs: delay.max / 1e6 }, value];
  } finally {
    delay.disable();
  }
}

function changeUntil(changes: WitnessOptions["changes"]): { stop(): Promise<void> } {
  if (changes === undefined) return { stop: () => Promise.resolve() };
  const ending = new AbortController();
  const running = changes.source.run({ perSecond: changes.perSecond, signal: ending.signal });
  return {
    stop: () => {
      ending.abort();
      return running;
    },
  };
}
