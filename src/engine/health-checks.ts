/**
 * Which backends are checked, and when: those of clusters with a `health_check`, each at its own pace. A
 * verdict that turns acts on choosing at once, and is told. What one check does is in `health-check.ts`.
 *
 * ```text
 *  scheduled ──► waiting ──► running ──► scheduled …
 *   (deadlines)   (its turn)   (a connection)
 * ```
 *
 * Rules of this file:
 *  1. At most `healthChecksMax` run at a time, and no more than their share of the connection numbers; others
 *     wait for their turn, in the order in which they became due.
 *  2. A check that cannot be made is tried again soon, and counts neither way.
 *  3. Checks are spread: the first of a backend comes within as many milliseconds as backends are checked,
 *     the interval at most, and each interval is shortened by up to a tenth, by chance.
 *  4. Who is not checked costs nothing. A check is no use of its backend: no drain waits for it.
 */
import { slotOf } from "../metrics/engine-metrics.ts";
import { assert, assertNever } from "../base/assert.ts";
import { Deadlines } from "../base/deadlines.ts";
import { countCheck, type Health, newHealth } from "../balancing/health.ts";
import { makeAvailable, takeDown } from "../balancing/rest.ts";
import type { BackendChange } from "../model/channel.ts";
import { areEqual } from "../model/equal.ts";
import type { HealthCheck as Terms, ProxyProtocolVersion } from "../model/objects.ts";
import type { Core } from "./core.ts";
import { type CheckedTarget, type CheckResult, HealthCheck } from "./health-check.ts";
import type { BackendRuntime } from "./runtime/backend.ts";
import type { ClusterRuntime } from "./runtime/cluster.ts";
import type { ClusterTls } from "./tls/cluster-tls.ts";

/** One backend under check. It is scheduled, waits, or runs: whichever of the three holds it. */
interface Checked extends CheckedTarget {
  readonly backend: BackendRuntime;
  readonly slot: number;
  terms: Terms;
  announcedAs: ProxyProtocolVersion | undefined;
  tls: ClusterTls | undefined;
  readonly health: Health;
  /** Why the last check that failed did. */
  reason: string;
  /** When the next check is due, once the one that runs is over. */
  nextAt: number;
}

/** An interval is shortened by up to one part in so many. */
const JITTER_PARTS = 10;
const PASSED = slotOf("health_checks", "passed");
const FAILED = slotOf("health_checks", "failed");
const NOT_MADE = slotOf("health_checks", "not_made");
const CHANGED_UP = slotOf("backend_changes", "up");
const CHANGED_DOWN = slotOf("backend_changes", "down");
const SLOTS_MIN = 64;

export class HealthChecks {
  readonly #core: Core;
  readonly #changed: (change: BackendChange) => void;
  readonly #runningMax: number;
  readonly #checked: Map<BackendRuntime, Checked> = new Map();
  /** By slot: a small number for each, as `Deadlines` has them. Those that are left free are given again. */
  readonly #slots: (Checked | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #deadlines = new Deadlines(0);
  readonly #waiting: Set<Checked> = new Set();
  readonly #running: Map<Checked, HealthCheck> = new Map();

  constructor(core: Core, changed: (change: BackendChange) => void) {
    this.#core = core;
    this.#changed = changed;
    const { healthChecksMax, healthChecksShareMax } = core.limits;
    const share = Math.floor(core.port.connectionsMax * healthChecksShareMax);
    this.#runningMax = Math.max(1, Math.min(healthChecksMax, share));
  }

