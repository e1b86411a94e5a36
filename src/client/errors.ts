/**
 * How an order can fail, by whose fault: the proxy could not be reached, it went away, or it refused.
 */
import type { ErrorAnswer } from "../model/answers.ts";

/** Nothing answers at this socket. Nothing was sent. */
export class CannotConnectError extends Error {
  override readonly name: string = "CannotConnectError";
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`cannot reach a proxy at ${path}: ${reason}`, options);
    this.path = path;
  }
}

/**
 * The connection ended before the last answer. The order may have been carried out all the same: ask before
 * repeating.
 */
export class ConnectionLostError extends Error {
  override readonly name: string = "ConnectionLostError";
}

/** The proxy refused the order; nothing was changed. `code` is one of docs/errors.md. */
export class OrderRefusedError extends Error {
  override readonly name: string = "OrderRefusedError";
  readonly code: string;
  /** Where in the order, as in `data.cluster_id`. */
  readonly field: string | undefined;
  readonly answer: ErrorAnswer;

  constructor(answer: ErrorAnswer) {
    super(answer.message);
    this.code = answer.error.code;
    this.field = answer.error.field;
    this.answer = answer;
  }
}
