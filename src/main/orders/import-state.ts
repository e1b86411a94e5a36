/**
 * `IMPORT_STATE`, and `LOAD_STATE` in Sōzu's words: what a state file of Sōzu holds is added to the
 * configuration, as one change.
 *
 * Rules of this file:
 *  1. Each record is tried on a copy of the configuration first: of one that fails, nothing is taken.
 *  2. Without `partial`, one record that cannot be taken refuses the file.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { applyOrders } from "../../model/apply.ts";
import type { ChangeAction } from "../../model/dialect/action.ts";
import { findUnmet } from "../../model/dialect/expectation.ts";
import { DRAIN_DEFAULTS } from "../../model/defaults.ts";
import { additionsOf } from "../../model/dump.ts";
import type { OrderError } from "../../model/errors.ts";
import { type ChangeCounts, countChanges } from "../../model/net-changes.ts";
import type { ChangeOrder, OrderData } from "../../model/orders.ts";
import { State } from "../../model/state.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { type DialectRecord, readDialectFile } from "../store/dialect-file.ts";
import { readOrders } from "./certificate-order.ts";
import { answerTrial } from "./dry-run.ts";
import { refuseConflict } from "./history.ts";
import { publish } from "./publish.ts";
import { changesMessage, type LoadOptions, replyWith } from "./state-orders.ts";

/** The answer lists so many records; `left_out_total` counts them all. */
const LEFT_OUT_MAX = 1_000;

/** Reads the file, then adds what it holds. Fulfilled when it has taken effect, or was refused. */
export async function importState(
  control: Control,
  data: OrderData["IMPORT_STATE"],
  options: LoadOptions,
  reply: Reply,
): Promise<void> {
  const read = await readDialectFile(data.path);
  if (!read.ok) return reply.refuse(read.error, control.configuration.revision);
  return new Promise((tookEffect) => {
    control.inTurn(() => {
      addRecords(control, read.value, { ...options, partial: data.partial }, reply);
      tookEffect();
    });
  });
}

/**
 * Our orders for what an order of Sōzu asks for, with all that its certificates hold; or why not. The
 * certificate that came with a listener becomes its default one.
 */
export function completeOrders(
  state: State,
  { orders, expects, isDefaultCertificate }: ChangeAction,
): Result<readonly ChangeOrder[], OrderError> {
  const unmet = findUnmet(state, expects);
  if (unmet !== undefined) return fail(unmet);
  const read = readOrders(orders);
  if (!read.ok || !isDefaultCertificate) return read;
  const shown = read.value.map((order): ChangeOrder | undefined => {
    if (order.type !== "ADD_CERTIFICATE" || order.data.fingerprint === undefined) return undefined;
    const { listener: address, fingerprint } = order.data;
    return { type: "UPDATE_LISTENER", data: { address, default_certificate: fingerprint } };
  });
  return ok([...read.value, ...shown.filter((order) => order !== undefined)]);
}

interface Taken {
  readonly orders: readonly ChangeOrder[];
  readonly leftOut: readonly { readonly record: number; readonly reason: string }[];
  readonly unusedFields: ReadonlySet<string>;
}

function addRecords(
  control: Control,
  records: readonly DialectRecord[],
  { ifRevision, dryRun, partial }: LoadOptions & { readonly partial: boolean },
  reply: Reply,
): void {
  const { configuration } = control;
  const { revision } = configuration;
  if (ifRevision !== undefined && ifRevision !== revision)
    return void refuseConflict(control, ifRevision, reply);
  const { orders, leftOut, unusedFields } = takeRecords(configuration.state, records);
  const [first] = leftOut;
  if (first !== undefined && !partial) {
    const few = `${leftOut.length} of ${records.length} records cannot be taken, and nothing was changed`;
    const message = `${few}; the first is record ${first.record}: ${first.reason}`;
    return reply.refuse({ code: "NOT_SUPPORTED", message }, revision);
  }
  const more = {
    records: records.length,
    left_out: leftOut.slice(0, LEFT_OUT_MAX),
    left_out_total: leftOut.length,
    unused_fields: [...unusedFields],
  };
  if (dryRun) {
    const tried = configuration.tryOutAll(orders);
    if (!tried.ok) return reply.refuse(tried.error.error, revision);
    const message = messageOf(countChanges(tried.value.changes), more);
    return answerTrial(control, tried.value, message, replyWith(reply, more));
  }
  const accepted = configuration.changeAll(orders, {
    order: "IMPORT_STATE",
    author: reply.author,
  });
  if (!accepted.ok) return reply.refuse(accepted.error.error, revision);
  const counts = countChanges(accepted.value.changes);
  const change = { ...accepted.value, message: messageOf(counts, more) };
  publish(control, change, {
    order: "IMPORT_STATE",
    drainOf: () => DRAIN_DEFAULTS,
    reply,
    data: { ...counts, ...more },
  });
}

/** Which records can be taken, one after another. */
function takeRecords(state: State, records: readonly DialectRecord[]): Taken {
  const copy = copyOf(state);
  const taken: ChangeOrder[] = [];
  const leftOut: { record: number; reason: string }[] = [];
  const unusedFields = new Set<string>();
  for (const { number, action } of records.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const orders = action.ok ? completeOrders(copy, action.value) : action;
    const applied = orders.ok ? applyOrders(copy, orders.value) : undefined;
    if (orders.ok && action.ok && applied?.ok === true) {
      for (const order of orders.value) taken.push(order);
      for (const field of action.value.leftOut) unusedFields.add(field);
    } else {
      const error = orders.ok ? (applied?.ok === false ? applied.error.error : undefined) : orders.error;
      leftOut.push({ record: number, reason: error?.message ?? "" });
    }
  }
  leftOut.sort((a, b) => a.record - b.record);
  return { orders: taken, leftOut, unusedFields };
}

/** What others name comes first, wherever it stands in the file. */
function rankOf({ action }: DialectRecord): number {
  const type = action.ok ? action.value.orders[0]?.type : undefined;
  return type === "ADD_LISTENER" ? 0 : type === "ADD_CLUSTER" ? 1 : 2;
}

function copyOf(state: State): State {
  const copy = new State();
  for (const addition of additionsOf(state)) copy.applyChange(addition);
  return copy;
}

function messageOf(
  counts: ChangeCounts,
  { records, left_out_total: leftOut }: { readonly records: number; readonly left_out_total: number },
): string {
  return `${changesMessage(counts)}, from ${records} records${leftOut === 0 ? "" : `; ${leftOut} were left out`}`;
}
