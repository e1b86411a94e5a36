/**
 * How far a connection's receiving is: what the engine wants, and whether the kernel still holds the
 * operation.
 *
 * To pause costs nothing while the peer is silent: the operation stays (`LINGERING`), and is only cancelled
 * when bytes come all the same. So at most one receive limit follows a `pause`, whatever the peer sends.
 */
import { assert } from "../../base/assert.ts";

/** Not wanted, not in the kernel. */
export const IDLE = 0;
/** Wanted; asked of the kernel at the end of the turn, or when there are buffers again. */
export const WANTED = 1;
/** Wanted, in the kernel. */
export const ARMED = 2;
/** Not wanted, in the kernel all the same. */
const LINGERING = 3;
/** Not wanted, its cancellation asked. */
export const STOPPING = 4;
/** Wanted again while its cancellation is under way. */
const RESTARTING = 5;
/** The peer's end, or a fault: nothing more comes. */
export const ENDED = 6;

/** The engine asks for bytes, or asks for no more. */
export const ASK = 0;
export const PAUSE = 1;
/** Bytes came and the operation stays. */
export const MORE = 2;
/** The operation left the kernel, with bytes, cancelled, or for want of buffers. */
export const LEFT = 3;

export type ReceiveEvent = typeof ASK | typeof PAUSE | typeof MORE | typeof LEFT;

const EVENTS = 4;
const NEVER = 255;

/** One row for each state, in their order; one column for each event: ask, pause, more, left. */
const ROWS = [
  [WANTED, IDLE, NEVER, NEVER],
  [WANTED, IDLE, NEVER, NEVER],
  [ARMED, LINGERING, ARMED, WANTED],
  [ARMED, LINGERING, STOPPING, IDLE],
  [RESTARTING, STOPPING, STOPPING, IDLE],
  [RESTARTING, STOPPING, RESTARTING, WANTED],
  [ENDED, ENDED, NEVER, NEVER],
] as const;
const TABLE = Uint8Array.from(ROWS.flat());

/** The state that follows. What cannot happen (bytes from an operation that is not there) stops us. */
export function nextReceiveState(state: number, event: ReceiveEvent): number {
  const next = TABLE[state * EVENTS + event]!;
  assert(next !== NEVER, "a completion for a receive that is not in the kernel");
  return next;
}
