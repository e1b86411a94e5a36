/**
 * `HISTORY`, and what a conflict carries: the revisions between two, newest first, in pages.
 */
import { setImmediate } from "node:timers/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import type { HistoryData, ShownRevision } from "../../model/answer-data.ts";
import { counted } from "../../base/text.ts";
import type { OrderError } from "../../model/errors.ts";
import type { RevisionRecord } from "../../model/history.ts";
import { CONFLICT_CHARS_MAX, CONFLICT_REVISIONS_MAX, HISTORY_PAGE_CHARS_MAX } from "../../model/limits.ts";
import type { OrderData } from "../../model/orders.ts";
import { orderWithoutKey } from "../../model/secrets.ts";
import type { Control } from "../control.ts";
import type { History, ReadFault } from "../history/history.ts";
import type { Reply } from "../socket/reply.ts";

interface Page {
  /** The newest revision on it. */
  readonly from: number;
  readonly since: number;
  readonly revisionsMax: number;
  /** It ends with the revision whose orders exceed this, as JSON. */
  readonly charsMax: number;
}

/** Answers `HISTORY`. What was accepted before must be kept. */
export async function answerHistory(
  { configuration }: Control,
  { since = 0, before = Infinity, limit }: OrderData["HISTORY"],
  reply: Reply,
): Promise<void> {
  const { history, revision } = configuration;
  const from = Math.min(before - 1, revision);
  const page = { from, since, revisionsMax: limit, charsMax: HISTORY_PAGE_CHARS_MAX };
  const read = await readPage(history, page);
  if (!read.ok) return reply.refuse(historyError(read.error, history, from), configuration.revision);
  reply.ok(counted(read.value.revisions.length, "revision"), read.value, configuration.revision);
}

/** Refuses an order whose `if_revision` is not the present one: with what was changed since. */
export async function refuseConflict(
  { configuration }: Control,
  ifRevision: number,
  reply: Reply,
  remark = "",
): Promise<void> {
  const { history, revision } = configuration;
  const message = `the configuration is at revision ${revision}, not ${ifRevision}${remark}`;
  const page = { from: revision, since: ifRevision };
  const bounds = { revisionsMax: CONFLICT_REVISIONS_MAX, charsMax: CONFLICT_CHARS_MAX };
  const read = await readPage(history, { ...page, ...bounds });
  const error: OrderError = { code: "CONFLICT", message, field: "if_revision" };
  reply.refuse(read.ok ? { ...error, history: read.value } : error, revision);
}

/** What an order is told whose revision cannot be read. */
export function historyError(fault: ReadFault, history: History, revision: number): OrderError {
  if (fault.kind === "damaged")
    return { code: "HISTORY_DAMAGED", message: `the history is damaged: ${fault.reason}` };
  const { oldest } = history;
  const message = `revision ${revision} is not kept any more; the oldest one is ${oldest}`;
  return { code: "REVISION_GONE", message, field: "data.revision", oldest };
}

/** One block at a time, so that others have their turns. What is forgotten meanwhile is left out. */
async function readPage(history: History, page: Page): Promise<Result<HistoryData, ReadFault>> {
  const revisions: ShownRevision[] = [];
  const end = (): number => Math.max(page.since, history.oldest);
  let chars = 0;
  let at = page.from;
  while (at > end() && revisions.length < page.revisionsMax && chars <= page.charsMax) {
    const read = await history.read(at);
    if (!read.ok && read.error.kind === "gone") break;
    if (!read.ok) return fail(read.error);
    for (const record of read.value.records.toReversed()) {
      if (record.revision > at || record.revision <= end()) continue;
      if (revisions.length === page.revisionsMax || chars > page.charsMax) break;
      revisions.push(shownRevision(record));
      chars += JSON.stringify(record.orders).length;
    }
    at = (revisions.at(-1)?.revision ?? read.value.records[0]!.revision) - 1;
    await setImmediate();
  }
  return ok({ revisions, oldest: history.oldest, next: at > end() ? at + 1 : null });
}

/** As it may be shown: keys left out. */
function shownRevision(record: RevisionRecord): ShownRevision {
  const { revision, time_ms, uid, pid, order_id, order, orders, orders_total } = record;
  const time = new Date(time_ms).toISOString();
  const shown = orders.map(orderWithoutKey);
  return { revision, time, time_ms, uid, pid, order_id, order, orders: shown, orders_total };
}
