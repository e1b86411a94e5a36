/**
 * HTTP/1.1 load at a fixed rate, half of it on fresh connections, half on kept-alive ones. Open loop: the
 * schedule does not wait for answers, and a slot that starts late is counted as late, never left out. Each
 * request is sent once.
 *
 * A kept-alive client goes on with its connection until the peer says `Connection: close`; then it opens
 * another, which is no fault. Everything else that ends a connection is one.
 */
import type { Response } from "../http/response.ts";
import { FaultLog } from "./faults.ts";
import { HttpConnection } from "./http-connection.ts";
import type { TlsWishes } from "./tls-client.ts";

export interface LoadOptions {
  readonly port: number;
  readonly ratePerSecond: number;
  /** 0 to 1: how much of the load opens a connection for each request. Default one half. */
  readonly freshShare?: number;
  readonly timeoutMs?: number;
  /** Over TLS. */
  readonly tls?: TlsWishes;
  /** The request with this number. */
  request(number: number): LoadRequest;
  /** Told with each answer: how long its client waited for it, a fresh one from before it connected. */
  waited?(waitedMs: number): void;
}

export interface LoadRequest {
  readonly host: string;
  readonly target: string;
  readonly method?: string;
  readonly body?: Buffer;
  /** What is wrong with the answer, or `undefined`. Default: status 200. */
  check?(response: Response): string | undefined;
}

export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  /**
   * Requests that went out more than 50 ms after their slot: the load generator's own fault, or the
   * machine's.
   */
  readonly late: number;
  /** Kept-alive connections that the peer ended as announced. */
  readonly announcedCloses: number;
}

const TICK_MS = 5;
const LATE_MS = 50;
const TIMEOUT_MS_DEFAULT = 10_000;

export class Load {
  readonly faults: FaultLog = new FaultLog();
  readonly #options: LoadOptions;
  #idle: HttpConnection[] = [];
  readonly #open: Set<HttpConnection> = new Set();
  readonly #underWay: Set<Promise<void>> = new Set();
  readonly #startedMs: number = performance.now();
  readonly #ticker: NodeJS.Timeout;
  #sent = 0;
  #answered = 0;
  #late = 0;
  #announcedCloses = 0;

  /** Starts at once. */
  constructor(options: LoadOptions) {
    this.#options = options;
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  get report(): LoadReport {
    return {
      sent: this.#sent,
      answered: this.#answered,
      late: this.#late,
      announcedCloses: this.#announcedCloses,
    };
  }

  /** One line for a person who watches. */
  get summary(): string {
    const { sent, answered, late } = this.report;
    return `requests sent ${sent} · answered ${answered} · late ${late} · faults ${this.faults.count}`;
  }

  /** Sends no more, waits for the answers under way (each has its timeout), and closes what is kept alive. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#ticker);
    await Promise.all(this.#underWay);
    for (const connection of this.#open) connection.close();
    return this.report;
  }

  #tick(): void {
    const elapsedMs = performance.now() - this.#startedMs;
    const due = Math.floor((elapsedMs * this.#options.ratePerSecond) / 1_000);
    while (this.#sent < due) {
      const slotMs = (this.#sent * 1_000) / this.#options.ratePerSecond;
      if (elapsedMs - slotMs > LATE_MS) this.#late++;
      this.#start(this.#sent++);
    }
  }

  #start(number: number): void {
    const exchange = this.#exchange(number).catch((error: unknown) =>
      this.faults.addError(error, `request ${number}`),
    );
    this.#underWay.add(exchange);
    void exchange.finally(() => this.#underWay.delete(exchange));
  }

  async #exchange(number: number): Promise<void> {
    const share = this.#options.freshShare ?? 0.5;
    const isFresh = Math.floor((number + 1) * share) > Math.floor(number * share);
    const request = this.#options.request(number);
    const startedMs = performance.now();
    const connection = (isFresh ? undefined : this.#takeIdle()) ?? (await this.#openConnection());
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
    const method = request.method ?? "GET";
    try {
      const response = await connection.exchange({
        method,
        bytes: bytesOf(request, isFresh && number % 4 < 2),
        timeoutMs,
      });
      this.#options.waited?.(performance.now() - startedMs);
      this.#judge(number, request, response);
      if (!isFresh) this.#keep(connection, response);
    } finally {
      if (isFresh || !connection.isIdle) this.#drop(connection);
    }
  }

  #judge(number: number, request: LoadRequest, response: Response): void {
    this.#answered++;
    const text = response.body.toString("latin1", 0, 60);
    if (request.check === undefined) {
      if (response.status !== 200) this.faults.add("status", `request ${number}: ${response.status} ${text}`);
      return;
    }
    const wrong = request.check(response);
    if (wrong !== undefined)
      this.faults.add(response.status === 200 ? "body" : "status", `request ${number}: ${wrong}`);
  }

  #takeIdle(): HttpConnection | undefined {
    // The one that waited longest: all of them stay in use, as with many clients.
    return this.#idle.shift();
  }

  async #openConnection(): Promise<HttpConnection> {
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS_DEFAULT;
    const connection = await HttpConnection.open(this.#options.port, { timeoutMs, tls: this.#options.tls });
    this.#open.add(connection);
    connection.onIdle = (fault) => {
      this.faults.add(fault.kind, `between requests: ${fault.message}`);
      this.#idle = this.#idle.filter((each) => each !== connection);
      this.#drop(connection);
    };
    return connection;
  }

  #keep(connection: HttpConnection, response: Response): void {
    if (response.closes) this.#announcedCloses++;
    if (connection.isIdle) this.#idle.push(connection);
  }

  #drop(connection: HttpConnection): void {
    this.#open.delete(connection);
    connection.close();
  }
}

/** Half of the fresh clients say that they close; the others close without a word. */
function bytesOf(request: LoadRequest, closes: boolean): Buffer {
  const body = request.body ?? Buffer.alloc(0);
  const length = request.body === undefined ? "" : `Content-Length: ${body.length}\r\n`;
  const close = closes ? "Connection: close\r\n" : "";
  const head = `${request.method ?? "GET"} ${request.target} HTTP/1.1\r\nHost: ${request.host}\r\n${close}${length}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
