/**
 * Counts what drains while connections go from some workers to another: each is counted once, by the one or
 * the other, at every moment. Asked are first the givers and then the taker, which leaves out what a giver
 * had not let go of when it answered; and what all say is believed together. So nobody hears of a connection
 * twice, and nobody hears "0" while one is on its way.
 *
 * Rules of this file:
 *  1. While a worker gives or takes, what it tells by itself is only a reason to ask.
 *  2. One round of questions at a time for each taker; what is told meanwhile asks for one more.
 *  3. Who begins to count waits for a round that was in peace, but for few: where something is told all the
 *     time, the first number may be too high, and the next are right.
 */
import type { DrainCounts, DrainsQuestion } from "../../model/channel.ts";
import type { AllUses } from "../drains.ts";

export interface HandoverDrainsOptions {
  /** Asks a worker; `undefined` if it is gone before it has answered. */
  readonly ask: (worker: number, what: DrainsQuestion) => Promise<DrainCounts | undefined>;
  /** Takes what all these have, at one moment. */
  readonly report: (all: readonly AllUses[]) => void;
}

/** So many rounds at most somebody waits for one that is whole. */
const ROUNDS_WAITED_MAX = 5;

interface Giver {
  readonly number: number;
  /** Whether it is there: what it had is the taker's by now, or gone. */
  is: "here" | "gone";
  readonly over: PromiseWithResolvers<void>;
}

/** A worker that takes, and all that give to it. */
interface Taking {
  readonly taker: number;
  readonly givers: Map<number, Giver>;
  /** `again`: something was told since the round began. */
  state: "resting" | "asking" | "again";
  /** Those who wait for a round that begins after they came, the first first. */
  waiting: readonly Waiting[];
}

interface Waiting {
  readonly roundsLeft: number;
  readonly counted: () => void;
}

/** What a giver said in a round; of one that is gone: nothing, and all is the taker's. */
interface Said {
  readonly giver: Giver;
  readonly wasGone: boolean;
  readonly counts: DrainCounts | undefined;
}

export class HandoverDrains {
  readonly #options: HandoverDrainsOptions;
  readonly #takings = new Map<number, Taking>();

  constructor(options: HandoverDrainsOptions) {
    this.#options = options;
  }

