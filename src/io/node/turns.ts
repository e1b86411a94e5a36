/**
 * Turns over Node's loop: the first callback of a loop iteration opens one, and it ends when all callbacks of
 * that iteration have run. It knows neither sockets nor buffers.
 */
import { performance } from "node:perf_hooks";
import { assert } from "../../base/assert.ts";
import type { PortEvents } from "../../engine/port.ts";

/** Node's timers take no more (about 24 days). */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Turns {
  readonly #beforeEnd: () => void;
  readonly #afterEnd: () => void;
  #events: PortEvents | undefined;
  #state: "closed" | "open" | "stopped" = "closed";
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  #nowMs = 0;

  /** `beforeEnd` may still tell events; `afterEnd` is called when the engine has asked all that it wants. */
  constructor(work: { beforeEnd: () => void; afterEnd: () => void }) {
    this.#beforeEnd = work.beforeEnd;
    this.#afterEnd = work.afterEnd;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  start(events: PortEvents): void {
    assert(this.#events === undefined, "runs twice");
    this.#events = events;
  }

  get isStarted(): boolean {
    return this.#events !== undefined;
  }

  /**
   * The events to tell, inside a turn that is open from now on; `undefined` when nothing is to be told any
   * more.
   */
  open(): PortEvents | undefined {
    if (this.#state === "open") return this.#events;
    if (this.#state === "stopped" || this.#events === undefined) return undefined;
    this.#state = "open";
    this.#nowMs = performance.now();
    this.#immediate = setImmediate(this.#end);
    this.#events.turnStarts(this.#nowMs);
    return this.#events;
  }

  /** Sees that there is a turn at this time at the latest. */
  wakeAt(atMs: number): void {
    if (atMs >= this.#timerAtMs || this.#state === "stopped") return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.min(TIMER_MAX_MS, Math.max(1, Math.ceil(atMs - performance.now())));
    this.#timer = setTimeout(this.#wake, delayMs);
  }

  stop(): void {
    this.#state = "stopped";
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
  }

  readonly #wake = (): void => {
    this.#timerAtMs = Infinity;
    this.open();
  };

  readonly #end = (): void => {
    if (this.#state !== "open") return;
    this.#beforeEnd();
    const deadlineMs = this.#events!.turnEnds();
    this.#state = "closed";
    this.#afterEnd();
    this.wakeAt(deadlineMs);
  };
}
