/**
 * Counts what drains while connections go from one worker to another: each is counted once, by the one or the
 * other, at every moment. Asked are first the giver and then the taker, which leaves out what the giver had
 * not let go of when it answered; and what both say is believed together. So nobody hears of a connection
 * twice, and nobody hears "0" while one is on its way.
 *
 * Rules of this file:
 *  1. While two workers are a pair, what they tell by themselves is only a reason to ask.
 *  2. One round of questions at a time for each pair; what is told meanwhile asks for one more.
 */
import type { DrainCounts, DrainsQuestion } from "../../model/channel.ts";
import type { AllUses } from "../drains.ts";

export interface HandoverDrainsOptions {
  /** Asks a worker; `undefined` if it is gone before it has answered. */
  readonly ask: (worker: number, what: DrainsQuestion) => Promise<DrainCounts | undefined>;
  /** Takes what all these have, at one moment. */
  readonly report: (all: readonly AllUses[]) => void;
}

interface Pair {
  readonly giver: number;
  readonly taker: number;
  /** `again`: something was told since the round began. */
  state: "resting" | "asking" | "again";
  /** Whether the giver is there: what it had is the taker's by now, or gone. */
  giverIs: "here" | "gone";
  readonly over: PromiseWithResolvers<void>;
}

export class HandoverDrains {
  readonly #options: HandoverDrainsOptions;
  readonly #pairs = new Set<Pair>();

  constructor(options: HandoverDrainsOptions) {
    this.#options = options;
  }

  /** `giver` hands over to `taker` from now on, until one of them is gone. */
  begin(giver: number, taker: number): void {
    this.#pairs.add({ giver, taker, state: "resting", giverIs: "here", over: Promise.withResolvers() });
  }

  /** A worker told that a count has changed. True: it is one of a pair, and will be asked. */
  changed(worker: number): boolean {
    const pairs = [...this.#pairs].filter(({ giver, taker }) => giver === worker || taker === worker);
    for (const pair of pairs) this.#ask(pair);
    return pairs.length > 0;
  }

  /** A worker is gone. True: what it had is forgotten when the other has told what it took of it. */
  left(worker: number): boolean {
    let isAwaited = false;
    for (const pair of this.#pairs) {
      if (pair.taker === worker) {
        this.#end(pair);
        if (pair.giverIs === "here") void this.#askAlone(pair.giver);
        else this.#options.report([{ worker: pair.giver, uses: [] }]);
      } else if (pair.giver === worker) {
        pair.giverIs = "gone";
        isAwaited = true;
        this.#ask(pair);
      }
    }
    return isAwaited;
  }

  /** Fulfilled when this giver's pair is over: what is counted then, counts. */
  async settled(giver: number): Promise<void> {
    for (const pair of this.#pairs) if (pair.giver === giver) await pair.over.promise;
  }

  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.over.resolve();
  }

  #ask(pair: Pair): void {
    if (pair.state === "resting") void this.#round(pair);
    else pair.state = "again";
  }

  async #round(pair: Pair): Promise<void> {
    const { ask, report } = this.#options;
    do {
      pair.state = "asking";
      const giver = pair.giverIs === "here" ? await ask(pair.giver, { kind: "drains" }) : undefined;
      const isGone = pair.giverIs === "gone";
      const released = isGone ? Number.MAX_SAFE_INTEGER : (giver?.released ?? 0);
      const taker = await ask(pair.taker, { kind: "drains", from: pair.giver, released });
      if (!this.#pairs.has(pair)) return;
      // Both are gone, or the taker never was: then the giver took what it had with it.
      if (isGone && taker === undefined) {
        report([{ worker: pair.giver, uses: [] }]);
        return this.#end(pair);
      }
      // What was told since may be newer than what was answered first: only a round in peace counts.
      if (this.#isToAskAgain(pair) || taker === undefined || (giver === undefined && !isGone)) continue;
      report([
        { worker: pair.giver, uses: isGone ? [] : giver!.uses },
        { worker: pair.taker, uses: taker.uses },
      ]);
      if (isGone) this.#end(pair);
    } while (this.#isToAskAgain(pair));
    pair.state = "resting";
  }

  #isToAskAgain(pair: Pair): boolean {
    return this.#pairs.has(pair) && pair.state === "again";
  }

  async #askAlone(worker: number): Promise<void> {
    const counts = await this.#options.ask(worker, { kind: "drains" });
    if (counts !== undefined) this.#options.report([{ worker, uses: counts.uses }]);
  }
}
