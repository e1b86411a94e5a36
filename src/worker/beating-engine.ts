/**
 * The engine with a heartbeat: one more deadline in its turns, so that a worker that sleeps in the kernel
 * wakes for it and a worker that hangs in a turn does not. It changes nothing else about the engine, and
 * costs nothing per event.
 */
import { Engine } from "../engine/engine.ts";

const BEAT_EVERY_MS = 500;

/** What happens in the engine's turns beside its own work. */
export interface TurnHooks {
  /** Every half second. */
  beat(): void;
  /** Everything of this turn was decided: what waits to be sent to main goes now. */
  turnEnds(): void;
}

export class BeatingEngine extends Engine {
  readonly #hooks: TurnHooks;
  #nextBeatMs: number = Number.NEGATIVE_INFINITY;

  constructor(options: ConstructorParameters<typeof Engine>[0], hooks: TurnHooks) {
    super(options);
    this.#hooks = hooks;
  }

  override turnStarts(now: number): void {
    super.turnStarts(now);
    if (now < this.#nextBeatMs) return;
    this.#nextBeatMs = now + BEAT_EVERY_MS;
    this.#hooks.beat();
  }

  override turnEnds(): number {
    const next = super.turnEnds();
    this.#hooks.turnEnds();
    return Math.min(next, this.#nextBeatMs);
  }
}
