/**
 * Orders applied to a state: judged first, then followed. Only orders that change objects; what an order
 * needs from the world (a socket for a listener, a file for `LOAD_STATE`) is main's, before it comes here.
 *
 * Rules of this file:
 *  1. An order that fails changes nothing. Judging never changes the state, so this holds by itself.
 *  2. What is already so is no failure and no change.
 *  3. The changes tell the whole truth: following them elsewhere leads to the same state, taking them back to
 *     the one before.
 */
import { assertNever } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { judgeAddBackend, judgeRemoveBackend, judgeUpdateBackend } from "./apply/backend.ts";
import { judgeAddCertificate, judgeRemoveCertificate, judgeReplaceCertificate } from "./apply/certificate.ts";
import { judgeAddCluster, judgeRemoveCluster, judgeUpdateCluster } from "./apply/cluster.ts";
import { judgeAddFrontend, judgeRemoveFrontend } from "./apply/frontend.ts";
import { judgeAddListener, judgeRemoveListener, judgeUpdateListener } from "./apply/listener.ts";
import { judgeDrain, judgeUndrain } from "./apply/drain.ts";
import type { AppliedOrder, Verdict } from "./apply/verdict.ts";
import type { Change } from "./channel.ts";
import type { OrderError } from "./errors.ts";
import { STATE_LIMITS, type StateLimits } from "./limits.ts";
import type { ChangeOrder } from "./orders.ts";
import type { State } from "./state.ts";

/** An order of several that failed: the others are not applied either. */
export interface FailedOrder {
  /** Which one, from 0. */
  readonly index: number;
  readonly error: OrderError;
}

/** Applies one order to `state`, or refuses it and leaves `state` as it is. */
export function applyOrder(
  state: State,
  order: ChangeOrder,
  limits: StateLimits = STATE_LIMITS,
): Result<AppliedOrder, OrderError> {
  const verdict = judge(state, limits, order);
  if (!verdict.ok) return verdict;
  const { changes, message } = verdict.value;
  return ok({ changes: changes.map((change) => state.applyChange(change)), message });
}

/**
 * Applies all orders, one after another, or none: at the first that fails, what the others changed is taken
 * back. `isDone` says of an order that was refused that it was done before, and may be passed over.
 */
export function applyOrders(
  state: State,
  orders: Iterable<ChangeOrder>,
  limits: StateLimits = STATE_LIMITS,
  isDone: (order: ChangeOrder) => boolean = () => false,
): Result<readonly Change[], FailedOrder> {
  const changes: Change[] = [];
  let index = 0;
  for (const order of orders) {
    const verdict = judge(state, limits, order);
    if (verdict.ok) for (const change of verdict.value.changes) changes.push(state.applyChange(change));
    else if (!isDone(order)) {
      undo(state, changes);
      return fail({ index, error: verdict.error });
    }
    index++;
  }
  return ok(changes);
}

/**
 * Takes changes back, the last one first. `changes` are the last that were made to `state`, as `applyOrder`
 * gave them.
 */
export function undo(state: State, changes: readonly Change[]): void {
  for (const change of changes.toReversed()) {
    const { before, after, ...rest } = change;
    state.applyChange({
      ...rest,
      ...(after === undefined ? {} : { before: after }),
      ...(before === undefined ? {} : { after: before }),
    });
  }
}

function judge(state: State, limits: StateLimits, order: ChangeOrder): Verdict {
  switch (order.type) {
    case "ADD_LISTENER":
      return judgeAddListener(state, limits, order.data);
    case "UPDATE_LISTENER":
      return judgeUpdateListener(state, order.data);
    case "REMOVE_LISTENER":
      return judgeRemoveListener(state, order.data);
    case "ADD_CLUSTER":
      return judgeAddCluster(state, limits, order.data);
    case "UPDATE_CLUSTER":
      return judgeUpdateCluster(state, order.data);
    case "REMOVE_CLUSTER":
      return judgeRemoveCluster(state, order.data);
    case "ADD_FRONTEND":
      return judgeAddFrontend(state, limits, order.data);
    case "REMOVE_FRONTEND":
      return judgeRemoveFrontend(state, order.data);
    case "ADD_BACKEND":
      return judgeAddBackend(state, limits, order.data);
    case "UPDATE_BACKEND":
      return judgeUpdateBackend(state, order.data);
    case "REMOVE_BACKEND":
      return judgeRemoveBackend(state, order.data);
    case "ADD_CERTIFICATE":
      return judgeAddCertificate(state, limits, order.data);
    case "REPLACE_CERTIFICATE":
      return judgeReplaceCertificate(state, order.data);
    case "REMOVE_CERTIFICATE":
      return judgeRemoveCertificate(state, order.data);
    case "DRAIN":
      return judgeDrain(state, order.data);
    case "UNDRAIN":
      return judgeUndrain(state, order.data);
    default:
      return assertNever(order);
  }
}
