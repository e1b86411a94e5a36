/**
 * Changes at a fixed rate over a command socket that may go away in the midst of it, and what became of them:
 * whatever was answered `OK` must be there ever after. An order that was not answered may be there or not.
 */
import type { OrderClient } from "../order-client.ts";
import type { ChangesUnderWay } from "./witness.ts";

export class Ledger implements ChangesUnderWay {
  readonly refused: string[] = [];
  readonly #accepted: string[] = [];
  /** `undefined`: the one it had is gone, and it waits for another. */
  #orders: OrderClient | undefined;
  #names = 0;

  constructor(orders: OrderClient) {
    this.goOn(orders);
  }

  get done(): number {
    return this.#accepted.length;
  }

  /** From now on over this connection. */
  goOn(orders: OrderClient): void {
    this.#orders = orders;
    void orders.closed.then(() => {
      if (this.#orders === orders) this.#orders = undefined;
    });
  }

  /** Adds one cluster after another, without waiting for answers, until it is told to stop. */
  async run({ perSecond, signal }: { perSecond: number; signal: AbortSignal }): Promise<void> {
    const underWay = new Set<Promise<void>>();
    const { promise, resolve } = Promise.withResolvers<void>();
    const ticker = setInterval(() => {
      if (signal.aborted) return resolve();
      if (this.#orders === undefined) return;
      const adding = this.#add(this.#orders);
      underWay.add(adding);
      void adding.finally(() => underWay.delete(adding));
    }, 1_000 / perSecond);
    await promise;
    clearInterval(ticker);
    await Promise.all(underWay);
  }

  /** Those that were answered `OK` until now, and are not there. */
  async lost(orders: OrderClient): Promise<readonly string[]> {
    const accepted = [...this.#accepted];
    const { data } = await orders.ok("DUMP_STATE");
    const there = new Set((data.orders as DumpedOrder[]).map((order) => order.data.cluster_id));
    return accepted.filter((name) => !there.has(name));
  }

  async #add(orders: OrderClient): Promise<void> {
    const name = `kept-${++this.#names}`;
    // It is rejected when the connection goes away: nobody knows then.
    const answer = await orders.order("ADD_CLUSTER", { cluster_id: name }).catch(() => undefined);
    if (answer?.status === "OK") this.#accepted.push(name);
    else if (answer !== undefined) this.refused.push(`${name}: ${answer.error?.code} ${answer.message}`);
  }
}

interface DumpedOrder {
  readonly data: { readonly cluster_id?: string };
}
