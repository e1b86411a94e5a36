/**
 * What can be saved of a state file and a journal that are damaged. It reads where `StateFileReader` and
 * `replayJournal` refuse, and says of all that it leaves out what it was. Bytes in, a state out; files are
 * `repair.ts`.
 *
 * Rules of this file:
 *  1. Where the state file is whole, the journal is followed as far as its hashes prove it, and not a record
 *     further: what comes after damage was decided on a configuration that is not known.
 *  2. Where the state file is damaged, or gone, nothing can be proven: each order that can be read, and still
 *     applies, is kept.
 *  3. A revision never means two things: if anything is left out, the next one after all that were seen is
 *     taken.
 *  4. What is said of an order never has its private key.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { applyOrder } from "../../model/apply.ts";
import { parseOrderBody } from "../../model/catalogue/parse-order.ts";
import { type ChangeOrder, isChangeOrder } from "../../model/orders.ts";
import { placeText } from "../../model/records.ts";
import { orderWithoutKey } from "../../model/secrets.ts";
import { StateFileReader } from "../../model/state-file.ts";
import { State } from "../../model/state.ts";
import { applyBatch, headerFault, isNewerJournal } from "./journal-records.ts";

const ORDER_CHARS_SHOWN = 160;

/** What is left of a configuration on disk. */
export interface Salvage {
  readonly state: State;
  readonly revision: number;
  /** What is damaged, and where, one sentence each. Empty: everything is whole. */
  readonly damage: readonly string[];
  /** What is left out, one line for each order or record. */
  readonly dropped: readonly string[];
  /** The journal's last record, if it was not written whole. It was never answered, and is no loss. */
  readonly torn: string | undefined;
}

/**
 * Reads what can be read. `undefined`: the file is not there. The error is a sentence: a file of a newer
 * format is not damaged, and is left alone.
 */
export function salvage(
  stateFile: Uint8Array | undefined,
  journal: Uint8Array | undefined,
): Result<Salvage, string> {
  const rest = new Salvaging();
  const fault = rest.readState(stateFile) ?? (journal && rest.readJournal(journal));
  return fault === undefined ? ok(rest.result()) : fail(fault);
}

/** One record, or what stands in its place. */
interface Piece {
  readonly number: number;
  readonly atByte: number;
  /** Absent: it is no JSON object, or the file ends before it does. */
  readonly value: Readonly<Record<string, unknown>> | undefined;
}

class Salvaging {
  #state = new State();
  #revision = 0;
  #highestSeen = 0;
  #isProven = true;
  #torn: string | undefined;
  readonly #damage: string[] = [];
  readonly #dropped: string[] = [];

