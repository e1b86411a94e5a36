/**
 * The worker that takes another's connections over. It prepares each batch when it comes, and goes on with it
 * when the giver has let go of it, or is gone. It knows no sockets; see `giver.ts` for what the two say.
 *
 * Rules of this file:
 *  1. A batch is read only when this worker knows all changes that the giver knew: what a record names is
 *     there, or was removed since.
 *  2. What there is no room for is refused, and closed here: the giver still has it.
 */
import { assert, assertNever } from "../base/assert.ts";
import type { Adopted } from "../engine/handover/adoption.ts";
import {
  descriptorsOf,
  type FromGiver,
  type FromTaker,
  HANDOVER_FORMAT,
  type HandoverRecord,
} from "../model/handover.ts";

/** The engine, as far as taking needs it. */
export interface TakingEngine {
  beginAdoption(): void;
  adopt(record: HandoverRecord): Adopted | undefined;
  endAdoption(): void;
}

export interface TakerOptions<Descriptor> {
  readonly engine: TakingEngine;
  readonly send: (message: FromTaker) => void;
  /** Takes so many descriptors that were sent. Fewer: the giver sent no more, and is of no more use. */
  readonly takeDescriptors: (count: number) => readonly Descriptor[];
  /** Gives a descriptor to the port: its connection, or -1 if no number is free. */
  readonly adoptConnection: (descriptor: Descriptor) => number;
  readonly closeDescriptor: (descriptor: Descriptor) => void;
  /** Closes a connection that nobody acted on. */
  readonly closeConnection: (connection: number) => void;
  /** The revision of the configuration that this worker has. */
  readonly revision: () => number;
}

type BatchMessage = FromGiver & { readonly type: "batch" };

/** Of one record. */
interface Taken {
  readonly adopted: Adopted;
  readonly connections: readonly number[];
}

interface TakenBatch {
  readonly number: number;
  readonly taken: readonly Taken[];
  state: "prepared" | "started";
}

export class Taker<Descriptor> {
  readonly #options: TakerOptions<Descriptor>;
  /** Ahead of the configuration that this worker has. */
  readonly #waiting: BatchMessage[] = [];
  /** Those prepared, and those started whose tunnels may still be counted by the giver, too. */
  #batches: TakenBatch[] = [];
  /** `alone`: the giver is gone, and batches wait for changes that it knew. */
  #state: "taking" | "alone" | "over" = "taking";

  constructor(options: TakerOptions<Descriptor>) {
    this.#options = options;
    options.engine.beginAdoption();
  }

  /** True when nothing more comes. */
  get isOver(): boolean {
    return this.#state === "over";
  }

  /** A message of the giver. Inside a turn. */
  received(message: FromGiver): void {
    if (this.#state !== "taking") return;
    switch (message.type) {
      case "batch":
        if (message.format !== HANDOVER_FORMAT) return this.#refuse(message.format);
        this.#waiting.push(message);
        return this.followed();
      case "yours":
        return this.#start(message.number);
      case "end":
        return this.#end();
      default:
        return assertNever(message);
    }
  }

  /** This worker has followed a change: batches that waited for it are read. Inside a turn. */
  followed(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.revision > this.#options.revision()) return;
      this.#waiting.shift();
      this.#take(first);
    }
    if (this.#state === "alone") this.#end();
  }

  /** The giver is gone: what came whole is ours. Inside a turn. */
  closed(): void {
    if (this.#state !== "taking") return;
    this.#state = "alone";
    this.followed();
  }

  /**
   * The drains that count what came in batches after `released`, once for each connection: the giver counts
   * it itself.
   */
  unreleased(released: number): readonly number[] {
    this.#batches = this.#batches.filter((batch) => batch.state === "prepared" || batch.number > released);
    const uncounted = this.#batches.filter(({ number }) => number > released);
    return uncounted.flatMap(({ taken }) => taken.flatMap(({ adopted }) => adopted.drains));
  }

  #take({ number, records }: BatchMessage): void {
    const { send, revision, takeDescriptors, closeDescriptor } = this.#options;
    const descriptors = takeDescriptors(records.reduce((sum, record) => sum + descriptorsOf(record), 0));
    const taken: Taken[] = [];
    const refused: number[] = [];
    let next = 0;
    for (const [place, record] of records.entries()) {
      const own = descriptors.slice(next, (next += descriptorsOf(record)));
      const one = own.length === descriptorsOf(record) ? this.#prepare(record, own) : undefined;
      if (one !== undefined) {
        taken.push(one);
        continue;
      }
      refused.push(place);
      if (own.length < descriptorsOf(record)) own.forEach(closeDescriptor);
    }
    this.#batches.push({ number, taken, state: "prepared" });
    send({ type: "taken", number, revision: revision(), refused });
  }

  /** `undefined`: there is no room; its descriptors are closed. */
  #prepare(record: HandoverRecord, descriptors: readonly Descriptor[]): Taken | undefined {
    const { engine, adoptConnection, closeDescriptor, closeConnection } = this.#options;
    const adopted = engine.adopt(record);
    if (adopted === undefined) {
      descriptors.forEach(closeDescriptor);
      return undefined;
    }
    const connections = descriptors.map(adoptConnection);
    if (!connections.includes(-1)) return { adopted, connections };
    for (const [place, connection] of connections.entries()) {
      if (connection === -1) closeDescriptor(descriptors[place]!);
      else closeConnection(connection);
    }
    adopted.drop();
    return undefined;
  }

  #start(number: number): void {
    const batch = this.#batches.find((one) => one.number === number);
    assert(batch?.state === "prepared", "the giver lets go of a batch that was not taken");
    batch.state = "started";
    for (const { adopted, connections } of batch.taken) adopted.start(connections);
  }

  #end(): void {
    this.#state = "over";
    for (const { number, state } of this.#batches) if (state === "prepared") this.#start(number);
    this.#batches = [];
    this.#options.engine.endAdoption();
  }

  #refuse(format: number): void {
    this.#state = "over";
    this.#options.engine.endAdoption();
    this.#options.send({
      type: "refused",
      reason: `the hand-over has format ${format}, not ${HANDOVER_FORMAT}`,
    });
  }
}
