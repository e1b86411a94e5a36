/**
 * Assertions: what must be true if the program is right. Not for input: what a peer, a file or an order
 * got wrong is a value, and is answered. A failed assertion is our own fault and stops the process.
 */

/** A broken invariant: always a defect of ours, never caught to go on. */
export class InvariantError extends Error {
  override readonly name: string = "InvariantError";
}

/**
 * Throws an `InvariantError` unless `condition` holds. `message` says what was found, as in "counts bytes
 * that it does not hold".
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Ends a `switch` over a union: the compiler refuses it while a case is missing. */
export function assertNever(value: never): never {
  throw new InvariantError(`unexpected value ${String(value)}`);
}
