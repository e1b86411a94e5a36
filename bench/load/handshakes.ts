/**
 * New connections over TLS at a fixed rate, each with one small request, by the clock and not when the last
 * was answered. A program of its own, so that it can be pinned:
 *
 * ```text
 * node handshakes.ts '{"port":8443,"name":"app-0000.bench.example.org","kind":"full","rate":300,"seconds":5}'
 * ```
 *
 * It prints one line of JSON. Whatever is not as asked for is a fault: a handshake that was resumed where a
 * full one was wanted is one, and the other way around.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type Secured, SecuredClient, type SecuredWish } from "./secured-connection.ts";

/** What is asked for. */
export interface Handshakes extends SecuredWish {
  readonly kind: "full" | "resumed";
  /** Connections per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Count the certificates that were shown, which costs time of its own. */
  readonly countsCertificates?: boolean;
}

/** What was found. */
export interface HandshakesResult {
  /** Handshakes as asked for, each with its request answered. */
  readonly completed: number;
  readonly faults: number;
  /** How often each thing went wrong. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Different certificates that were shown; 0 where they were not counted. */
  readonly certificates: number;
}

const TICK_MS = 2;

export class HandshakesLoad {
  readonly #asked: Handshakes;
  readonly #client: SecuredClient;
  readonly #reasons: Record<string, number> = {};
  readonly #fingerprints: Set<string> = new Set();
  #ticket: Buffer | undefined;
  #begun = 0;
  #completed = 0;
  #faults = 0;

  constructor(asked: Handshakes) {
    this.#asked = asked;
    this.#client = new SecuredClient(asked);
  }

  async run(): Promise<HandshakesResult> {
    if (this.#asked.kind === "resumed") await this.#fetchTicket();
    const started = performance.now();
    const endsAt = started + this.#asked.seconds * 1_000;
    const underWay = new Set<Promise<void>>();
    for (let now = started; now < endsAt; now = performance.now()) {
      const due = ((now - started) / 1_000) * this.#asked.rate;
      for (; this.#begun < due; this.#begun++) {
        const one = this.#shake();
        underWay.add(one);
        void one.then(() => underWay.delete(one));
      }
      await wait(TICK_MS);
    }
    await Promise.all(underWay);
    return {
      completed: this.#completed,
      faults: this.#faults,
      reasons: this.#reasons,
      certificates: this.#fingerprints.size,
    };
  }

  /** The first ticket comes of a full handshake, which is not counted. */
  async #fetchTicket(): Promise<void> {
    const { socket, ticket } = await this.#client.ask();
    socket.end();
    if (ticket === undefined) throw new Error("no ticket came with the first connection");
    this.#ticket = ticket;
  }

  async #shake(): Promise<void> {
    try {
      const secured = await this.#client.ask(this.#ticket);
      this.#judge(secured);
      if (this.#asked.countsCertificates === true) this.#note(secured);
      secured.socket.end();
    } catch (error) {
      this.#blame((error as Error).message);
    }
  }

  #judge({ isResumed, ticket }: Secured): void {
    if (isResumed !== (this.#asked.kind === "resumed"))
      return this.#blame(isResumed ? "resumed" : "not resumed");
    this.#completed++;
    if (this.#asked.kind === "resumed" && ticket !== undefined) this.#ticket = ticket;
    return undefined;
  }

  #note({ socket }: Secured): void {
    const certificate = socket.getPeerX509Certificate();
    if (certificate !== undefined) this.#fingerprints.add(certificate.fingerprint256);
  }

  #blame(reason: string): void {
    this.#faults++;
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
  }
}

if (import.meta.main) {
  const asked = JSON.parse(process.argv[2] ?? "{}") as Handshakes;
  console.log(JSON.stringify(await new HandshakesLoad(asked).run()));
  process.exit();
}
