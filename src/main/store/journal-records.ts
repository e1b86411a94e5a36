/**
 * The journal's text: the changes since the state file was written, one record for each batch that went to
 * disk together. Text and bytes only; writing and syncing is `journal.ts`.
 *
 * ```text
 *  {"format":"kakehi-journal","version":1,"revision":7,"hash":"5b1f…"}␀     begins after revision 7
 *  {"after":7,"revision":9,"hash":"a09e…","orders":[{"type":…},{"type":…}]}␀
 *  {"after":9,"revision":10,"hash":"77c1…","orders":[…],"parts":[{"revision":10,…}],"check":"09ce…"}␀
 * ```
 *
 * `parts` tells history which orders made which revision, and who gave them. `check` is the hash of all but
 * the orders: journals that were written before there was one have none.
 *
 * Rules of this file:
 *  1. A batch is one record, and the next is begun only when it is on disk. So a crash can spoil the last
 *     record only: it was never answered, and is cut off. Anything else that is spoiled is damage, and is not
 *     passed over.
 *  2. The hash after each batch proves that its orders are those that were written, and that they were
 *     applied alike; the check, that the rest is.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { applyOrders, undo } from "../../model/apply.ts";
import { parseOrderBody } from "../../model/catalogue/parse-order.ts";
import type { Change } from "../../model/channel.ts";
import type { AcceptedChange, ChangeOrigin } from "../../model/history.ts";
import { hashOf } from "../../model/hash.ts";
import { isChangeOrder, type ChangeOrder } from "../../model/orders.ts";
import { placeText, RecordReader, recordText, type FileRecord } from "../../model/records.ts";
import type { State } from "../../model/state.ts";
import type { FollowChanges } from "../../model/state-file.ts";
import type { KeptChange } from "../configuration.ts";

const FORMAT = "kakehi-journal";
const FORMAT_VERSION = 1;
const NEWLINE = 0x0a;
/** What the check of a batch is of. */
const CHECKED = "batch";

/** A journal's first record: it holds what came after `revision`. */
export function journalHeader(revision: number, hash: string): string {
  return recordText({ format: FORMAT, version: FORMAT_VERSION, revision, hash });
}

/** A batch's record. `changes` are in order and at least one. */
export function batchText(changes: readonly KeptChange[]): string {
  const last = changes.at(-1)!;
  const orders = changes.flatMap((change) => change.orders);
  const place = { after: changes[0]!.revision - 1, revision: last.revision, hash: last.hash };
  const parts = changes.flatMap(({ revision, hash, orders: ofChange, origin }) =>
    origin === undefined ? [] : [{ revision, hash, orders: ofChange.length, ...origin }],
  );
  const rest = parts.length < changes.length ? place : { ...place, parts };
  return recordText({ ...place, orders, ...rest, check: hashOf(CHECKED, rest) });
}

/** What a journal came to. */
export interface Replay {
  readonly revision: number;
  /** Batches that were applied; those that the state file has already are passed over. */
  readonly batches: number;
  /** How much of the file is whole. */
  readonly wholeBytes: number;
  /** The last record was not written whole: what was found there. */
  readonly torn: string | undefined;
}

/** Who is told what is read. */
export interface JournalListeners {
  readonly follow?: FollowChanges;
  /** Is told each revision. */
  readonly recall?: (change: AcceptedChange) => void;
}

/** Applies a journal to the state of its state file. The error is a sentence that names the place. */
export function replayJournal(
  bytes: Uint8Array,
  state: State,
  revision: number,
  { follow = ignore, recall = ignore }: JournalListeners = {},
): Result<Replay, string> {
  const reader = new RecordReader();
  const records = [...reader.push(bytes)];
  const rest = reader.end();
  if (rest !== undefined && records.at(-1)?.kind !== "damaged") records.push(rest);
  let reached = revision;
  let batches = 0;
  for (const [index, record] of records.entries()) {
    if (record.kind !== "record") return spoiled(record, bytes, { revision: reached, batches });
    const fault = index === 0 ? headerFault(record.value, revision) : undefined;
    if (fault !== undefined) return fail(fault);
    if (index === 0) continue;
    const applied = applyBatch(record.value, state, reached, { follow, recall });
    if (!applied.ok) return fail(`the journal is damaged (${placeText(record)}): ${applied.error}`);
    if (applied.value > reached) batches++;
    reached = applied.value;
  }
  if (records.length === 0) return fail("the journal is empty: not even its header is there");
  return ok({ revision: reached, batches, wholeBytes: bytes.length, torn: undefined });
}

/** What is wrong with a journal's first record, if anything is. */
export function headerFault(
  header: Readonly<Record<string, unknown>>,
  stateRevision: number,
): string | undefined {
  const { format, version, revision } = header;
  if (format !== FORMAT || typeof version !== "number")
    return "this is no journal: its first record is no header";
  if (isNewerJournal(header))
    return `the journal has format version ${version}; this version knows ${FORMAT_VERSION}`;
  if (typeof revision !== "number") return "the journal's header is damaged";
  if (revision <= stateRevision) return undefined;
  return `the journal begins after revision ${revision}, but the state file ends at ${stateRevision}`;
}

/** Whether a journal's first record says that a newer version wrote it. */
export function isNewerJournal({ format, version }: Readonly<Record<string, unknown>>): boolean {
  return format === FORMAT && typeof version === "number" && version > FORMAT_VERSION;
}

