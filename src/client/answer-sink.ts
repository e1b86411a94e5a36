/**
 * Where the answers to one order go, as the connection sees it: they come in, or the connection is lost.
 */
import type { AnyAnswer } from "./answer.ts";

export interface AnswerSink {
  take(answer: AnyAnswer): void;
  lose(error: Error): void;
}

/** For an order whose caller has left: its answers are expected, and dropped. */
export const ABANDONED: AnswerSink = { take() {}, lose() {} };

/** A sink that is lost as soon as `signal` is aborted, after `onAbort` was called. */
export function abortable(sink: AnswerSink, signal: AbortSignal, onAbort: () => void): AnswerSink {
  const abort = (): void => {
    onAbort();
    sink.lose(signal.reason as Error);
  };
  const finish = (): void => signal.removeEventListener("abort", abort);
  signal.addEventListener("abort", abort, { once: true });
  return {
    take(answer) {
      if (answer.status !== "PROCESSING") finish();
      sink.take(answer);
    },
    lose(error) {
      finish();
      sink.lose(error);
    },
  };
}
