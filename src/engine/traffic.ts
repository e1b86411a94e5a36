/**
 * How many bytes came from clients and backends, and how many were handed over for them. Which side a
 * connection number is on is set when it is given out.
 */
import type { EngineMetrics } from "../metrics/engine-metrics.ts";
import { slotOf } from "../metrics/engine-metrics.ts";

export const SIDE = { front: 0, back: 1 } as const;
export type Side = (typeof SIDE)[keyof typeof SIDE];

/** The slots of both sides stand one behind the other. */
const RECEIVED = slotOf("bytes_received", "front");
const SENT = slotOf("bytes_sent", "front");

export class Traffic {
  readonly #counters: Float64Array;
  readonly #sides: Uint8Array;
  readonly #begunAt: Float64Array;

  constructor(metrics: EngineMetrics, connectionsMax: number) {
    this.#counters = metrics.counters;
    this.#sides = new Uint8Array(connectionsMax);
    this.#begunAt = new Float64Array(connectionsMax);
  }

  begins(connection: number, side: Side, nowMs: number): void {
    this.#sides[connection] = side;
    this.#begunAt[connection] = nowMs;
  }

  /** Since when it is ours. */
  begunAt(connection: number): number {
    return this.#begunAt[connection]!;
  }

  received(connection: number, byteLength: number): void {
    this.#counters[RECEIVED + this.#sides[connection]!]! += byteLength;
  }

  sent(connection: number, byteLength: number): void {
    this.#counters[SENT + this.#sides[connection]!]! += byteLength;
  }
}