/**
 * Applies one batch, and gives the revision that is reached. The error says what is wrong with the record;
 * the state is then as it was.
 */
export function applyBatch(
  value: Readonly<Record<string, unknown>>,
  state: State,
  reached: number,
  { follow = ignore, recall = ignore }: JournalListeners = {},
): Result<number, string> {
  const { after, revision, hash, orders } = value;
  if (typeof after !== "number" || typeof revision !== "number" || !Array.isArray(orders)) {
    return fail("this is no batch of orders");
  }
  if (!isAsWritten(value)) return fail("what it says beside its orders is not what was written");
  if (revision <= reached) return ok(reached);
  if (after !== reached) return fail(`it follows revision ${after}, but the one before is ${reached}`);
  const parsed = parseOrders(orders);
  if (!parsed.ok) return parsed;
  const applied = applyParts(state, parsed.value, partsOf(value, parsed.value.length));
  if (!applied.ok) return applied;
  const changes = applied.value.flatMap((part) => part.changes);
  if (hash !== state.hash()) {
    undo(state, changes);
    return fail("its orders do not lead to its hash");
  }
  follow(changes);
  for (const { origin, ...part } of applied.value) if (origin !== undefined) recall({ ...part, ...origin });
  return ok(revision);
}

function isAsWritten(value: Readonly<Record<string, unknown>>): boolean {
  const { after, revision, hash, parts, check } = value;
  const rest = { after, revision, hash, ...(parts !== undefined && { parts }) };
  return check === undefined || check === hashOf(CHECKED, rest);
}

/** One revision of a batch: how many of its orders made it, and who gave them. */
interface Part {
  readonly revision: number;
  readonly hash: string;
  readonly orders: number;
  readonly origin: ChangeOrigin | undefined;
}

/** Of a batch that was written before there were parts: one, of which history cannot know. */
function partsOf(
  { revision, hash, parts }: Readonly<Record<string, unknown>>,
  orderCount: number,
): readonly Part[] {
  const whole = { revision: Number(revision), hash: String(hash), orders: orderCount, origin: undefined };
  if (!Array.isArray(parts)) return [whole];
  const read = (parts as readonly (Omit<Part, "origin"> & ChangeOrigin)[]).map(
    ({ revision: ofPart, hash: after, orders, ...origin }) => ({
      revision: ofPart,
      hash: after,
      orders,
      origin,
    }),
  );
  return read.reduce((sum, { orders }) => sum + orders, 0) === orderCount ? read : [whole];
}

/** Applies the parts one after another, all or none. */
function applyParts(
  state: State,
  orders: readonly ChangeOrder[],
  parts: readonly Part[],
): Result<readonly AppliedPart[], string> {
  const done: AppliedPart[] = [];
  let from = 0;
  for (const part of parts) {
    const ofPart = orders.slice(from, from + part.orders);
    const applied = applyOrders(state, ofPart);
    if (!applied.ok) {
      undo(
        state,
        done.flatMap(({ changes }) => changes),
      );
      return fail(applied.error.error.message);
    }
    done.push({ ...part, orders: ofPart, changes: applied.value });
    from += part.orders;
  }
  return ok(done);
}

interface AppliedPart extends Omit<Part, "orders"> {
  readonly orders: readonly ChangeOrder[];
  readonly changes: readonly Change[];
}

/** The error says what is wrong with the first that is none. */
function parseOrders(values: readonly unknown[]): Result<readonly ChangeOrder[], string> {
  const orders: ChangeOrder[] = [];
  for (const value of values) {
    const { type, data } = Object(value) as { readonly type?: unknown; readonly data?: unknown };
    const parsed = parseOrderBody(String(type), data);
    if (!parsed.ok) return fail(parsed.error.message);
    if (!isChangeOrder(parsed.value)) return fail(`${String(type)} changes nothing`);
    orders.push(parsed.value);
  }
  return ok(orders);
}

/** A record that is not whole: the last one was torn by a crash, any other is damage. */
function spoiled(
  record: FileRecord,
  bytes: Uint8Array,
  reached: { readonly revision: number; readonly batches: number },
): Result<Replay, string> {
  const reason = record.kind === "damaged" ? record.reason : "the file ends before the record does";
  const what = `${placeText(record)}: ${reason}`;
  if (record.number === 1 || holdsBatch(bytes.subarray(record.atByte))) {
    return fail(`the journal is damaged (${what}), and what follows it cannot be trusted`);
  }
  // The newline that ends the record before belongs to it.
  const wholeBytes = record.atByte + (bytes[record.atByte] === NEWLINE ? 1 : 0);
  return ok({ ...reached, wholeBytes, torn: what });
}

/** Whether a whole batch stands somewhere in these bytes. */
function holdsBatch(bytes: Uint8Array): boolean {
  let start = 0;
  for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
    if (isBatch(decodeUtf8(bytes.subarray(start, end)))) return true;
    start = end + 1;
  }
  return false;
}

function isBatch(text: string | undefined): boolean {
  try {
    return Array.isArray((JSON.parse(text ?? "") as { readonly orders?: unknown } | null)?.orders);
  } catch {
    return false;
  }
}

function ignore(): void {
  // Nobody asked.
}
