/** Waiting in tests: always for an event, always with a deadline, never for a time to pass. */
import { once, type EventEmitter } from "node:events";

/** The value of `promise`, or an error that names `what` did not happen within `ms`. */
export async function within<Value>(ms: number, what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The arguments of the next `event`, with a deadline. */
export function eventWithin(ms: number, emitter: EventEmitter, event: string): Promise<unknown[]> {
  return within(ms, event, once(emitter, event));
}

/**
 * Asks again and again, one question after another, until the answer is not `undefined`. For what tells
 * nobody when it has happened (a process that is gone, a state that can only be asked for).
 */
export async function askUntil<Value>(
  ms: number,
  what: string,
  ask: () => Value | undefined | Promise<Value | undefined>,
): Promise<Value> {
  const endMs = performance.now() + ms;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
