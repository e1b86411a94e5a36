/**
 * Answers on the command socket: their three forms, and how to make them. What the `data` of each order's
 * answer holds is in `answer-data.ts`; writing them to a connection is `main`'s.
 */
import type { OrderError } from "./errors.ts";

interface AnswerHead {
  /** The order's; `null` where it could not be read. */
  readonly id: string | null;
  readonly version: 1;
  readonly message: string;
  /** How many changes of the configuration were accepted so far. */
  readonly revision: number;
}

/** Final: done, and visible in every worker. */
export interface OkAnswer<Data = unknown> extends AnswerHead {
  readonly status: "OK";
  readonly data: Data;
}

/** Not final: what is left to do. */
export interface ProcessingAnswer<Data = unknown> extends AnswerHead {
  readonly status: "PROCESSING";
  readonly data: Data;
}

/** Final: refused, and nothing changed anywhere. */
export interface ErrorAnswer extends AnswerHead {
  readonly status: "ERROR";
  readonly error: Omit<OrderError, "message">;
}

export type FinalAnswer<Data = unknown> = OkAnswer<Data> | ErrorAnswer;
export type Answer<Data = unknown> = FinalAnswer<Data> | ProcessingAnswer<Data>;

/** Where an answer belongs: the order's `id`, and the revision at which it is given. */
export interface AnswerPlace {
  readonly id: string | null;
  readonly revision: number;
}

export function okAnswer<Data>(place: AnswerPlace, message: string, data: Data): OkAnswer<Data> {
  return { id: place.id, version: 1, status: "OK", message, revision: place.revision, data };
}

export function processingAnswer<Data>(
  place: AnswerPlace,
  message: string,
  data: Data,
): ProcessingAnswer<Data> {
  return { id: place.id, version: 1, status: "PROCESSING", message, revision: place.revision, data };
}

export function errorAnswer(place: AnswerPlace, refusal: OrderError): ErrorAnswer {
  const { message, ...error } = refusal;
  return { id: place.id, version: 1, status: "ERROR", message, revision: place.revision, error };
}