  result(): Salvage {
    const isChanged = this.#dropped.length > 0 || !this.#isProven;
    const revision = isChanged ? Math.max(this.#revision, this.#highestSeen) + 1 : this.#revision;
    const [damage, dropped, torn] = [this.#damage, this.#dropped, this.#torn];
    return { state: this.#state, revision, damage, dropped, torn };
  }

  /** Gives why nothing can be done, if so. */
  readState(bytes: Uint8Array | undefined): string | undefined {
    if (bytes === undefined) {
      this.#damage.push("the state file is not there");
      this.#isProven = false;
      return undefined;
    }
    const reader = new StateFileReader();
    reader.push(bytes);
    const read = reader.end();
    if (read.ok) {
      this.#state = read.value.state;
      this.#revision = read.value.revision;
      return undefined;
    }
    if (read.error.code === "STATE_FILE_NEWER") return read.error.message;
    this.#damage.push(read.error.message);
    this.#isProven = false;
    for (const piece of piecesOf(bytes)) this.#keepStateRecord(piece);
    return undefined;
  }

  /** Gives why nothing can be done, if so. */
  readJournal(bytes: Uint8Array): string | undefined {
    const pieces = piecesOf(bytes);
    const header = pieces[0]?.value;
    const fault = header && headerFault(header, this.#revision);
    if (header !== undefined && isNewerJournal(header)) return fault;
    this.#followHeader(header, fault);
    const isHeader = header !== undefined && !("orders" in header);
    for (const [index, piece] of pieces.entries()) {
      if (index === 0 && (isHeader || piece.value === undefined)) continue;
      const kept = this.#keepBatch(piece);
      if (kept.ok) continue;
      const rest = pieces.slice(index);
      if (rest.length === 1 || this.#isProven) {
        this.#leaveOutRest(rest, kept.error);
        break;
      }
      this.#leaveOut([piece], kept.error);
    }
    return undefined;
  }

  #followHeader(header: Piece["value"], fault: string | undefined): void {
    if (header === undefined) this.#damage.push("the journal's header cannot be read");
    else if (fault !== undefined && (this.#isProven || typeof header["revision"] !== "number")) {
      this.#damage.push(fault);
    }
    if (!this.#isProven) this.#reach(header?.["revision"]);
  }

  #keepStateRecord({ value, ...place }: Piece): void {
    if (value?.["format"] !== undefined) return this.#reach(value["revision"]);
    if (value === undefined) return void this.#dropped.push(unreadableText("state file", place));
    this.#keepOrder(value);
  }

  #keepBatch({ value }: Piece): Result<void, string> {
    if (value === undefined) return fail("it cannot be read");
    if (this.#isProven) {
      const applied = applyBatch(value, this.#state, this.#revision);
      if (applied.ok) this.#reach(applied.value);
      return applied.ok ? ok(undefined) : applied;
    }
    const { revision, orders } = value;
    if (typeof revision !== "number" || !Array.isArray(orders)) return fail("this is no batch of orders");
    if (revision <= this.#revision) return ok(undefined);
    for (const order of orders) this.#keepOrder(order);
    this.#reach(revision);
    return ok(undefined);
  }

  #keepOrder(value: unknown): void {
    const order = parseOrder(value);
    if (!order.ok) return void this.#dropped.push(order.error);
    const applied = applyOrder(this.#state, order.value);
    if (!applied.ok) this.#dropped.push(`${orderText(order.value)}: ${applied.error.message}`);
  }

  /** All records from the damaged one on; if there is no whole one, it was never answered. */
  #leaveOutRest(pieces: readonly Piece[], reason: string): void {
    const [first] = pieces as readonly [Piece];
    const isTorn = first.value === undefined && !pieces.some(({ value }) => Array.isArray(value?.["orders"]));
    if (isTorn) this.#torn = damageText(first, reason);
    else this.#leaveOut(pieces, reason);
  }

  #leaveOut(pieces: readonly Piece[], reason: string): void {
    const [first] = pieces as readonly [Piece];
    this.#damage.push(damageText(first, reason));
    for (const { value, ...place } of pieces) {
      const orders = value?.["orders"];
      if (!Array.isArray(orders)) this.#dropped.push(unreadableText("journal", place));
      else for (const order of orders) this.#dropped.push(anyOrderText(order));
      const revision = value?.["revision"];
      if (typeof revision === "number") this.#highestSeen = Math.max(this.#highestSeen, revision);
    }
  }

  #reach(revision: unknown): void {
    if (typeof revision === "number") this.#revision = Math.max(this.#revision, revision);
  }
}

/** Splits at the zero bytes, whatever stands between them. */
function piecesOf(bytes: Uint8Array): readonly Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  while (start < bytes.length) {
    const zero = bytes.indexOf(0, start);
    const end = zero === -1 ? bytes.length : zero;
    const text = decodeUtf8(bytes.subarray(start, end));
    const value = zero === -1 ? undefined : objectIn(text);
    if (text?.trim() !== "") pieces.push({ number: pieces.length + 1, atByte: start, value });
    start = end + 1;
  }
  return pieces;
}

function objectIn(text: string | undefined): Piece["value"] {
  try {
    const value = JSON.parse(text ?? "") as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function parseOrder(value: unknown): Result<ChangeOrder, string> {
  const { type, data } = Object(value) as { readonly type?: unknown; readonly data?: unknown };
  const parsed = parseOrderBody(String(type), data);
  if (!parsed.ok) return fail(`${String(type)}: ${parsed.error.message}`);
  return isChangeOrder(parsed.value) ? ok(parsed.value) : fail(`${String(type)} changes nothing`);
}

function anyOrderText(value: unknown): string {
  const order = parseOrder(value);
  return order.ok ? orderText(order.value) : order.error;
}

function orderText(order: ChangeOrder): string {
  const { type, data } = orderWithoutKey(order);
  const text = JSON.stringify(data);
  return `${type} ${text.length > ORDER_CHARS_SHOWN ? `${text.slice(0, ORDER_CHARS_SHOWN)}…` : text}`;
}

function damageText(place: Piece, reason: string): string {
  return `the journal's ${placeText(place)}: ${reason}`;
}

function unreadableText(file: string, place: { readonly number: number; readonly atByte: number }): string {
  return `the ${file}'s ${placeText(place)}, which cannot be read`;
}
