/**
 * A command's conversation with the proxy: connect, send, show what comes, leave.
 */
import { type Client, connect } from "../client/client.ts";
import type { Data } from "../client/answer.ts";
import type { AnswerDataTo, OrderToSend } from "../client/order.ts";
import type { OkAnswer, ProcessingAnswer } from "../model/answers.ts";
import type { Context } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { EXIT, NoAnswerError } from "./exit-codes.ts";
import { describeOutcome, describeProgress } from "./outcome.ts";
import { ProgressLine, note, print, printJson } from "./output.ts";

/** Uses one connection, and closes it whatever happens. */
export async function withClient<Value>(
  context: Context,
  use: (client: Client) => Promise<Value>,
): Promise<Value> {
  const deadline = startDeadline(context);
  try {
    await using client = await connect(context.socketPath, { signal: deadline.signal });
    deadline.stop();
    return await use(client);
  } finally {
    deadline.stop();
  }
}

/** The `data` of an asking order's OK. */
export async function ask<Type extends string>(
  context: Context,
  client: Client,
  order: OrderToSend<Type>,
): Promise<AnswerDataTo<Type>> {
  const deadline = startDeadline(context);
  try {
    return (await client.send(order, { signal: deadline.signal })).data;
  } finally {
    deadline.stop();
  }
}

/**
 * Sends one order and shows its answers: each as a line of JSON, or its progress beside and its outcome at
 * the end.
 */
export async function sendAndShow(
  context: Context,
  order: OrderToSend,
  show: (answer: OkAnswer<Data>) => string = describeOutcome,
): Promise<void> {
  const line = new ProgressLine();
  const interrupt = (): void => leave(line, order.type);
  process.once("SIGINT", interrupt);
  try {
    await withClient(context, async (client) => {
      for await (const answer of answersInTime(context, client, order)) {
        line.clear();
        if (context.json) printJson(answer);
        else if (answer.status === "PROCESSING") line.show(describeProgress(answer));
        else print(show(answer));
      }
    });
  } finally {
    line.clear();
    process.off("SIGINT", interrupt);
  }
}

/**
 * The answers to an order, of which the first has to come in time; how long the others take is the order's
 * affair.
 */
export async function* answersInTime(
  context: Context,
  client: Client,
  order: OrderToSend,
): AsyncGenerator<ProcessingAnswer<Data> | OkAnswer<Data>> {
  const deadline = startDeadline(context);
  try {
    for await (const answer of client.answers(order, { signal: deadline.signal })) {
      deadline.stop();
      yield answer;
    }
  } finally {
    deadline.stop();
  }
}

function startDeadline(context: Context): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const waited = formatDuration(context.answerTimeoutMs);
    const message = `the proxy at ${context.socketPath} gave no answer within ${waited}; what was sent may still be done`;
    controller.abort(new NoAnswerError(message));
  }, context.answerTimeoutMs);
  return { signal: controller.signal, stop: () => clearTimeout(timer) };
}

function leave(line: ProgressLine, type: string): never {
  line.clear();
  if (type === "SWAP_BACKENDS") note("left waiting; if traffic had not moved yet, nothing was changed");
  if (/^(REMOVE_|DRAIN$)/.test(type))
    note("left waiting; the proxy goes on draining, and `kakehi drains` shows how far it is");
  if (/^(UPGRADE|SOFT_STOP|SET_WORKERS|RESTART)/.test(type))
    note("left waiting; what was asked for goes on, and `kakehi workers` shows how far it is");
  process.exit(EXIT.interrupted);
}
