/**
 * What the proxy says to an order, as a client sees it. The protocol page is the source; fields are only ever added to
 * it, so what is not known here is kept and not complained about.
 */
import { fail, ok, type Result } from "../base/result.ts";

interface AnswerFields {
  /** The order's id; `null` where the proxy could not read it. */
  readonly id: string | null;
  readonly message: string;
  /** How many changes of the configuration had been accepted. */
  readonly revision?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Done, and visible in every worker. The last answer to its order. */
export interface OkAnswer extends AnswerFields {
  readonly status: "OK";
}

/** Under way; more follows. */
export interface ProcessingAnswer extends AnswerFields {
  readonly status: "PROCESSING";
}

/** Refused, and nothing was changed. The last answer to its order. */
export interface ErrorAnswer extends AnswerFields {
  readonly status: "ERROR";
  readonly error: { readonly code: string; readonly field?: string; readonly existing?: unknown };
}

export type Answer = OkAnswer | ProcessingAnswer | ErrorAnswer;

/** Reads one frame as an answer; the reason in words where it is none. */
export function parseAnswer(frame: Readonly<Record<string, unknown>>): Result<Answer, string> {
  const { id, status, message, error } = frame;
  if (id !== null && typeof id !== "string") return fail("an answer without an id");
  if (typeof message !== "string") return fail("an answer without a message");
  if (status !== "OK" && status !== "PROCESSING" && status !== "ERROR") {
    return fail(`an answer of unknown status ${JSON.stringify(status)}`);
  }
  if (status === "ERROR" && !hasCode(error)) return fail("an ERROR without a code");
  return ok(frame as unknown as Answer);
}

function hasCode(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
}
