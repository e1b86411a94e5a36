/**
 * Clients that keep a connection open without using it, and come back to it later. Whoever closes it
 * meanwhile without having said so commits a fault.
 */
import type { FaultLog } from "../clients/faults.ts";
import { HttpConnection } from "../clients/http-connection.ts";

const TIMEOUT_MS = 10_000;

export interface RestingClientsOptions {
  readonly port: number;
  readonly host: string;
  readonly count: number;
  readonly faults: FaultLog;
  /** Told with each answer: how long it was waited for. */
  readonly waited: (waitedMs: number) => void;
}

export class RestingClients {
  readonly #options: RestingClientsOptions;
  #connections: HttpConnection[] = [];
  /** Closed by the other side: while they rested, or instead of an answer. */
  #closedCount = 0;

  /** Opens them all, and has each of them answered once. */
  static async open(options: RestingClientsOptions): Promise<RestingClients> {
    const clients = new RestingClients(options);
    for (let count = 0; count < options.count; count++) await clients.#open();
    await clients.use();
    return clients;
  }

  private constructor(options: RestingClientsOptions) {
    this.#options = options;
  }

  get closedCount(): number {
    return this.#closedCount;
  }

  /** Each that is still open asks once. */
  async use(): Promise<void> {
    for (const connection of this.#connections) await this.#ask(connection);
    this.#connections = this.#connections.filter(({ isIdle }) => isIdle);
  }

  /** Ends them from our side. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #open(): Promise<void> {
    const connection = await HttpConnection.open(this.#options.port, { timeoutMs: TIMEOUT_MS });
    connection.onIdle = (fault) => {
      this.#closedCount++;
      this.#options.faults.add(fault.kind, `a resting connection: ${fault.message}`);
    };
    this.#connections.push(connection);
  }

  async #ask(connection: HttpConnection): Promise<void> {
    if (!connection.isIdle) return;
    const startedMs = performance.now();
    const bytes = `GET /rested HTTP/1.1\r\nHost: ${this.#options.host}\r\n\r\n`;
    try {
      const response = await connection.exchange({ method: "GET", bytes, timeoutMs: TIMEOUT_MS });
      this.#options.waited(performance.now() - startedMs);
      if (response.status !== 200)
        this.#options.faults.add("status", `a resting connection: ${response.status}`);
      if (response.closes) this.#closedCount++;
    } catch (error) {
      this.#closedCount++;
      this.#options.faults.addError(error, "a resting connection used again");
    }
  }
}
