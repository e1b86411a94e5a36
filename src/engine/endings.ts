/**
 * The truth table of endings on the backend's side: what becomes of an exchange whose link is lost. One pure
 * function; the client's side is simpler: an exchange whose client is gone ends, and its link with it.
 *
 * | cause \ response   | waiting, nothing sent | waiting, sent                       | begun                        |
 * | ------------------ | --------------------- | ----------------------------------- | ---------------------------- |
 * | unreachable        | another backend; 503  | –                                   | –                            |
 * | connect timed out  | another backend; 504  | –                                   | –                            |
 * | untrusted          | another backend; 502  | –                                   | –                            |
 * | ended, failed      | another backend; 502  | again if reused and replayable; 502 | ended and until close: whole |
 * |                    |                       |                                     | else cut                     |
 * | violation          | –                     | 502                                 | cut                          |
 * | silent             | –                     | 504                                 | cut                          |
 *
 * "Replayable" is a request without content whose method may be sent twice (RFC 9110 section 9.2.2). "Reused"
 * is a link that had served before: its server may have closed it at the moment the request was sent. "Cut"
 * is an end that the client cannot take for the whole. "Untrusted" is TLS that did not come about: the
 * handshake failed, or the backend's certificate is not one to believe.
 */
import { assertNever } from "../base/assert.ts";

export type LinkLoss =
  | "unreachable"
  | "connect-timed-out"
  | "untrusted"
  | "ended"
  | "failed"
  | "violation"
  | "silent";

export interface LostLink {
  readonly cause: LinkLoss;
  /** False until the first byte of the request may have left. */
  readonly requestLeft: boolean;
  readonly isReused: boolean;
  readonly isReplayable: boolean;
  readonly responseBegan: boolean;
  /** The response's body lasts until its connection ends. */
  readonly lastsUntilClose: boolean;
  readonly attemptsLeft: number;
}

export type Ending =
  | { readonly kind: "retry" }
  | { readonly kind: "respond"; readonly status: 502 | 503 | 504 }
  | { readonly kind: "complete" }
  | { readonly kind: "cut" };

const RETRY: Ending = { kind: "retry" };
const COMPLETE: Ending = { kind: "complete" };
const CUT: Ending = { kind: "cut" };
const BAD_GATEWAY: Ending = { kind: "respond", status: 502 };
const UNAVAILABLE: Ending = { kind: "respond", status: 503 };
const TIMED_OUT: Ending = { kind: "respond", status: 504 };

/** What becomes of the exchange. */
export function endingOf(lost: LostLink): Ending {
  if (lost.responseBegan) return lost.cause === "ended" && lost.lastsUntilClose ? COMPLETE : CUT;
  if (lost.attemptsLeft > 0 && mayRetry(lost)) return RETRY;
  switch (lost.cause) {
    case "unreachable":
      return UNAVAILABLE;
    case "connect-timed-out":
    case "silent":
      return TIMED_OUT;
    case "untrusted":
    case "ended":
    case "failed":
    case "violation":
      return BAD_GATEWAY;
    default:
      return assertNever(lost.cause);
  }
}

function mayRetry(lost: LostLink): boolean {
  if (lost.cause === "violation" || lost.cause === "silent") return false;
  return !lost.requestLeft || (lost.isReused && lost.isReplayable);
}
