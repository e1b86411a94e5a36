/**
 * `kakehi order`: orders as JSON, from an argument or from stdin, and every answer as one line of JSON. For
 * what has no command of its own, and for many orders at a time.
 *
 * Rules of this file:
 *  1. Orders are sent in their order, without waiting for answers; at most `ORDERS_IN_FLIGHT_MAX` at a time.
 *  2. Answers carry the ids that the orders were given, or those that were made for them.
 *  3. After the first text that is no order nothing more is sent.
 */
import type { Command } from "commander";
import { type AnyAnswer, type Client, OrderRefusedError, type OrderToSend } from "../client/client.ts";
import { type Context, contextOf } from "./context.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { JsonObjectSplitter, NotAnObjectError } from "./json-objects.ts";
import { note, printJson } from "./output.ts";
import { answersInTime, withClient } from "./proxy.ts";

const ORDERS_IN_FLIGHT_MAX = 256;

export function declare(command: Command): void {
  showExample(
    command,
    `kakehi order '{"type":"STATUS"}'`,
    `kakehi order '{"type":"REMOVE_BACKEND","data":{"cluster_id":"app","backend_id":"app-1","drain":{"wait":false}}}'`,
    "kakehi order < orders.jsonl",
  );
  command
    .argument("[json...]", "Orders; without any, or for -, they are read from stdin.")
    .addHelpText(
      "after",
      "\nOrders from stdin may be set apart by zero bytes, lines or spaces. docs/orders.md lists them.",
    )
    .action(async (texts: readonly string[]) => {
      const context = contextOf(command);
      await withClient(context, (client) => sendAll(new OrderRow(context, client), sourceOf(texts)));
    });
}

async function* sourceOf(texts: readonly string[]): AsyncGenerator<string> {
  if (texts.length > 0 && texts[0] !== "-") {
    yield* texts;
    return;
  }
  if (process.stdin.isTTY) note("reading orders from the terminal; end with Ctrl-D");
  yield* process.stdin.setEncoding("utf8") as AsyncIterable<string>;
}

async function sendAll(row: OrderRow, source: AsyncIterable<string>): Promise<void> {
  const splitter = new JsonObjectSplitter();
  let sent = 0;
  try {
    for await (const text of source) {
      for (const order of splitter.push(text)) {
        await row.send(order);
        sent++;
      }
    }
    splitter.end();
    // An empty pipe is what a program leaves that failed.
    if (sent === 0) throw new UsageError("no order was given");
  } catch (error) {
    throw error instanceof NotAnObjectError ? new UsageError(error.message) : error;
  } finally {
    await row.finish();
  }
}

/** The orders in flight of one `kakehi order`. */
class OrderRow {
  readonly #context: Context;
  readonly #client: Client;
  #inFlight = 0;
  #answered: PromiseWithResolvers<void> = Promise.withResolvers();
  #failure: Error | undefined;

  constructor(context: Context, client: Client) {
    this.#context = context;
    this.#client = client;
  }

  /**
   * Sends an order as soon as there is room for one more. Throws what ended an order before: then nothing
   * more is sent.
   */
  async send(order: Readonly<Record<string, unknown>>): Promise<void> {
    while (this.#inFlight >= ORDERS_IN_FLIGHT_MAX) await this.#answered.promise;
    if (this.#failure !== undefined) throw this.#failure;
    this.#inFlight++;
    this.#showAnswers(order)
      .catch((error: Error) => (this.#failure ??= error))
      .finally(() => this.#count());
  }

  /** Waits for the last answer. */
  async finish(): Promise<void> {
    while (this.#inFlight > 0) await this.#answered.promise;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #showAnswers({ id, ...order }: Readonly<Record<string, unknown>>): Promise<void> {
    const show = (answer: AnyAnswer): void => printJson({ ...answer, id: id ?? answer.id });
    try {
      for await (const answer of answersInTime(this.#context, this.#client, order as unknown as OrderToSend))
        show(answer);
    } catch (error) {
      if (!(error instanceof OrderRefusedError)) throw error;
      show(error.answer);
      process.exitCode = EXIT.refused;
    }
  }

  #count(): void {
    this.#inFlight--;
    this.#answered.resolve();
    this.#answered = Promise.withResolvers();
  }
}
