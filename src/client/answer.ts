/**
 * Answers as they come over the socket: checked for what every answer has, otherwise left as they are. Fields
 * are only ever added to the protocol, so what is not known here is kept and not complained about.
 */
import { fail, ok, type Result } from "../base/result.ts";
import type { ErrorAnswer, OkAnswer, ProcessingAnswer } from "../model/answers.ts";

/** What an answer's `data` is before one knows which order it answers. */
export type Data = Readonly<Record<string, unknown>>;

export type AnyAnswer = OkAnswer<Data> | ProcessingAnswer<Data> | ErrorAnswer;

/** Reads one frame as an answer; the reason in words where it is none. An absent `data` is an empty one. */
export function parseAnswer(frame: Data): Result<AnyAnswer, string> {
  const { id, status, message, error, data = {} } = frame;
  if (id !== null && typeof id !== "string") return fail("an answer without an id");
  if (typeof message !== "string") return fail("an answer without a message");
  if (!isObject(data)) return fail("an answer whose data is no object");
  switch (status) {
    case "ERROR":
      if (!isObject(error) || typeof error["code"] !== "string") return fail("an ERROR without a code");
      return ok(frame as unknown as ErrorAnswer);
    case "OK":
    case "PROCESSING":
      return ok({ ...frame, data } as unknown as OkAnswer<Data> | ProcessingAnswer<Data>);
    default:
      return fail(`an answer of unknown status ${JSON.stringify(status)}`);
  }
}

function isObject(value: unknown): value is Data {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
