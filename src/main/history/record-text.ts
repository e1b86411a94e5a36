/**
 * A revision's record as text: one line of JSON that begins with the digest of the line before, so that a
 * line that was changed, lost or added is seen.
 */
import { hash } from "node:crypto";
import { fail, ok, type Result } from "../../base/result.ts";
import { HISTORY_ORDERS_MAX } from "../../model/limits.ts";
import type { AcceptedChange, RevisionRecord } from "../../model/history.ts";
import { undoStepsOf } from "../../model/undo-steps.ts";

/** The link before the first record. */
export const CHAIN_START: string = "0".repeat(32);
/** 128 bits, in hexadecimal digits. */
const DIGEST_CHARS = 32;

/** What the next record begins with. */
export function linkOf(text: string): string {
  return hash("sha256", text).slice(0, DIGEST_CHARS);
}

/** The record of a change as text; `undefined` if it would have more characters than `charsMax`. */
export function writeRecord(
  change: AcceptedChange,
  linkBefore: string,
  charsMax: number,
): string | undefined {
  const { revision, time_ms, uid, pid, order_id, order, hash: stateHash } = change;
  const head = { before: linkBefore, revision, time_ms, uid, pid, order_id, order, hash: stateHash };
  const orders = change.orders.slice(0, HISTORY_ORDERS_MAX);
  const text = JSON.stringify({ ...head, orders_total: change.orders.length, orders });
  // Piece by piece: all at once it might be longer than a text can be.
  const steps: string[] = [];
  let chars = text.length;
  for (const step of undoStepsOf(change.changes)) {
    const piece = JSON.stringify(step);
    chars += piece.length + 1;
    if (chars > charsMax) return undefined;
    steps.push(piece);
  }
  return `${text.slice(0, -1)},"undo":[${steps.join(",")}]}`;
}

/**
 * Reads lines that follow each other, from the link before the first one. The error says what is wrong with
 * the first that does not fit.
 */
export function readRecords(lines: string, linkBefore: string): Result<readonly RevisionRecord[], string> {
  const records: RevisionRecord[] = [];
  let link = linkBefore;
  for (const line of lines.split("\n")) {
    let value: RevisionRecord & { readonly before: string };
    try {
      value = JSON.parse(line) as typeof value;
    } catch {
      return fail("a record is no JSON");
    }
    if (value.before !== link) return fail(`revision ${value.revision} does not follow the one before`);
    link = linkOf(line);
    records.push(value);
  }
  return ok(records);
}
