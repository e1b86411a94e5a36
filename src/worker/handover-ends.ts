/**
 * A worker's ends of a hand-over: the channel of messages and that of descriptors to the other worker, which
 * main has made and sent, and the giver or the taker that speaks through them. Wiring only.
 */
import { Socket } from "node:net";
import { assert } from "../base/assert.ts";
import { receiveDescriptors, sendDescriptors } from "../io/descriptors.ts";
import type { Io } from "../io/io.ts";
import { MessageChannel } from "../io/message-channel.ts";
import type { DrainCounts, DrainsQuestion, DrainUse, FromWorker } from "../model/channel.ts";
import type { FromGiver, FromTaker } from "../model/handover.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import { Giver, type GivingEngine } from "./giver.ts";
import { Taker, type TakingEngine } from "./taker.ts";
import type { HandingOver } from "./worker.ts";

const PROGRESS_EVERY_MS = 1_000;

export interface HandoverEndsOptions {
  readonly io: Io;
  readonly engine: GivingEngine & TakingEngine & { readonly drainCounts: readonly DrainUse[] };
  /** The two channels to the other worker that main has just sent: messages, and descriptors. */
  readonly takeChannels: () => readonly [number, number];
  readonly send: (message: FromWorker) => void;
  readonly revision: () => number;
}

interface Taking {
  /** Main's number of the giver. */
  readonly from: number;
  readonly taker: Taker<number>;
  readonly ends: Ends<FromGiver>;
}

/** Both channels to the other worker. */
interface Ends<Incoming> {
  readonly messages: MessageChannel<Incoming>;
  readonly descriptors: number;
}

export class HandoverEnds implements HandingOver {
  readonly #options: HandoverEndsOptions;
  #giving: { readonly giver: Giver; readonly to: number; readonly ends: Ends<FromTaker> } | undefined;
  /** Of several givers, when many workers become few. */
  #taking: readonly Taking[] = [];
  #telling: NodeJS.Timeout | undefined;

  constructor(options: HandoverEndsOptions) {
    this.#options = options;
  }

  take(from: number): void {
    const { io, revision } = this.#options;
    const ends = this.#open<FromGiver>({
      received: (message) => taker.received(message),
      closed: () => taker.closed(),
    });
    const taker = new Taker<number>({
      engine: this.#takingEngine,
      send: (message) => ends.messages.send(message),
      takeDescriptors: () => {
        const received = receiveDescriptors(ends.descriptors);
        return received.ok ? received.value : [];
      },
      adoptConnection: (fd) => io.adoptConnection(fd),
      closeDescriptor,
      closeConnection: (connection) => io.port.close(connection),
      revision,
    });
    this.#taking = [...this.#taking, { from, taker, ends }];
  }

  give(to: number, deadlineMs: number | undefined): void {
    const { io, engine, revision, send } = this.#options;
    assert(this.#giving === undefined, "gives to two workers at a time");
    const ends = this.#open<FromTaker>({
      received: (message) => giver.received(message),
      closed: () => giver.closed(),
    });
    const giver = new Giver({
      engine,
      send: (message) => ends.messages.send(message),
      sendConnections: (connections) => {
        const fds = connections.map((connection) => io.descriptorOf(connection));
        return sendDescriptors(ends.descriptors, fds).ok;
      },
      revision,
      tookBack: (reason) => send({ type: "took-back", reason }),
    });
    this.#giving = { giver, to, ends };
    giver.begin(deadlineMs);
    clearInterval(this.#telling);
    this.#telling = setInterval(() => this.#tellProgress(), PROGRESS_EVERY_MS);
    this.#telling.unref();
  }

  followed(): void {
    this.#giving?.giver.followed();
    for (const { taker } of this.#taking) taker.followed();
  }

  drainCounts({ from, released, others = [] }: DrainsQuestion): DrainCounts {
    const { drainCounts } = this.#options.engine;
    if (from !== undefined && released !== undefined) {
      const unreleased = [{ from, released }, ...others].flatMap((gift) => {
        const taking = this.#taking.findLast((one) => one.from === gift.from);
        return taking?.taker.unreleased(gift.released) ?? [];
      });
      return { uses: without(drainCounts, unreleased) };
    }
    const giver = this.#giving?.giver;
    return { uses: drainCounts, ...(giver && { released: giver.released }) };
  }

  /** Defined while it gives its connections away: then it leaves by itself. */
  get givesTo(): number | undefined {
    return this.#giving?.to;
  }

  /** A turn of the engine is over: what is to be said goes now, and who has said all is let go. */
  turnEnds(): void {
    const giving = this.#giving;
    giving?.giver.turnEnds();
    if (giving !== undefined && !goesOn(giving.ends, giving.giver.isOver)) this.#giving = undefined;
    if (this.#taking.length === 0) return;
    this.#taking = this.#taking.filter(({ ends, taker }) => goesOn(ends, taker.isOver));
  }

  /** The engine has nothing left: the last words, before the process leaves. */
  leave(): void {
    this.#tellProgress();
    this.#giving?.giver.ended();
    this.#giving?.ends.messages.flush();
  }

  /** Tells main how far giving is, as long as something is given. */
  #tellProgress(): void {
    const progress = this.#options.engine.handOverProgress;
    if (progress === undefined) clearInterval(this.#telling);
    else this.#options.send({ type: "given", progress });
  }

  /** The engine adopts as long as anybody gives. */
  get #takingEngine(): TakingEngine {
    const { engine } = this.#options;
    return {
      beginAdoption: () => engine.beginAdoption(),
      adopt: (record) => engine.adopt(record),
      endAdoption: () => {
        if (this.#taking.every(({ taker }) => taker.isOver)) engine.endAdoption();
      },
    };
  }

  #open<Incoming>(on: { received(message: Incoming): void; closed(): void }): Ends<Incoming> {
    const { io, takeChannels } = this.#options;
    const [fd, descriptors] = takeChannels();
    const messages = new MessageChannel<Incoming>(new Socket({ fd, readable: true, writable: true }), {
      received: (all) => io.perform(() => all.forEach((message) => on.received(message))),
      drained: () => undefined,
      closed: () => io.perform(() => on.closed()),
    });
    return { messages, descriptors };
  }
}

/** These counts, less one for each time that a drain is named. */
function without(counts: readonly DrainUse[], drains: readonly number[]): readonly DrainUse[] {
  const left = new Map(counts.map(({ drain, connections }) => [drain, connections]));
  for (const drain of drains) left.set(drain, left.get(drain)! - 1);
  return [...left].map(([drain, connections]) => ({ drain, connections }));
}

/** Sends what waits. False: all is said, and the channels are closed. */
function goesOn<Incoming>({ messages, descriptors }: Ends<Incoming>, isOver: boolean): boolean {
  messages.flush();
  if (!isOver) return true;
  messages.end();
  closeDescriptor(descriptors);
  return false;
}
