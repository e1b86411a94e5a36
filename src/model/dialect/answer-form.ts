/**
 * Our answers in Sōzu's form: what its order gets, told by a client that knows nothing of ours. The data
 * comes in theirs already.
 */
import type { Answer } from "../answers.ts";

/** How the answers to one order are written. */
export interface AnswerForm {
  /** Absent: the order has none. */
  readonly id?: string;
  /** With `"version": 0`. */
  readonly isVersioned: boolean;
  /**
   * Where the data stands: in `data` until 0.13, in `content` since 0.14, and in both where the order does
   * not tell which of them sent it.
   */
  readonly field: "data" | "content" | "either";
}

/** An answer as a frame of theirs. No revision and no code: their form has no place for them. */
export function dialectAnswer(form: AnswerForm, answer: Answer): object {
  const data = answer.status === "ERROR" ? null : (answer.data ?? null);
  return {
    ...(form.id !== undefined && { id: form.id }),
    ...(form.isVersioned && { version: 0 }),
    status: answer.status,
    message: answer.message,
    ...(form.field !== "content" && { data }),
    ...(form.field === "content" || (form.field === "either" && data !== null) ? { content: data } : {}),
  };
}
