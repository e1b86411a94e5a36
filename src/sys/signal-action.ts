/**
 * What signals do to this process, past Node, which knows handlers only: a signal that is ignored stays so
 * when the process becomes another program (execve(2)), and one with a handler ends it.
 */
import { constants } from "node:os";
import { assert } from "../base/assert.ts";
import { scratch } from "./arena.ts";
import * as libc from "./libc.ts";

/** As sigaction(2) takes it: the handler comes first, and no C library's is longer. */
const ACTION_BYTES = 256;
/** Of the handler's word. */
const SIG_IGN = 1;

/** Ignores these signals. What it gives has them do what they did before. */
export function ignoreSignals(signals: readonly NodeJS.Signals[]): () => void {
  const before = signals.map((name) => {
    const number = constants.signals[name];
    const ignoring = new Uint8Array(ACTION_BYTES);
    ignoring[0] = SIG_IGN;
    return { number, action: exchangeAction(number, ignoring) };
  });
  return () => {
    for (const { number, action } of before) exchangeAction(number, action);
  };
}

/** Sets an action; the one before. */
function exchangeAction(signal: number, action: Uint8Array): Uint8Array {
  scratch.bytes.set(action, 0);
  const [wanted, old] = [scratch.addressOf(0, ACTION_BYTES), scratch.addressOf(ACTION_BYTES, ACTION_BYTES)];
  assert(libc.sigaction(signal, wanted, old) === 0, `no action for signal ${signal}`);
  return scratch.bytes.slice(ACTION_BYTES, 2 * ACTION_BYTES);
}
