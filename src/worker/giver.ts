/**
 * The worker that gives its connections away: packs what the engine gives into batches, and lets go of each
 * only when the other worker holds it. It knows no sockets: messages and descriptors go out through its ways.
 *
 * ```text
 *  giver ── descriptors, batch 1 ──► taker      it prepares them, and does nothing with them
 *  giver ◄── taken 1 ─────────────── taker
 *  giver ── yours 1 ───────────────► taker      the giver has let go: now the taker goes on with them
 * ```
 *
 * Rules of this file:
 *  1. At each moment one of the two may act on a connection. Should either die, the other knows which are its
 *     own: the giver those of batches that it has not called the taker's, the taker all others.
 *  2. A batch is let go of when this worker knows all changes that the taker knew: what is counted by the
 *     taker was counted here as well until then.
 *  3. At most `BATCHES_MAX` batches wait for the taker.
 */
import { assertNever } from "../base/assert.ts";
import {
  type FromGiver,
  type FromTaker,
  HANDOVER_FORMAT,
  type HandoverProgress,
  type HandoverRecord,
} from "../model/handover.ts";
import type { GiveHook } from "../engine/handover/hand-over.ts";

const RECORDS_MAX = 100;
const BATCHES_MAX = 4;
/** Of one batch's records as JSON, nearly: one record more may be in it. */
const BATCH_CHARS_MAX = 1024 * 1024;

/** The engine, as far as giving needs it. */
export interface GivingEngine {
  handOver(deadlineMs: number | undefined, give: GiveHook): void;
  taken(tokens: readonly number[]): void;
  refused(tokens: readonly number[]): void;
  takeBack(): void;
  readonly handOverProgress: HandoverProgress | undefined;
}

export interface GiverOptions {
  readonly engine: GivingEngine;
  readonly send: (message: FromGiver) => void;
  /** Sends duplicates of these connections' descriptors, all or none. False: they could not be sent. */
  readonly sendConnections: (connections: readonly number[]) => boolean;
  /** The revision of the configuration that this worker has. */
  readonly revision: () => number;
  /** It is over before all was given: everything that was not given goes on here. */
  readonly tookBack: (reason: string) => void;
}

interface Gift {
  readonly token: number;
  readonly record: HandoverRecord;
  readonly connections: readonly number[];
}

interface Batch {
  readonly number: number;
  readonly tokens: readonly number[];
  /** Set when the taker holds it: its revision then, and the places of what it refused. */
  taken: { readonly revision: number; readonly refused: readonly number[] } | undefined;
}

export class Giver {
  readonly #options: GiverOptions;
  #waiting: Gift[] = [];
  readonly #batches: Batch[] = [];
  #lastBatch = 0;
  #released = 0;
  #state: "giving" | "over" = "giving";

  constructor(options: GiverOptions) {
    this.#options = options;
  }

  /** True when nothing more is given. */
  get isOver(): boolean {
    return this.#state === "over";
  }

  /** The newest batch that is the taker's for good. */
  get released(): number {
    return this.#released;
  }

  /** Begins: from now on the engine gives. What cannot go is cut after `deadlineMs`. */
  begin(deadlineMs: number | undefined): void {
    this.#options.engine.handOver(deadlineMs, (token, record, connections) => {
      this.#waiting.push({ token, record, connections });
    });
  }

  /** A turn of the engine is over: what it gave goes out. */
  turnEnds(): void {
    if (this.#state === "over") return;
    while (this.#waiting.length > 0 && this.#batches.length < BATCHES_MAX) this.#sendBatch();
  }

  /** A message of the taker. Inside a turn. */
  received(message: FromTaker): void {
    if (this.#state === "over") return;
    switch (message.type) {
      case "taken": {
        const batch = this.#batches.find(({ number }) => number === message.number);
        if (batch !== undefined) batch.taken = message;
        return this.followed();
      }
      case "refused":
        return this.#takeBack(message.reason);
      default:
        return assertNever(message);
    }
  }

  /** This worker has followed a change, or the taker has taken: batches may be let go of. Inside a turn. */
  followed(): void {
    const { engine, send, revision } = this.#options;
    for (let batch = this.#batches[0]; batch?.taken !== undefined; batch = this.#batches[0]) {
      if (batch.taken.revision > revision()) return;
      this.#batches.shift();
      this.#released = batch.number;
      const refused = new Set(batch.taken.refused);
      engine.taken(batch.tokens.filter((_token, place) => !refused.has(place)));
      send({ type: "yours", number: batch.number });
      if (refused.size > 0) engine.refused(batch.tokens.filter((_token, place) => refused.has(place)));
    }
  }

  /** The taker is gone. Inside a turn. */
  closed(): void {
    this.#takeBack("the worker that took over is gone");
  }

  /** Nothing is left: the process may leave. */
  ended(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#options.send({ type: "end" });
  }

  #takeBack(reason: string): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#waiting = [];
    this.#batches.length = 0;
    this.#options.engine.takeBack();
    this.#options.tookBack(reason);
  }

  #sendBatch(): void {
    const { engine, send, sendConnections, revision } = this.#options;
    const gifts = this.#waiting.splice(0, this.#nextCount);
    const tokens = gifts.map(({ token }) => token);
    if (!sendConnections(gifts.flatMap(({ connections }) => connections))) return engine.refused(tokens);
    const number = ++this.#lastBatch;
    this.#batches.push({ number, tokens, taken: undefined });
    const records = gifts.map(({ record }) => record);
    send({ type: "batch", format: HANDOVER_FORMAT, number, revision: revision(), records });
  }

  /** How many of those that wait go into the next batch. */
  get #nextCount(): number {
    let chars = 0;
    for (let count = 0; count < this.#waiting.length && count < RECORDS_MAX; count++) {
      if (chars > BATCH_CHARS_MAX) return count;
      chars += charsOf(this.#waiting[count]!.record);
    }
    return Math.min(this.#waiting.length, RECORDS_MAX);
  }
}

/** What a record's bytes take in its batch. */
function charsOf(record: HandoverRecord): number {
  switch (record.kind) {
    case "session":
      return (record.input?.length ?? 0) + (record.unsent?.length ?? 0);
    case "tunnel":
      return (record.unsent_to_client?.length ?? 0) + (record.unsent_to_backend?.length ?? 0);
    case "pooled":
      return 0;
    default:
      return assertNever(record);
  }
}
