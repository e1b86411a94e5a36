/**
 * An order that waits for its drains: its client is told how many connections remain, and when none does. It
 * goes on in the program that main becomes.
 */
import type { Control } from "../control.ts";
import type { DrainDeadline, DrainListener } from "../drain-watch.ts";
import type { Reply } from "../socket/reply.ts";
import type { CarriedDrainWait } from "../../model/carried.ts";

export interface DrainWait {
  readonly drains: readonly number[];
  readonly sinceMs: number;
  readonly deadline: DrainDeadline | undefined;
  readonly progressMs: number;
  /** What was done, as a sentence. */
  readonly message: string;
  /** The revision that did it. */
  readonly revision: number;
  /** What the final answer's data has beside what drains add. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Its client was answered already. */
export const NOBODY: DrainListener = {
  progress: () => undefined,
  finished: () => undefined,
  kept: () => undefined,
};

/** Answers when the drains have ended, or the deadline has passed. */
export function waitForDrains(control: Control, wait: DrainWait, reply: Reply): void {
  const { message, revision, data } = wait;
  const watch = control.drains.watch(wait.drains, {
    ...wait,
    listener: {
      progress: (usage) => reply.processing(`${message}; ${remaining(usage.connections)}`, usage, revision),
      finished: (drainedMs) =>
        reply.ok(message, { ...data, connections: 0, drained_ms: Math.round(drainedMs) }, revision),
      kept: (usage) =>
        reply.ok(
          `${message}; ${remaining(usage.connections)} and ${usage.connections === 1 ? "is" : "are"} kept`,
          { ...data, ...usage },
          revision,
        ),
    },
  });
  reply.onGone(() => control.drains.unwatch(watch));
  reply.carry(() => carriedWait(control, wait));
}

/** The same, in the program that main has become. */
export function resumeDrainWait(control: Control, carried: CarriedDrainWait, reply: Reply): void {
  const ours = (epochMs: number): number => epochMs - Date.now() + control.now();
  const { drains, since_ms, deadline, progress_ms: progressMs, message, revision, data } = carried;
  const wait: DrainWait = {
    drains,
    sinceMs: ours(since_ms),
    deadline: deadline && { atMs: ours(deadline.at_ms), onDeadline: deadline.on_deadline },
    progressMs,
    message,
    revision,
    data,
  };
  waitForDrains(control, wait, reply);
}

/** What `connections` says, as a sentence's end. */
export function remaining(connections: number): string {
  return connections === 1 ? "1 connection remains" : `${connections} connections remain`;
}

function carriedWait(control: Control, wait: DrainWait): CarriedDrainWait {
  const epoch = (ourMs: number): number => ourMs - control.now() + Date.now();
  const { drains, sinceMs, deadline, progressMs, message, revision, data } = wait;
  return {
    kind: "drain",
    drains,
    since_ms: epoch(sinceMs),
    ...(deadline && { deadline: { at_ms: epoch(deadline.atMs), on_deadline: deadline.onDeadline } }),
    progress_ms: progressMs,
    message,
    revision,
    data,
  };
}
