/**
 * What a worker does with main's messages: follows the configuration in its own state and in the engine, and
 * tells what it did. No sockets and no processes: those are `entry.ts`. Everything here runs inside a turn of
 * the engine.
 *
 * Rules of this file:
 *  1. Messages are followed in order; what was not judged by main is not judged here either.
 *  2. The state is this worker's own word on what it has: its hash says so, with every revision and every
 *     heartbeat.
 */
import { assert, assertNever } from "../base/assert.ts";
import type { ListeningSocket } from "../engine/bound-sockets.ts";
import type { HeldDrain, Hello, WorkerPresence } from "../model/adoption.ts";
import {
  type BackendsTrial,
  CHANNEL_FORMAT,
  type Change,
  type DrainCounts,
  type DrainRequest,
  type DrainsQuestion,
  type DrainUse,
  type FromWorker,
  type EngineQuestion,
  type KeptDeadline,
  type ProgramFormats,
  type Question,
  type TlsHandles,
  type TlsSecrets,
  type TrialResults,
  type ToWorker,
} from "../model/channel.ts";
import { HANDOVER_FORMAT } from "../model/handover.ts";
import type { MetricValues } from "../model/metric-values.ts";
import { sharing } from "../model/sharing.ts";
import { State } from "../model/state.ts";

/** The engine, as far as a worker's wiring needs it. */
export interface FollowingEngine {
  stage(changes: readonly Change[]): void;
  apply(changes: readonly Change[], drains: readonly DrainRequest[], revision: number): readonly DrainUse[];
  bindListener(address: string, listener: number): void;
  unlisten(address: string, atStop?: boolean): void;
  closeDrained(drain: number): void;
  keepDeadlines(deadlines: readonly KeptDeadline[]): void;
  stop(deadlineMs: number | undefined): void;
  followSecrets(secrets: TlsSecrets): void;
  ask(question: EngineQuestion): unknown;
  tryBackends(trial: BackendsTrial, tell: (results: TrialResults) => void): void;
  readonly presence: WorkerPresence;
  readonly isDraining?: boolean;
  readonly listeningSockets: readonly ListeningSocket[];
  readonly connectionCount: number;
  readonly drainCounts: readonly HeldDrain[];
  readonly tlsHandles?: TlsHandles | undefined;
  readonly totals: MetricValues;
}

/** What goes on with another worker; see `handover-ends.ts`. */
export interface HandingOver {
  take(from: number): void;
  give(to: number, deadlineMs: number | undefined): void;
  /** Main's number of the worker that is given to, while it is. */
  readonly givesTo: number | undefined;
  /** This worker has followed a change of the configuration. */
  followed(): void;
  drainCounts(question: DrainsQuestion): DrainCounts;
}

/** The way to main, as far as main has something to say of it. */
export interface LinkedMain {
  /** What to do when main goes; see `alone`. */
  serveAlone(serveMs: number | null): void;
  tellState(state: State, revision: number): void;
}

export interface WorkerOptions {
  readonly engine: FollowingEngine;
  readonly send: (message: FromWorker) => void;
  /** Takes the listening socket that main has just sent; its listener number. */
  readonly takeListener: () => number;
  /** Takes the memory file that main has just sent: what it says, in order. */
  readonly readLoadFile: () => Iterable<ToWorker>;
  readonly handover: HandingOver;
  readonly version: string;
  readonly mainLink: LinkedMain;
  readonly io: string;
  readonly ioReason: string;
}

export class Worker {
  readonly #options: WorkerOptions;
  readonly #state: State = new State("following");
  #revision = 0;
  /** Of the state at `#revision`: between a part and its `apply`, the state itself is ahead. */
  #hash: string = this.#state.hash();
  /** Of the parts since the last `apply`. */
  #partDrains: DrainRequest[] = [];
  #secrets: TlsSecrets | undefined;
  /** How many have been met after the one that started us. */
  #mains = 0;
  #isReady = false;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** The revision of the configuration that it has. */
  get revision(): number {
    return this.#revision;
  }

