/**
 * What is true of a simulated run, kept apart from the engine: which request was sent by whom, which backend
 * saw it, what was done on purpose to spoil it. The laws are judged from here.
 */

export interface RequestRecord {
  readonly number: number;
  readonly method: "GET" | "HEAD" | "POST";
  readonly cluster: string;
  readonly body: string;
  /** Who sent it, as backends must be told. */
  readonly clientIp: string;
  /** Times that a backend read it whole. */
  seen: number;
  /** What was done to it on purpose: a backend that cut, a client that went. Then it may end badly. */
  readonly spoiled: string[];
  outcome: "unanswered" | "answered" | "refused" | "cut";
}

export class Ledger {
  readonly requests: RequestRecord[] = [];
  /** Broken laws, with the moment. */
  readonly broken: string[] = [];
  /** Things that happened on purpose to everybody: a cluster without backends, a listener that was away. */
  readonly disturbances: Set<"no-backend" | "no-frontend" | "unreachable" | "stale" | "poison"> = new Set();
  readonly #now: () => number;
  #clients = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** An address that no other client has. */
  nextClientIp(): string {
    const number = ++this.#clients;
    return `203.0.${number >> 8}.${number & 0xff}`;
  }

  open(method: RequestRecord["method"], cluster: string, body: string, clientIp: string): RequestRecord {
    const record: RequestRecord = {
      number: this.requests.length,
      method,
      cluster,
      body,
      clientIp,
      seen: 0,
      spoiled: [],
      outcome: "unanswered",
    };
    this.requests.push(record);
    return record;
  }

  find(number: number): RequestRecord | undefined {
    return this.requests[number];
  }

  break(law: string): void {
    this.broken.push(`at ${this.#now()} ms: ${law}`);
  }

  /** What a backend answers to a request, and a client therefore must get: its own number, many times. */
  static answerTo(record: RequestRecord): string {
    const line = `answer ${record.number} of ${record.cluster}: ${record.body.length}\n`;
    return line.repeat(1 + ((record.number * 7) % 40));
  }
}
