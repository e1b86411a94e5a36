/**
 * Looks at the processes of a proxy while it runs: how many workers there are at most, and what all of them
 * hold.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Subject } from "./witness.ts";

const LOOK_MS = 50;
const SAMPLES = 5;
const SAMPLE_MS = 50;

/** What some processes hold together. */
export interface Holdings {
  readonly processes: number;
  readonly workers: number;
  /** Proportional set size: what several share is counted once. */
  readonly bytes: number;
  readonly descriptors: number;
}

/**
 * What a proxy's processes hold. Under load it changes all the time, with every fresh connection and every
 * collection of garbage: of a few looks, the one in the middle.
 */
export async function settledHoldings(subject: Subject): Promise<Holdings> {
  const looks: Holdings[] = [];
  while (looks.length < SAMPLES) {
    if (looks.length > 0) await wait(SAMPLE_MS);
    looks.push(holdingsOf(subject));
  }
  return {
    processes: middleOf(looks.map(({ processes }) => processes)),
    workers: middleOf(looks.map(({ workers }) => workers)),
    bytes: middleOf(looks.map(({ bytes }) => bytes)),
    descriptors: middleOf(looks.map(({ descriptors }) => descriptors)),
  };
}

/** Counts workers again and again until `stop`. */
export class WorkersWatch {
  readonly #ticker: NodeJS.Timeout;
  #most: number;

  constructor(subject: Subject) {
    this.#most = subject.workers().length;
    this.#ticker = setInterval(() => (this.#most = Math.max(this.#most, subject.workers().length)), LOOK_MS);
  }

  /** The largest count so far. */
  get most(): number {
    return this.#most;
  }

  stop(): void {
    clearInterval(this.#ticker);
  }
}

/** Processes that are gone meanwhile hold nothing. */
function holdingsOf(subject: Subject): Holdings {
  const each = subject
    .processes()
    .map(holdingsOfOne)
    .filter((one) => one !== undefined);
  return {
    processes: each.length,
    workers: subject.workers().length,
    bytes: each.reduce((sum, { bytes }) => sum + bytes, 0),
    descriptors: each.reduce((sum, { descriptors }) => sum + descriptors, 0),
  };
}

function holdingsOfOne(pid: number): Pick<Holdings, "bytes" | "descriptors"> | undefined {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const kilobytes = Number(/^Pss:\s+([0-9]+) kB$/m.exec(rollup)?.[1] ?? 0);
    return { bytes: kilobytes * 1_024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return undefined;
  }
}

function middleOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1]!;
}
