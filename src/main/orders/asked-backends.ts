/**
 * How many new backends are asked at this time, by all swaps together. Each worker asks all of them, some
 * times a second: without a bound, a few hundred swaps of backends that never answer would be all that it
 * does.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../../model/errors.ts";

export class AskedBackends {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** `count` more are asked, until the function that it gives is called, once. */
  begin(count: number): Result<() => void, OrderError> {
    if (this.#count + count > this.#max) return fail(this.#tooMany(count));
    this.#count += count;
    return ok(() => void (this.#count -= count));
  }

  #tooMany(count: number): OrderError {
    const others = `${this.#count} new backends of other swaps are asked now`;
    const message = `${others}; with these ${count} it would be more than ${this.#max}: try again when some have ended`;
    return { code: "LIMIT_EXCEEDED", message, field: "data.add" };
  }
}
