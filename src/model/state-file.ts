/**
 * State files: a header, then the orders that make the configuration, one per record. Text and bytes only;
 * opening, syncing and renaming files is `main`'s.
 *
 * ```text
 *  {"format":"kakehi-state","version":1,"revision":7,"hash":"5b1f…","orders":4,"check":"09ce…"}␀
 *  {"type":"ADD_LISTENER","data":{…}}␀
 *  …
 * ```
 *
 * `orders` tells a file cut short, `hash` one whose orders were changed, `check` a header that was. Who edits
 * a file by hand leaves all three out of the header.
 */
import { fail, ok, type Result } from "../base/result.ts";
import { applyOrder } from "./apply.ts";
import type { Change } from "./channel.ts";
import { parseOrderBody } from "./catalogue/parse-order.ts";
import { type Addition, additionOrder, additionsOf } from "./dump.ts";
import type { OrderError } from "./errors.ts";
import { hashOf } from "./hash.ts";
import { isChangeOrder } from "./orders.ts";
import { type FileRecord, placeText, RecordReader, recordText } from "./records.ts";
import { State } from "./state.ts";

const FORMAT = "kakehi-state";
const FORMAT_VERSION = 1;
const HEADER_FIELDS: readonly string[] = ["format", "version", "revision", "hash", "orders", "check"];
const PIECE_CHARS_MIN = 65_536;

/** Is told changes in the order in which they make a state. */
export type FollowChanges = (changes: readonly Change[]) => void;

/** What a state file holds. */
export interface StateFile {
  readonly state: State;
  /** It has its hash: what stands in it is what was written. One that was edited by hand has none. */
  readonly isProven: boolean;
  /** The revision at which it was written. */
  readonly revision: number;
  readonly orders: number;
}

/**
 * A state file's text, in pieces that can be written one after another, of the state as it is now. Not
 * sorted: that would take half a second of main for 100,000 certificates, whenever the journal is folded.
 */
export function stateFileText(
  state: State,
  revision: number,
): { readonly orders: number; readonly pieces: Iterable<string> } {
  const additions = additionsOf(state);
  const header = {
    format: FORMAT,
    version: FORMAT_VERSION,
    revision,
    hash: state.hash(),
    orders: additions.length,
  };
  return {
    orders: additions.length,
    pieces: piecesOf({ ...header, check: hashOf("header", header) }, additions),
  };
}

/** Reads a state file that comes in pieces, into a state of its own. One per file. */
export class StateFileReader {
  readonly #records = new RecordReader();
  readonly #state = new State();
  readonly #follow: FollowChanges;
  #header: Header | undefined;
  #orders = 0;
  #fault: OrderError | undefined;

  /** `follow` is told what each record changed, before the whole is known to be right. */
  constructor(follow: FollowChanges = () => undefined) {
    this.#follow = follow;
  }