  /** As `follow`, for all backends of a cluster: it has come with them, or changed. */
  followAll(cluster: ClusterRuntime): void {
    if (this.#checked.size === 0 && cluster.configuration.health_check === undefined) return;
    for (const backend of cluster.backends) this.follow(cluster, backend);
  }

  /**
   * To be called when a backend has come or changed: checks it as its cluster says now.
   * Another address is another backend, of which nothing is known yet; other terms keep the verdict.
   */
  follow(cluster: ClusterRuntime, backend: BackendRuntime): void {
    const { health_check: terms, send_proxy_protocol: announcedAs } = cluster.configuration;
    const checked = this.#checked.get(backend);
    if (terms === undefined) {
      if (checked !== undefined) this.#release(checked, "it is not checked any more");
      return;
    }
    if (this.#core.isStopping) return;
    const { address } = backend.configuration;
    const { tls } = cluster;
    if (checked === undefined) return this.#begin(backend, { terms, announcedAs, tls });
    if (checked.address === address) {
      const isAsBefore = checked.announcedAs === announcedAs && checked.tls === tls;
      if (isAsBefore && areEqual(checked.terms, terms)) return;
      checked.terms = terms;
      checked.announcedAs = announcedAs;
      checked.tls = tls;
      checked.health.against = 0;
      return this.#restart(checked);
    }
    this.#release(checked, "it has another address");
    this.#begin(backend, { terms, announcedAs, tls });
  }

  /** To be called when a backend was removed. */
  forget(backend: BackendRuntime): void {
    const checked = this.#checked.get(backend);
    if (checked === undefined) return;
    this.#unschedule(checked);
    this.#checked.delete(backend);
    this.#slots[checked.slot] = undefined;
    this.#freeSlots.push(checked.slot);
  }

  /** Ends all checks: the process leaves. */
  stop(): void {
    for (const backend of [...this.#checked.keys()]) this.forget(backend);
  }

  /** Why the last check that failed did, for a backend that is down. */
  findReason(backend: BackendRuntime): string | undefined {
    const checked = this.#checked.get(backend);
    return checked?.health.verdict === "down" ? checked.reason : undefined;
  }

  /** Begins what is due. Gives when the next turn must come at the latest. */
  turnEnds(): number {
    if (this.#checked.size === 0) return Infinity;
    this.#deadlines.expire(this.#core.now, this.#becomeDue);
    for (const checked of this.#waiting) {
      if (this.#running.size >= this.#runningMax) break;
      this.#waiting.delete(checked);
      if (this.#start(checked)) continue;
      this.#deadlines.set(checked.slot, this.#core.now + this.#core.limits.healthRetryMs);
      break;
    }
    return this.#deadlines.next();
  }

  readonly #becomeDue = (slot: number): void => {
    const checked = this.#slots[slot];
    assert(checked !== undefined, "a check of nobody is due");
    this.#waiting.add(checked);
  };

  #begin(backend: BackendRuntime, asked: Pick<Checked, "terms" | "announcedAs" | "tls">): void {
    const slot = this.#freeSlots.pop() ?? this.#slots.length;
    const checked: Checked = {
      backend,
      slot,
      address: backend.configuration.address,
      ...asked,
      health: newHealth(),
      reason: "",
      nextAt: 0,
    };
    if (slot >= this.#deadlines.capacity) this.#deadlines.grow(Math.max(SLOTS_MIN, slot * 2));
    this.#slots[slot] = checked;
    this.#checked.set(backend, checked);
    this.#restart(checked);
  }

  #restart(checked: Checked): void {
    this.#unschedule(checked);
    const spread = Math.min(checked.terms.interval_ms, this.#checked.size);
    this.#deadlines.set(checked.slot, this.#core.now + this.#core.prng.below(spread));
  }

  #unschedule(checked: Checked): void {
    this.#deadlines.clear(checked.slot);
    this.#waiting.delete(checked);
    this.#running.get(checked)?.discard();
    this.#running.delete(checked);
  }

  /** Stops checking what stays configured: nothing speaks against it any more. */
  #release(checked: Checked, reason: string): void {
    this.forget(checked.backend);
    if (checked.health.verdict !== "down") return;
    makeAvailable(checked.backend);
    this.#tell(checked, "up", reason);
  }

  /** False: no connection number is free. */
  #start(checked: Checked): boolean {
    const { backend, terms } = checked;
    const connection = this.#core.connect(backend.address);
    if (connection === -1) return false;
    const jitter = this.#core.prng.below(Math.ceil(terms.interval_ms / JITTER_PARTS));
    checked.nextAt = this.#core.now + terms.interval_ms - jitter;
    const tell = (result: CheckResult): void => this.#checkEnded(checked, result);
    this.#running.set(checked, new HealthCheck(this.#core, connection, checked, tell));
    return true;
  }

  #checkEnded(checked: Checked, result: CheckResult): void {
    this.#running.delete(checked);
    let { nextAt } = checked;
    switch (result.kind) {
      case "passed":
        this.#core.counters[PASSED]!++;
        this.#count(checked, true);
        break;
      case "failed":
        this.#core.counters[FAILED]!++;
        checked.reason = result.reason;
        this.#count(checked, false);
        break;
      case "not-made":
        this.#core.counters[NOT_MADE]!++;
        nextAt = this.#core.now + this.#core.limits.healthRetryMs;
        break;
      default:
        assertNever(result);
    }
    this.#deadlines.set(checked.slot, nextAt);
  }

  #count(checked: Checked, passed: boolean): void {
    const { backend, health, terms } = checked;
    const { verdict: before } = health;
    if (passed) backend.succeeded();
    if (!countCheck(health, passed, terms)) return;
    if (!passed) {
      takeDown(backend);
      this.#tell(checked, "down", checked.reason);
    } else if (before === "down") {
      makeAvailable(backend);
      this.#tell(checked, "up", "its health checks pass");
    }
  }

  #tell({ backend, address }: Checked, state: BackendChange["state"], reason: string): void {
    const { cluster_id, backend_id } = backend.configuration;
    this.#core.counters[state === "up" ? CHANGED_UP : CHANGED_DOWN]!++;
    this.#changed({ cluster_id, backend_id, address, state, reason });
  }
}
