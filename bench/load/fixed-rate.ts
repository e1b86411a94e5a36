/**
 * Load at a fixed rate, whatever the proxy does: requests leave by the clock, not when the last answer came,
 * and what finds no free connection waits with its time running. A program of its own, so that it can be
 * pinned:
 *
 * ```text
 * node fixed-rate.ts '{"port":8080,"path":"/small","rate":10000,"connections":128,"seconds":5}'
 * ```
 *
 * It prints one line of JSON. Latency is counted from the moment that the request was due. The clock ticks
 * each millisecond, and what is due in a tick leaves together, the same for every proxy.
 */
import { createConnection, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { percentile } from "../statistics.ts";
import { HOST_COUNT, hostnameOf, requestHeadOf } from "../workload.ts";

/** What is asked for. */
export interface FixedRate {
  readonly port: number;
  readonly path: string;
  /** Requests per second. */
  readonly rate: number;
  readonly connections: number;
  readonly seconds: number;
  /** How many of the workload's hostnames to ask for [all]. */
  readonly hosts?: number;
  /**
   * Each body ends in the digit of its backend and `~`: the digit is that of the revision in the head, odd or
   * even.
   */
  readonly twins?: boolean;
}

/** What was found; latencies in milliseconds. */
export interface FixedRateResult {
  readonly answered: number;
  /** Requests without an answer: cut, refused, or too late. */
  readonly faults: number;
  /** Of twins: from a backend that is not that of the revision in their head. */
  readonly mixed: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** The last byte of every body of the workload, and in no head. */
const END_OF_BODY = "~".charCodeAt(0);
const TICK_MS = 1;
const DRAIN_MS_MAX = 2_000;
/** The first part of all answers is warming up, and is not counted. */
const WARM_UP_SHARE = 0.2;

/** One kept-alive connection with at most one request on its way. */
interface Lane {
  readonly socket: Socket;
  dueAt: number;
  /** Of twins: what came of the response. */
  text: string;
}

class FixedRateLoad {
  readonly #asked: FixedRate;
  readonly #heads: readonly Buffer[];
  readonly #free: Lane[] = [];
  readonly #waiting: number[] = [];
  readonly #latencies: number[] = [];
  #due = 0;
  #mixed = 0;
  #sent = 0;

  constructor(asked: FixedRate) {
    this.#asked = asked;
    this.#heads = Array.from({ length: asked.hosts ?? HOST_COUNT }, (_, index) =>
      Buffer.from(requestHeadOf(hostnameOf(index), asked.path)),
    );
  }

  async run(): Promise<FixedRateResult> {
    for (let index = 0; index < this.#asked.connections; index++) this.#free.push(await this.#open());
    const started = performance.now();
    const endsAt = started + this.#asked.seconds * 1_000;
    for (let now = started; now < endsAt; now = performance.now()) {
      this.#sendDue(now, ((now - started) / 1_000) * this.#asked.rate);
      await wait(TICK_MS);
    }
    const drainsUntil = performance.now() + DRAIN_MS_MAX;
    while (this.#latencies.length < this.#due && performance.now() < drainsUntil) await wait(TICK_MS);
    return this.#result();
  }

  #sendDue(now: number, dueUntilNow: number): void {
    for (; this.#due < dueUntilNow; this.#due++) {
      const lane = this.#free.pop();
      if (lane === undefined) this.#waiting.push(now);
      else this.#send(lane, now);
    }
  }

  #send(lane: Lane, dueAt: number): void {
    lane.dueAt = dueAt;
    lane.socket.write(this.#heads[this.#sent++ % this.#heads.length] ?? "");
  }

  #answered(lane: Lane): void {
    if (this.#asked.twins === true) this.#compare(lane);
    this.#latencies.push(performance.now() - lane.dueAt);
    const dueAt = this.#waiting.shift();
    if (dueAt === undefined) this.#free.push(lane);
    else this.#send(lane, dueAt);
  }

  #compare(lane: Lane): void {
    const [, revision] = /^X-Kakehi-Revision: (\d+)\r$/m.exec(lane.text) ?? [];
    if (String(Number(revision) % 2) !== lane.text.at(-2)) this.#mixed++;
    lane.text = "";
  }

  /** A connection that breaks is not opened again: its request stays unanswered, which is what is counted. */
  #open(): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: "127.0.0.1", port: this.#asked.port, noDelay: true });
      const lane: Lane = { socket, dueAt: 0, text: "" };
      socket.once("connect", () => resolve(lane));
      socket.on("error", reject);
      socket.on("data", (bytes: Buffer) => {
        if (this.#asked.twins === true) lane.text += bytes.toString("latin1");
        if (bytes[bytes.length - 1] === END_OF_BODY) this.#answered(lane);
      });
    });
  }

  #result(): FixedRateResult {
    const counted = this.#latencies.slice(Math.floor(this.#latencies.length * WARM_UP_SHARE));
    return {
      answered: this.#latencies.length,
      faults: this.#due - this.#latencies.length,
      mixed: this.#mixed,
      p50: percentile(counted, 0.5),
      p99: percentile(counted, 0.99),
      p999: percentile(counted, 0.999),
    };
  }
}

if (import.meta.main) {
  const asked = JSON.parse(process.argv[2] ?? "{}") as FixedRate;
  console.log(JSON.stringify(await new FixedRateLoad(asked).run()));
  process.exit();
}
