/**
 * A value or the reason why there is none, for faults that are not ours. Not for broken invariants: those
 * throw.
 */
export type Result<Value, Fault> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Fault };

/** Wraps a value that could be had. */
export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

/** Wraps the reason why there is no value. */
export function fail<Fault>(error: Fault): { readonly ok: false; readonly error: Fault } {
  return { ok: false, error };
}
