/**
 * What all parts of one engine share: the port, the memory, the clock of this turn, deadlines, limits. It
 * decides nothing.
 */
import type { Address } from "../base/address.ts";
import type { BufferPool } from "../base/buffer-pool.ts";
import type { Deadlines } from "../base/deadlines.ts";
import type { Prng } from "../base/prng.ts";
import { Head } from "../http/head.ts";
import { EngineMetrics } from "../metrics/engine-metrics.ts";
import type { Client } from "./client.ts";
import type { HandOver } from "./handover/hand-over.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { EngineLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import type { Port } from "./port.ts";
import { QueuedClients } from "./queued-clients.ts";
import { Reading } from "./reading.ts";
import { RequestContext } from "./request-context.ts";
import { RequestIds } from "./request-ids.ts";
import { RevisionLine } from "./revision-line.ts";
import type { BackendFaults } from "./tls/backend-faults.ts";
import type { TlsParts } from "./tls/tls-parts.ts";
import { SIDE, Traffic } from "./traffic.ts";
import type { Use, UseWatcher } from "./use.ts";

/**
 * What the process is about. `handing-over`: it accepts no more, and gives its connections to another worker;
 * what cannot go over is told that its next response is the last. `stopping`: all are told so.
 */
export type Presence = "running" | "handing-over" | "stopping" | "stopped";

/** Contexts kept for another use; more at a time are allocated and let go. */
const IDLE_CONTEXTS_MAX = 1_024;

export interface CoreParts {
  readonly port: Port;
  readonly limits: EngineLimits;
  readonly prng: Prng;
  readonly deadlines: Deadlines;
  readonly watcher: UseWatcher;
  /** Milliseconds since 1970 when the port's clock reads 0: for ids only, never for deadlines. */
  readonly epochMs: number;
  readonly tls: TlsParts | undefined;
  readonly backendFaults: BackendFaults;
}

export class Core {
  readonly port: Port;
  readonly buffers: BufferPool;
  readonly memory: Uint8Array;
  readonly limits: EngineLimits;
  readonly prng: Prng;
  readonly deadlines: Deadlines;
  readonly watcher: UseWatcher;
  readonly outbox: Outbox;
  /**
   * The same for requests' heads, which are kept until a response begins: among what leaves at once, a few of
   * them would hold many buffers.
   */
  readonly keptHeads: Outbox;
  readonly reading: Reading;
  readonly queuedClients: QueuedClients = new QueuedClients();
  readonly requestIds: RequestIds;
  readonly revisionLine: RevisionLine = new RevisionLine();
  readonly epochMs: number;
  /** Undefined where TLS is not spoken. */
  readonly tls: TlsParts | undefined;
  readonly backendFaults: BackendFaults;
  readonly metrics: EngineMetrics = new EngineMetrics();
  /** The metrics' counters, which most parts add to. */
  readonly counters: Float64Array = this.metrics.counters;
  readonly traffic: Traffic;
  readonly #contexts: RequestContext[] = [];
  /** Who owns each connection number. */
  readonly owners: (ConnectionOwner | undefined)[];
  /** The head being read: used by one reader at a time, and only until it returns. */
  readonly requestHead: Head = new Head();
  readonly responseHead: Head = new Head();
  /** Milliseconds of this turn on the port's clock. */
  now = 0;
  presence: Presence = "running";
  /** It accepts no more, until it is undrained: each client is told that its next response is the last. */
  isDraining = false;
  /** Gives connections to another worker, while it is `handing-over`. */
  handOver: HandOver | undefined;

  constructor(parts: CoreParts) {
    this.port = parts.port;
    this.buffers = parts.port.buffers;
    this.memory = parts.port.buffers.memory;
    this.limits = parts.limits;
    this.prng = parts.prng;
    this.deadlines = parts.deadlines;
    this.watcher = parts.watcher;
    this.epochMs = parts.epochMs;
    this.tls = parts.tls;
    this.backendFaults = parts.backendFaults;
    this.traffic = new Traffic(this.metrics, parts.port.connectionsMax);
    this.outbox = new Outbox(this);
    this.keptHeads = new Outbox(this);
    this.reading = new Reading(parts.port, parts.limits, this.#turnCame);
    this.requestIds = new RequestIds(parts.prng);
    this.owners = Array.from({ length: parts.port.connectionsMax }, () => undefined);
  }

  /** Starts a connection to a backend: its number, or -1 when none is free. */
  connect(address: Address): number {
    const connection = this.port.connect(address);
    if (connection !== -1) this.traffic.begins(connection, SIDE.back, this.now);
    return connection;
  }

  /** Queues a slice as `Port.send` does, and counts it. */
  send(connection: number, buffer: number, start: number, end: number): void {
    this.traffic.sent(connection, end - start);
    this.port.send(connection, buffer, start, end);
  }

  /** True once the process leaves and takes nothing along. */
  get isStopping(): boolean {
    return this.presence === "stopping" || this.presence === "stopped";
  }

  /** True if the process drains, or leaves and cannot take this client along. */
  leavesBehind(client: Client): boolean {
    if (this.presence === "running") return this.isDraining;
    return this.isStopping || (this.presence === "handing-over" && client.secured !== undefined);
  }

  /** Another worker may go on with `connection` now. False: it does not take it soon. */
  offersOver(connection: number): boolean {
    return this.presence === "handing-over" && this.handOver!.offer(connection);
  }

  /** Whether a connection speaks TLS. */
  isSecured(connection: number): boolean {
    return this.tls?.port.canDetach(connection) === false;
  }

  /** Cuts all that uses what drains. */
  cutUsers(use: Use): void {
    for (const owner of this.owners) {
      if (owner?.uses?.(use) === true) owner.cut();
    }
    for (const [connection, owner] of this.owners.entries()) {
      if (this.queuedClients.uses(connection, use)) owner?.cut();
    }
  }

  own(connection: number, owner: ConnectionOwner): void {
    this.owners[connection] = owner;
  }

  /** A context for a request of `client`: one that was used before, else a new one. */
  takeContext(client: Client): RequestContext {
    return this.#contexts.pop() ?? new RequestContext(client);
  }

  keepContext(context: RequestContext): void {
    if (this.#contexts.length < IDLE_CONTEXTS_MAX) this.#contexts.push(context);
  }

  readonly #turnCame = (source: number): void => {
    const owner = this.owners[source];
    if (owner?.turnCame === undefined) this.port.receive(source);
    else owner.turnCame();
  };

  /** Forgets a connection number before it is closed: no event for it may reach its former owner. */
  disown(connection: number): void {
    this.owners[connection] = undefined;
    this.deadlines.clear(connection);
    this.reading.forget(connection);
    this.queuedClients.left(connection);
  }
}