  /** `giver` hands over to `taker` from now on, until one of them is gone. */
  begin(giver: number, taker: number): void {
    const taking: Taking = this.#takings.get(taker) ?? {
      taker,
      givers: new Map(),
      state: "resting",
      waiting: [],
    };
    this.#takings.set(taker, taking);
    taking.givers.get(giver)?.over.resolve();
    taking.givers.set(giver, { number: giver, is: "here", over: Promise.withResolvers() });
    // The round that is under way has not asked it.
    if (taking.state === "asking") taking.state = "again";
  }

  /** A worker told that a count has changed. True: it gives or takes, and will be asked. */
  changed(worker: number): boolean {
    const takings = [...this.#takings.values()].filter(
      ({ taker, givers }) => taker === worker || givers.has(worker),
    );
    for (const taking of takings) this.#ask(taking);
    return takings.length > 0;
  }

  /** A worker is gone. True: what it had is forgotten when the other has told what it took of it. */
  left(worker: number): boolean {
    let isAwaited = false;
    for (const taking of this.#takings.values()) {
      const giver = taking.givers.get(worker);
      if (taking.taker === worker) this.#takerLeft(taking);
      else if (giver !== undefined) {
        giver.is = "gone";
        isAwaited = true;
        this.#ask(taking);
      }
    }
    return isAwaited;
  }

  /** Fulfilled when this giver's hand-over is over: what is counted then, counts. */
  async settled(giver: number): Promise<void> {
    for (const { givers } of this.#takings.values()) await givers.get(giver)?.over.promise;
  }

  /** Whether anything goes from one worker to another. */
  get isAtWork(): boolean {
    return this.#takings.size > 0;
  }

  /** Fulfilled when all was counted anew, each once, or that could not be soon (rule 3). */
  async counted(): Promise<void> {
    const rounds = [...this.#takings.values()].map((taking) => {
      const { promise, resolve: counted } = Promise.withResolvers<void>();
      taking.waiting = [...taking.waiting, { roundsLeft: ROUNDS_WAITED_MAX, counted }];
      this.#ask(taking);
      return promise;
    });
    await Promise.all(rounds);
  }

  #takerLeft(taking: Taking): void {
    for (const giver of taking.givers.values()) {
      this.#end(taking, giver);
      if (giver.is === "here") void this.#askAlone(giver.number);
      else this.#options.report([{ worker: giver.number, uses: [] }]);
    }
  }

  #end(taking: Taking, giver: Giver): void {
    // Another may have its number by now.
    if (taking.givers.get(giver.number) === giver) taking.givers.delete(giver.number);
    if (taking.givers.size === 0) {
      this.#takings.delete(taking.taker);
      for (const { counted } of taking.waiting) counted();
    }
    giver.over.resolve();
  }

  #ask(taking: Taking): void {
    if (taking.state === "resting") void this.#rounds(taking);
    else taking.state = "again";
  }

  async #rounds(taking: Taking): Promise<void> {
    do {
      taking.state = "asking";
      const [waiting, isWhole] = [taking.waiting.length, await this.#round(taking)];
      tellCounted(taking, waiting, isWhole);
    } while (this.#isToAskAgain(taking));
    taking.state = "resting";
  }

  /** Gives whether what was said is believed. */
  async #round(taking: Taking): Promise<boolean> {
    const { ask, report } = this.#options;
    const all = await Promise.all([...taking.givers.values()].map((giver) => this.#hear(giver)));
    const [first, ...others] = all.map(giftOf);
    if (first === undefined || this.#takings.get(taking.taker) !== taking) return false;
    const question: DrainsQuestion = { kind: "drains", ...first, ...(others.length > 0 && { others }) };
    const taker = await ask(taking.taker, question);
    if (this.#takings.get(taking.taker) !== taking) return false;
    const gone = all.filter(({ wasGone }) => wasGone).map(({ giver }) => giver);
    if (taker === undefined) {
      // The taker is gone, too, or never was: then they took what they had with them.
      for (const giver of gone) {
        report([{ worker: giver.number, uses: [] }]);
        this.#end(taking, giver);
      }
      return false;
    }
    // What was told since may be newer than what was answered first: only a round in peace counts.
    const isWhole = all.every(({ wasGone, counts }) => wasGone || counts !== undefined);
    if (this.#isToAskAgain(taking) || !isWhole) return false;
    report([
      ...all.map(({ giver, wasGone, counts }) => {
        return { worker: giver.number, uses: wasGone ? [] : counts!.uses };
      }),
      { worker: taking.taker, uses: taker.uses },
    ]);
    for (const giver of gone) this.#end(taking, giver);
    return true;
  }

  async #hear(giver: Giver): Promise<Said> {
    const counts =
      giver.is === "here" ? await this.#options.ask(giver.number, { kind: "drains" }) : undefined;
    return { giver, wasGone: giver.is === "gone", counts };
  }

  #isToAskAgain(taking: Taking): boolean {
    return this.#takings.get(taking.taker) === taking && taking.state === "again";
  }

  async #askAlone(worker: number): Promise<void> {
    const counts = await this.#options.ask(worker, { kind: "drains" });
    if (counts !== undefined) this.#options.report([{ worker, uses: counts.uses }]);
  }
}

/** A round is over; the first `count` of those who wait were there when it began. */
function tellCounted(taking: Taking, count: number, isWhole: boolean): void {
  const waited = taking.waiting.slice(0, count).map(({ roundsLeft, counted }) => {
    return { roundsLeft: isWhole ? 0 : roundsLeft - 1, counted };
  });
  taking.waiting = [...waited.filter(({ roundsLeft }) => roundsLeft > 0), ...taking.waiting.slice(count)];
  for (const { roundsLeft, counted } of waited) if (roundsLeft === 0) counted();
}

/** What the taker is told of a giver: what it had let go of. */
function giftOf({ giver, wasGone, counts }: Said): { readonly from: number; readonly released: number } {
  return { from: giver.number, released: wasGone ? Number.MAX_SAFE_INTEGER : (counts?.released ?? 0) };
}