  /** Follows one message of main. */
  follow(message: ToWorker): void {
    const { engine, takeListener, handover, mainLink } = this.#options;
    switch (message.type) {
      case "load-file":
        for (const part of this.#options.readLoadFile()) this.follow(part);
        return;
      case "take":
        return handover.take(message.from);
      case "give":
        return handover.give(message.to, message.deadline_ms);
      case "load":
        return this.#load(message);
      case "part":
        return this.#keepPart(message);
      case "apply":
        return this.#apply(message);
      case "secrets":
        this.#secrets = message.secrets;
        return engine.followSecrets(message.secrets);
      case "alone":
        engine.keepDeadlines(message.deadlines ?? []);
        return mainLink.serveAlone(message.serve_ms);
      case "tell-state":
        return mainLink.tellState(this.#state, this.#revision);
      case "listen":
        return engine.bindListener(message.address, takeListener());
      case "unlisten":
        return engine.unlisten(message.address, message.at_stop);
      case "close-drained":
        return engine.closeDrained(message.drain);
      case "ask":
        if (message.what.kind === "gauges") this.beat();
        return this.#answer(message.what, this.#answerTo(message.question));
      case "stop":
        return engine.stop(message.deadline_ms);
      default:
        return assertNever(message);
    }
  }

  /** True once its state is loaded. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * What the next main has to know. Parts of a change that the last one did not end are its to go on from.
   */
  meetMain(): Omit<Hello, "worker" | "pid"> {
    const { engine, io, ioReason, handover } = this.#options;
    const { givesTo } = handover;
    this.#mains++;
    this.#partDrains = [];
    return {
      type: "hello",
      program: this.#program,
      presence: engine.presence,
      ...(engine.isDraining === true && { draining: true }),
      ...(givesTo !== undefined && { gives_to: givesTo }),
      revision: this.#revision,
      hash: this.#state.hash(),
      connections: engine.connectionCount,
      io,
      io_reason: ioReason,
      sockets: engine.listeningSockets.map(({ address, state }) => ({ address, state })),
      ...(this.#secrets && { secrets: this.#secrets }),
      drains: engine.drainCounts.filter(({ connections }) => connections > 0),
    };
  }

  /** Tells main that it lives, and what it has. */
  beat(): void {
    const { connectionCount: connections, tlsHandles, totals } = this.#options.engine;
    this.#options.send({
      type: "heartbeat",
      revision: this.#revision,
      hash: this.#hash,
      connections,
      ...(tlsHandles && { tls_handles: tlsHandles }),
      totals,
    });
  }

  #load(message: ToWorker & { readonly type: "load" }): void {
    this.#options.engine.apply(this.#record(message.changes), [], message.revision);
    // Until the last part nothing is claimed: what is there is no revision of the configuration yet.
    if (!message.last) return;
    this.#reach(message.revision);
    this.#isReady = true;
    const { io, ioReason, send } = this.#options;
    const { revision } = this;
    send({ type: "ready", revision, hash: this.#hash, io, io_reason: ioReason, program: this.#program });
    // STATUS is whole from now on, not from the first heartbeat that comes by itself.
    this.beat();
  }

  /** What our program is, and speaks. */
  get #program(): ProgramFormats {
    return { version: this.#options.version, channel: CHANNEL_FORMAT, handover: HANDOVER_FORMAT };
  }

  #answer(question: Question, tell: (data: unknown) => void): void {
    const { engine, handover } = this.#options;
    if (question.kind === "drains") tell(handover.drainCounts(question));
    else if (question.kind === "try-backends") engine.tryBackends(question, tell);
    else tell(engine.ask(question));
  }

  /** Of this main: another one counts questions of its own. */
  #answerTo(question: number): (data: unknown) => void {
    const [mains, { send }] = [this.#mains, this.#options];
    return (data) => {
      if (this.#mains === mains) send({ type: "answer", question, data });
    };
  }

  #keepPart(message: ToWorker & { readonly type: "part" }): void {
    this.#options.engine.stage(this.#record(message.changes));
    for (const drain of message.drains) this.#partDrains.push(drain);
  }

  #apply(message: ToWorker & { readonly type: "apply" }): void {
    const isNext = message.revision > this.#revision || message.reconciles === true;
    assert(isNext, `revision ${message.revision} after ${this.#revision}`);
    const drains = this.#partDrains.length === 0 ? message.drains : [...this.#partDrains, ...message.drains];
    this.#partDrains = [];
    const uses = this.#options.engine
      .apply(this.#record(message.changes), drains, message.revision)
      .filter(({ connections }) => connections > 0);
    this.#reach(message.revision);
    this.#options.send({ type: "applied", revision: this.#revision, hash: this.#hash, uses });
    this.#options.handover.followed();
  }

  #record(changes: readonly Change[]): readonly Change[] {
    return changes.map((change) => this.#state.applyChange(sharing(change, this.#state)));
  }

  #reach(revision: number): void {
    this.#revision = revision;
    this.#hash = this.#state.hash();
  }
}
