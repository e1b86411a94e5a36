/**
 * An order that waits for its drains: its client is told how many connections remain, and when none does. It
 * goes on in the program that main becomes.
 */
import type { Control } from "../control.ts";
import type { DrainDeadline, UndrainReason, Usage } from "../drain-watch.ts";
import type { OrderErrorCode } from "../../model/errors.ts";
import type { Reply } from "../socket/reply.ts";
import type { CarriedDrainWait } from "../../model/carried.ts";

export interface DrainWait {
  readonly drains: readonly number[];
  /** Of the same order, but not waited for; what then still uses them is told in the end. */
  readonly unwaited: readonly number[];
  readonly sinceMs: number;
  readonly deadlines: readonly DrainDeadline[];
  readonly progressMs: number;
  /** What was done, as a sentence. */
  readonly message: string;
  /** The revision that did it. */
  readonly revision: number;
  /** What the final answer's data has beside what drains add. */
  readonly data: Readonly<Record<string, unknown>>;
}

const ENDED_EARLY: Readonly<Record<UndrainReason, { readonly code: OrderErrorCode; readonly text: string }>> =
  {
    undrained: { code: "UNDRAINED", text: "but it was taken back, and what drained is used again" },
    "worker-died": {
      code: "WORKER_FAILED",
      text: "but it died, with the connections that it had; the one that takes its place accepts",
    },
  };

/** Answers when each drain has ended, or its deadline has passed. */
export function waitForDrains(control: Control, wait: DrainWait, reply: Reply): void {
  const { message, revision, data } = wait;
  const tellKept = (usage: Usage): void => {
    const kept = `${remaining(usage.connections)} and ${usage.connections === 1 ? "is" : "are"} kept`;
    reply.ok(`${message}; ${kept}`, { ...data, ...usage }, revision);
  };
  const left = (): Usage => control.drains.usage([...wait.drains, ...wait.unwaited]);
  const watch = control.drains.watch(wait.drains, {
    ...wait,
    listener: {
      progress: (usage) => reply.processing(`${message}; ${remaining(usage.connections)}`, usage, revision),
      finished: (drainedMs) => {
        const usage = left();
        if (usage.connections > 0) return tellKept(usage);
        reply.ok(message, { ...data, connections: 0, drained_ms: Math.round(drainedMs) }, revision);
      },
      kept: () => tellKept(left()),
      undrained: (_, why) => {
        const { code, text } = ENDED_EARLY[why];
        reply.refuse({ code, message: `${message}; ${text}` }, revision);
      },
    },
  });
  reply.onGone(() => control.drains.unwatch(watch));
  reply.carry(() => carriedWait(control, wait));
}

/** The same, in the program that main has become. */
export function resumeDrainWait(control: Control, carried: CarriedDrainWait, reply: Reply): void {
  const ours = (epochMs: number): number => epochMs - Date.now() + control.now();
  const { drains, unwaited, since_ms, deadlines, progress_ms: progressMs, message, revision, data } = carried;
  const wait: DrainWait = {
    drains,
    unwaited,
    sinceMs: ours(since_ms),
    deadlines: deadlines.map(({ at_ms, on_deadline: onDeadline, drains: those }) => {
      return { atMs: ours(at_ms), onDeadline, drains: new Set(those) };
    }),
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
  const { drains, unwaited, sinceMs, deadlines, progressMs, message, revision, data } = wait;
  return {
    kind: "drain",
    drains,
    unwaited,
    since_ms: epoch(sinceMs),
    deadlines: deadlines.map(({ atMs, onDeadline, drains: those }) => {
      return { at_ms: epoch(atMs), on_deadline: onDeadline, drains: [...those] };
    }),
    progress_ms: progressMs,
    message,
    revision,
    data,
  };
}