  /**
   * Takes the next bytes. Gives what is wrong with the file, once it is found; more bytes are then in vain.
   */
  push(bytes: Uint8Array): OrderError | undefined {
    if (this.#fault !== undefined) return this.#fault;
    for (const record of this.#records.push(bytes)) {
      this.#fault = this.#read(record);
      if (this.#fault !== undefined) break;
    }
    return this.#fault;
  }

  /** Ends the file: what it holds, or what is wrong with it. */
  end(): Result<StateFile, OrderError> {
    const fault = this.#fault ?? this.#findEndFault();
    if (fault !== undefined) return fail(fault);
    const isProven = this.#header?.hash !== undefined;
    return ok({ state: this.#state, isProven, revision: this.#header?.revision ?? 0, orders: this.#orders });
  }

  #read(record: FileRecord): OrderError | undefined {
    if (record.kind !== "record")
      return invalid(record, record.kind === "damaged" ? record.reason : "unfinished");
    if (this.#header === undefined) {
      const header = parseHeader(record.value);
      if (header.ok) this.#header = header.value;
      return header.ok ? undefined : header.error;
    }
    const applied = applyRecord(this.#state, record.value);
    if (!applied.ok) return invalid(record, applied.error);
    this.#follow(applied.value);
    this.#orders++;
    return undefined;
  }

  #findEndFault(): OrderError | undefined {
    const rest = this.#records.end();
    if (rest !== undefined) return invalid(rest, "the file ends before the record does");
    if (this.#header === undefined) return { code: "STATE_FILE_INVALID", message: "the state file is empty" };
    const { orders, hash } = this.#header;
    if (orders !== undefined && orders !== this.#orders) {
      const message = `the state file is cut short: ${this.#orders} of ${orders} orders are there`;
      return { code: "STATE_FILE_INVALID", message };
    }
    if (hash === undefined || hash === this.#state.hash()) return undefined;
    const message = "the state file was changed: its orders do not have the header's hash";
    return { code: "STATE_FILE_INVALID", message: `${message}; ${HOW_TO_EDIT}` };
  }
}

const HOW_TO_EDIT = "who edits it leaves hash, orders and check out of the header";

interface Header {
  readonly revision: number;
  readonly hash?: string;
  readonly orders?: number;
}

function parseHeader(value: Readonly<Record<string, unknown>>): Result<Header, OrderError> {
  const { check, ...checked } = value;
  const { format, version, revision, hash, orders } = checked;
  if (format !== FORMAT || !isCount(version)) {
    return fail({
      code: "STATE_FILE_INVALID",
      message: "this is no state file: its first record is no header",
    });
  }
  if (version > FORMAT_VERSION) {
    const message = `the state file has format version ${version}; this version knows ${FORMAT_VERSION}`;
    return fail({ code: "STATE_FILE_NEWER", message });
  }
  const fault = findHeaderFault(value);
  if (fault !== undefined) {
    const message = `the state file's header is damaged: ${fault}`;
    return fail({ code: "STATE_FILE_INVALID", message });
  }
  if (check !== undefined && check !== hashOf("header", checked)) {
    const message = `the state file's header was changed: it does not have its own hash; ${HOW_TO_EDIT}`;
    return fail({ code: "STATE_FILE_INVALID", message });
  }
  return ok({
    revision: revision as number,
    ...(hash === undefined ? {} : { hash: hash as string }),
    ...(orders === undefined ? {} : { orders: orders as number }),
  });
}

/** Which field is wrong, and how. */
function findHeaderFault(header: Readonly<Record<string, unknown>>): string | undefined {
  const { revision, hash, orders } = header;
  if (revision === undefined) return "it lacks revision, a whole number; 0 will do";
  if (!isCount(revision)) return "revision must be a whole number";
  if (hash !== undefined && typeof hash !== "string") return "hash must be a text";
  if (orders !== undefined && !isCount(orders)) return "orders must be a whole number";
  const unknown = Object.keys(header).find((name) => !HEADER_FIELDS.includes(name));
  return unknown === undefined ? undefined : "it has a field that is not known";
}

/** Applies a record's order; the error says what is wrong with it. */
function applyRecord(
  state: State,
  record: Readonly<Record<string, unknown>>,
): Result<readonly Change[], string> {
  const { type, data, ...rest } = record;
  if (typeof type !== "string" || Object.keys(rest).length > 0)
    return fail("this is no order with a type and data alone");
  const parsed = parseOrderBody(type, data);
  if (!parsed.ok) return fail(parsed.error.message);
  if (!isChangeOrder(parsed.value)) return fail(`${type} does not belong in a state file`);
  const applied = applyOrder(state, parsed.value);
  return applied.ok ? ok(applied.value.changes) : fail(applied.error.message);
}

function invalid(record: FileRecord, reason: string): OrderError {
  return {
    code: "STATE_FILE_INVALID",
    message: `the state file is damaged (${placeText(record)}): ${reason}`,
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function* piecesOf(header: object, additions: readonly Addition[]): Iterable<string> {
  let piece = recordText(header);
  for (const addition of additions) {
    piece += recordText(additionOrder(addition));
    if (piece.length < PIECE_CHARS_MIN) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
