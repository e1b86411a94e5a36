/**
 * What node:test tells of one test file, as one JSON object per line, for `tools/test.ts` to gather. Not for
 * people.
 */
import type { TestEvent } from "node:test/reporters";

/** One test's end. */
export interface Reported {
  readonly outcome: "passed" | "failed" | "skipped";
  /** The names of its suites and its own, joined. */
  readonly name: string;
  /** What went wrong, or why it was skipped. */
  readonly detail?: string;
}

/** Begins each line, so that a test's own output on stdout is not taken for a report. */
export const REPORT_MARK = "\u0001";

type Ended = Extract<TestEvent, { type: "test:pass" | "test:fail" }>;

/** The reporter's entry: node:test calls it with the events of the file. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const event of source) {
    if (event.type === "test:start") names[event.data.nesting] = event.data.name;
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const name = [...names.slice(0, event.data.nesting), event.data.name].join(" › ");
    const reported = reportedOf(event, name);
    if (reported !== undefined) yield `${REPORT_MARK}${JSON.stringify(reported)}\n`;
  }
}

/**
 * `undefined` for what is told by its parts: a suite that passed, a parent that failed only by its children.
 */
function reportedOf(event: Ended, name: string): Reported | undefined {
  const skipped = event.data.skip ?? event.data.todo;
  if (skipped !== undefined && skipped !== false) {
    return { outcome: "skipped", name, detail: typeof skipped === "string" ? skipped : "no reason given" };
  }
  if (event.type === "test:pass") {
    return event.data.details.type === "suite" ? undefined : { outcome: "passed", name };
  }
  const error = event.data.details.error as Error & { failureType?: string };
  if (error.failureType === "subtestsFailed") return undefined;
  return { outcome: "failed", name, detail: detailOf(error) };
}

/** The cause says what happened; node:test only wraps it. */
function detailOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? String(cause);
}
