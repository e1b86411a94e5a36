/**
 * The worker as one deterministic machine: told of connections and bytes through `PortEvents`, of orders
 * through its methods; asks through `Port`, tells through `EngineHooks`. The same seed and the same events
 * give the same bytes.
 *
 * This file only passes events on to who owns a connection, and keeps the turn: what an exchange does is in
 * `exchange.ts`, what a change does in `configuration.ts`.
 */
import { assert } from "../base/assert.ts";
import { Deadlines } from "../base/deadlines.ts";
import { Prng } from "../base/prng.ts";
import type { HeldDrain, WorkerPresence } from "../model/adoption.ts";
import type {
  BackendsTrial,
  Change,
  DrainRequest,
  DrainUse,
  EngineQuestion,
  KeptDeadline,
  TlsHandles,
  TlsSecrets,
  TrialResults,
} from "../model/channel.ts";
import type { MetricValues } from "../model/metric-values.ts";
import type { HandoverProgress, HandoverRecord } from "../model/handover.ts";
import { slotOf } from "../metrics/engine-metrics.ts";
import { answerQuestion } from "./answer-question.ts";
import { AnnouncedConnection } from "./announced-connection.ts";
import { BoundSockets, type ListeningSocket } from "./bound-sockets.ts";
import { Client } from "./client.ts";
import { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import { Core } from "./core.ts";
import { Drains } from "./drains.ts";
import { type Adopted, Adoption } from "./handover/adoption.ts";
import { type GiveHook, HandOver } from "./handover/hand-over.ts";
import { HealthChecks } from "./health-checks.ts";
import { ENGINE_LIMITS_DEFAULT } from "./limits.ts";
import type { EngineHooks, EngineOptions } from "./engine-options.ts";
import type { IoFault, PortEvents } from "./port.ts";
import { refuseSession, startSession } from "./start-session.ts";
import { BackendFaults } from "./tls/backend-faults.ts";
import { ClientContexts } from "./tls/client-contexts.ts";
import { HandshakeLog } from "./tls/handshake-log.ts";
import { SIDE } from "./traffic.ts";
import { tryBackends } from "./try-backends.ts";
import { WorkerDrain } from "./worker-drain.ts";
import { TlsServer } from "./tls/tls-server.ts";

const ACCEPTED = slotOf("connections_accepted");
const REFUSED = slotOf("connections_refused");

export class Engine implements PortEvents {
  readonly #core: Core;
  readonly #configuration: Configuration;
  readonly #healthChecks: HealthChecks;
  readonly #drains = new Drains();
  readonly #hooks: EngineHooks;
  readonly #sockets: BoundSockets;
  readonly #workerDrain: WorkerDrain;
  #adoption: Adoption | undefined;
  #stopAt = Infinity;
  /** Before this time we do not leave, though no session is open. */
  #leavesAt = Infinity;

  constructor(options: EngineOptions) {
    this.#hooks = options.hooks;
    const limits = { ...ENGINE_LIMITS_DEFAULT, ...options.limits };
    const { tls } = options;
    this.#core = new Core({
      port: options.port,
      limits,
      tls: tls && {
        port: tls.port,
        log: new HandshakeLog((...line) => options.hooks.log(...line), limits.handshakeFaultLinesMax),
        server: new TlsServer(tls.library, this.#drains, limits.readyCertificatesMax),
        clientContexts: new ClientContexts(tls.library, limits.clientContextsMax),
      },
      backendFaults: new BackendFaults((level, message) => options.hooks.log(level, message)),
      prng: new Prng(options.seed),
      deadlines: new Deadlines(options.port.connectionsMax),
      watcher: this.#drains,
      epochMs: options.epochMs ?? 0,
    });
    this.#sockets = new BoundSockets(options.port);
    this.#healthChecks = new HealthChecks(this.#core, (change) => options.hooks.backendChanged(change));
    this.#configuration = new Configuration(this.#core, this.#healthChecks);
    this.#workerDrain = new WorkerDrain({
      ...{ core: this.#core, configuration: this.#configuration, sockets: this.#sockets },
      tell: (use) => options.hooks.drainChanged(use),
    });
  }

  /** Client sessions that are open. */
  get connectionCount(): number {
    return this.#configuration.sessionCount;
  }

  /** What was counted since the start. */
  get totals(): MetricValues {
    return this.#core.metrics.totals;
  }

  /** What lives of OpenSSL; `undefined` where TLS is not spoken. */
  get tlsHandles(): TlsHandles | undefined {
    return this.#core.tls?.server.handles;
  }

  /** Whether it serves, or leaves. */
  get presence(): WorkerPresence {
    const { presence } = this.#core;
    return presence === "stopping" || presence === "stopped" ? "leaving" : presence;
  }

  /** Whether it accepts no more, until it is undrained. */
  get isDraining(): boolean {
    return this.#core.isDraining;
  }

  /** The sockets that it accepts on, and those of removed listeners that are not empty yet. */
  get listeningSockets(): readonly ListeningSocket[] {
    return this.#sockets.list();
  }

  // Orders, by way of main.

  /**
   * Prepares the first changes of a large `apply`, piece by piece, so that the moment at which all of them
   * become visible is short.
   */
  stage(changes: readonly Change[]): void {
    this.#configuration.stage(changes);
  }

  /**
   * Follows changes at once, with those that were staged for them; returns the use of each drained object (0
   * when nothing uses it). What is decided from now on is decided by `revision`.
   */
  apply(
    changes: readonly Change[],
    drains: readonly DrainRequest[],
    revision: number = 0,
  ): readonly DrainUse[] {
    const { drained, undrained } = this.#configuration.apply(changes);
    this.#core.revisionLine.reach(revision);
    if (drained.size > 0) this.#sockets.countQueues();
    for (const use of undrained) this.#drains.forget(use);
    return this.#drains.begin(drains, drained);
  }

  /**
   * Accepts on a socket for the listener at `address`. A listener that was removed and added back has a
   * socket of its own: the one before is emptied beside it.
   */
  bindListener(address: string, socket: number): void {
    const listener = this.#configuration.listeners.get(address);
    assert(listener !== undefined, "a socket for a listener that is not there");
    this.#sockets.bind(address, listener, socket);
  }

  /**
   * Accepts what the queue of a removed listener still holds, or `atStop` of the present one, then closes its
   * socket and tells `unlistened`.
   */
  unlisten(address: string, atStop: boolean = false): void {
    if (!this.#sockets.empty(address, atStop)) this.#hooks.unlistened(address);
  }

  /** A drain's time is over: what still uses its object is cut. */
  closeDrained(drain: number): void {
    const use = this.#drains.find(drain);
    this.#adoption?.closeDrained(drain);
    this.#workerDrain.close(drain);
    if (use !== undefined) this.#core.cutUsers(use);
  }

  /**
   * Leaves: accepts no more, lets sessions end, then tells `stopped`. What is left after `deadlineMs` is cut.
   */
  stop(deadlineMs: number | undefined): void {
    if (this.#core.presence === "stopped") return;
    this.#beginLeaving("stopping", deadlineMs);
    this.#core.handOver?.end();
    this.#healthChecks.stop();
    this.#sockets.abandon();
    for (const cluster of this.#configuration.clusters.values()) {
      for (const backend of cluster.backends) backend.discardIdle();
    }
  }

  /**
   * Gives all that it can to another worker, through `give` (see there), and ends the rest softly; then tells
   * `stopped`. What is left after `deadlineMs` is cut. Accepts no more, but keeps its sockets until it
   * leaves.
   */
  handOver(deadlineMs: number | undefined, give: GiveHook): void {
    if (this.#core.presence !== "running") return;
    this.#beginLeaving("handing-over", deadlineMs);
    this.#sockets.pause();
    this.#core.handOver = new HandOver(this.#core, this.#configuration, this.#drains, give);
  }

  /** The other worker has what was given under these tokens. */
  taken(tokens: readonly number[]): void {
    this.#core.handOver?.taken(tokens);
  }

  /** The other worker cannot go on with what was given under these tokens. */
  refused(tokens: readonly number[]): void {
    this.#core.handOver?.refused(tokens);
  }

  /** The other worker is gone: what it has not taken goes on here, and connections are accepted again. */
  takeBack(): void {
    const { handOver, presence } = this.#core;
    this.#core.handOver = undefined;
    handOver?.takeBack();
    if (presence !== "handing-over") return;
    this.#core.presence = "running";
    this.#stopAt = this.#leavesAt = Infinity;
    if (!this.#core.isDraining) this.#sockets.goOn();
  }

  /** How far `handOver` is; `undefined` before it. */
  get handOverProgress(): HandoverProgress | undefined {
    return this.#core.handOver?.progress;
  }

  /** From now on another worker's connections come, until `endAdoption`. */
  beginAdoption(): void {
    this.#adoption ??= new Adoption(this.#core, this.#configuration, this.#drains);
  }

  /** Prepares what another worker gives; see `Adoption`. */
  adopt(record: HandoverRecord): Adopted | undefined {
    return this.#adoption?.prepare(record);
  }

  endAdoption(): void {
    this.#adoption?.end();
    this.#adoption = undefined;
  }

  /** Keeps when drains are to be closed, for a main that comes after this one. */
  keepDeadlines(deadlines: readonly KeptDeadline[]): void {
    for (const deadline of deadlines) {
      this.#drains.keepDeadline(deadline);
      this.#workerDrain.keepDeadline(deadline);
    }
  }

  /** How many connections use what drains, by its number, now. */
  get drainCounts(): readonly HeldDrain[] {
    return [...this.#drains.counts, ...this.#workerDrain.counts];
  }

  /** Takes the ticket keys, and the certificate for clients that no other serves. */
  followSecrets(secrets: TlsSecrets): void {
    this.#core.tls?.server.follow(secrets);
  }

  /** Asks backends that are not configured; see `tryBackends`. */
  tryBackends(trial: BackendsTrial, tell: (results: TrialResults) => void): void {
    tryBackends(this.#core, this.#configuration, trial, tell);
  }

  /** Answers what only a worker knows. */
  ask(question: EngineQuestion): unknown {
    return answerQuestion(this.#core, this.#configuration, this.#healthChecks, this.#workerDrain, question);
  }

  // What the port tells.

  turnStarts(now: number): void {
    this.#core.now = now;
  }

  accepted(socket: number, connection: number, ip: string, clientPort: number): void {
    const listener = this.#sockets.findListener(socket);
    if (listener === undefined) {
      this.#core.port.reset(connection);
      return;
    }
    const { port, limits } = this.#core;
    const isOneTooMany = this.#configuration.sessionCount >= port.connectionsMax * limits.sessionsShareMax;
    this.#configuration.sessionCount++;
    this.#core.counters[ACCEPTED]!++;
    this.#core.traffic.begins(connection, SIDE.front, this.#core.now);
    const client = new Client(listener, ip, clientPort);
    if (listener.isLeaving) this.#core.queuedClients.accepted(connection, listener.use);
    if (isOneTooMany) {
      this.#core.counters[REFUSED]!++;
      refuseSession(this.#core, this.#configuration, client, connection);
    } else if (listener.configuration.accept_proxy_protocol)
      new AnnouncedConnection(this.#core, this.#configuration, client, connection);
    else startSession(this.#core, this.#configuration, client, connection);
  }

  acceptingStopped(socket: number): void {
    const address = this.#sockets.emptied(socket);
    // First what is true of its drain now: main takes the queue for empty with the next word.
    this.#reportDrains(0);
    this.#hooks.unlistened(address);
  }

  connected(connection: number): void {
    this.#ownerOf(connection).connected();
  }

  received(connection: number, buffer: number, start: number, end: number): void {
    this.#core.traffic.received(connection, end - start);
    this.#ownerOf(connection).received(buffer, start, end);
  }

  sent(connection: number): void {
    this.#ownerOf(connection).sent();
  }

  ended(connection: number): void {
    this.#ownerOf(connection).ended();
  }

  failed(connection: number, fault: IoFault): void {
    this.#ownerOf(connection).failed(fault);
  }

  detached(connection: number): void {
    const owner = this.#ownerOf(connection);
    assert(owner.detached !== undefined, "a connection was detached, and its owner did not ask for it");
    owner.detached();
  }

  turnEnds(): number {
    const core = this.#core;
    core.deadlines.expire(core.now, this.#expire);
    core.reading.giveTurns(core.now);
    this.#reportDrains(core.limits.drainReportMs);
    const nextGift = (core.presence === "handing-over" && core.handOver?.turnEnds()) || Infinity;
    if (core.presence !== "running") this.#leaveTurn();
    const nextCheck = this.#healthChecks.turnEnds();
    const ofDrains = this.#drains.nextReport(core.limits.drainReportMs);
    const nextReport = Math.min(ofDrains, this.#workerDrain.turnEnds());
    const leavesAt = this.#leavesAt < Infinity && this.#hasNothingLeft() ? this.#leavesAt : Infinity;
    const nextLine = core.tls?.log.turnEnds(core.now) ?? Infinity;
    const nextTurn = Math.min(core.reading.nextTurn, nextCheck, nextReport, nextLine);
    return Math.min(core.deadlines.next(), nextTurn, nextGift, this.#stopAt, leavesAt);
  }

  #reportDrains(everyMs: number): void {
    for (const use of this.#drains.report(this.#core.now, everyMs)) this.#hooks.drainChanged(use);
  }

  readonly #expire = (connection: number): void => {
    this.#ownerOf(connection).expired();
  };

  #beginLeaving(presence: "handing-over" | "stopping", deadlineMs: number | undefined): void {
    if (this.#core.presence === "running") this.#leavesAt = this.#core.now + this.#core.limits.leaveGraceMs;
    this.#core.presence = presence;
    this.#stopAt = deadlineMs === undefined ? Infinity : this.#core.now + deadlineMs;
  }

  #leaveTurn(): void {
    if (this.#core.now >= this.#stopAt) {
      this.#stopAt = Infinity;
      for (const owner of this.#core.owners) owner?.cut();
      // What is said to them is written first.
      this.#leavesAt = this.#core.now + this.#core.limits.leaveGraceMs;
    }
    if (!this.#hasNothingLeft() || this.#core.now < this.#leavesAt) return;
    this.#leavesAt = Infinity;
    this.#core.presence = "stopped";
    this.#hooks.stopped();
  }

  #hasNothingLeft(): boolean {
    return this.#configuration.sessionCount === 0 && this.#core.handOver?.isAtRest !== false;
  }

  #ownerOf(connection: number): ConnectionOwner {
    const owner = this.#core.owners[connection];
    assert(owner !== undefined, "an event for a connection of nobody");
    return owner;
  }
}
