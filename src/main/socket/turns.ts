/**
 * Who is served next: clients with waiting orders take turns, a bounded slice each, so that one with
 * thousands of orders delays another by a slice and not by thousands. Who takes turns with others takes less,
 * so that a round is no longer with many than with one. It knows no sockets; the next loop turn
 * comes in as a function.
 *
 * Rules of this file:
 *  1. Who waits for each answer before the next order is away for a few rounds between two: the others go on
 *     for a while as if it were there, because it comes in the middle of a round, and waits for all of that.
 */
import { assert } from "../../base/assert.ts";

/** So many rounds after one in which several took turns, one alone takes as little as beside another. */
const COMPANY_ROUNDS = 16;

/** One who waits for turns. */
export interface TurnTaker {
  /**
   * Does at most its share of a slice, and nothing more once `isOver`, which is asked between two things:
   * some take a hundred times as long as others. True: there is more that could be done now.
   */
  takeTurn(sharers: number, isOver: () => boolean): boolean;
}

export interface TurnsOptions {
  /** Calls back in the next turn of the loop. */
  readonly nextTurn: (turn: () => void) => void;
  /**
   * Is told after each round of slices; while the promise that it may return is open, nobody takes a turn.
   */
  readonly roundEnds: () => Promise<void> | undefined;
  /** How long a round may last, in milliseconds, and one thing more. */
  readonly roundMsMax: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Turns {
  readonly #roundMsMax: number;
  readonly #now: () => number;
  readonly #nextTurn: (turn: () => void) => void;
  readonly #roundEnds: () => Promise<void> | undefined;
  #waiting: Set<TurnTaker> = new Set();
  /** Rounds until one alone takes a whole slice again. */
  #companyRounds = 0;
  #state: "idle" | "scheduled" | "running" | "held" = "idle";

  constructor({ nextTurn, roundEnds, roundMsMax, now }: TurnsOptions) {
    this.#nextTurn = nextTurn;
    this.#roundEnds = roundEnds;
    this.#roundMsMax = roundMsMax;
    this.#now = now;
  }

  /** Has work now. Idempotent. */
  want(taker: TurnTaker): void {
    this.#waiting.add(taker);
    this.#schedule();
  }

  forget(taker: TurnTaker): void {
    this.#waiting.delete(taker);
  }

  #schedule(): void {
    if (this.#state !== "idle" || this.#waiting.size === 0) return;
    this.#state = "scheduled";
    this.#nextTurn(() => this.#round());
  }

  #round(): void {
    assert(this.#state === "scheduled", "a round that nobody asked for");
    this.#state = "running";
    const takers = this.#waiting;
    this.#waiting = new Set();
    const sharers = this.#sharersOf(takers.size);
    for (const taker of takers) {
      const endMs = this.#now() + this.#roundMsMax / sharers;
      if (taker.takeTurn(sharers, () => this.#now() >= endMs)) this.#waiting.add(taker);
    }
    const held = this.#roundEnds();
    if (held === undefined) {
      this.#state = "idle";
      this.#schedule();
      return;
    }
    this.#state = "held";
    void held.then(() => {
      this.#state = "idle";
      this.#schedule();
    });
  }

  #sharersOf(count: number): number {
    if (count > 1) this.#companyRounds = COMPANY_ROUNDS;
    else if (this.#companyRounds > 0) this.#companyRounds--;
    return this.#companyRounds > 0 ? Math.max(count, 2) : count;
  }
}
