/**
 * What judging an order gives: the changes that it makes, or why it makes none. The common ways to judge;
 * each noun's own rules are in the files beside this one.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { areEqual } from "../equal.ts";
import type { Change } from "../channel.ts";
import type { OrderError } from "../errors.ts";
import { objectName } from "../keys.ts";
import type { StateLimits } from "../limits.ts";
import type { ConfigObject, ObjectKind } from "../objects.ts";
import { withoutKey } from "../secrets.ts";
import type { State } from "../state.ts";
import { didYouMean } from "../suggest.ts";

/** What an order does to a state. */
export interface AppliedOrder {
  /** In the order in which they are followed; empty if it was already so. */
  readonly changes: readonly Change[];
  /** One sentence for the answer. */
  readonly message: string;
}

export type Verdict = Result<AppliedOrder, OrderError>;

/** An addition, once what it needs is there: nothing new, or a conflict, or one change. */
export function judgeAddition(
  state: State,
  limits: StateLimits,
  object: ConfigObject & { readonly key: string },
  message: string,
): Verdict {
  const { kind, key, value } = object;
  const existing = state.find(kind, key);
  if (existing === undefined) {
    const count = state.count();
    if (count >= limits.objectsMax) return limitExceeded(count, "objects", limits.objectsMax);
    return ok({ changes: [{ kind, key, after: value }], message });
  }
  const name = objectName(kind, key);
  if (areEqual(existing, value)) return ok({ changes: [], message: `${name} is already so` });
  return fail({
    code: "EXISTS",
    message: `${name} exists already, and is different`,
    existing: withoutKey(existing),
  });
}

/** An update of something that is there. `null` in `changing` gives a field its default. */
export function judgeUpdate(
  object: ConfigObject & { readonly key: string },
  changing: object,
  defaults: object,
): Verdict {
  const { kind, key, value } = object;
  const updated: Record<string, unknown> = { ...value };
  for (const [field, wanted] of Object.entries(changing)) {
    const filled: unknown = wanted ?? (defaults as Readonly<Record<string, unknown>>)[field];
    if (filled === undefined) delete updated[field];
    else updated[field] = filled;
  }
  const name = objectName(kind, key);
  if (areEqual(value, updated)) return ok({ changes: [], message: `${name} is already so` });
  const after = updated as unknown as ConfigObject["value"];
  return ok({ changes: [{ kind, key, before: value, after }], message: `${name} updated` });
}

/** The changes that remove objects of one kind, which must all be there. */
export function removalsOf(state: State, kind: ObjectKind, keys: Iterable<string>): Change[] {
  const changes: Change[] = [];
  for (const key of keys) {
    const before = state.find(kind, key);
    if (before !== undefined) changes.push({ kind, key, before });
  }
  return changes;
}

export function limitExceeded(count: number, what: string, max: number): Verdict {
  const message = `there are ${count} ${what} already, and no more than ${max} may be`;
  return fail({ code: "LIMIT_EXCEEDED", message });
}

export function notFound(name: string, wanted: string, candidates: Iterable<string>, field: string): Verdict {
  return fail({
    code: "NOT_FOUND",
    message: `${name} does not exist${didYouMean(wanted, candidates)}`,
    field,
  });
}

/** The refusal of an order that names a cluster which is not there. */
export function unknownCluster(state: State, clusterId: string): OrderError {
  const message = `cluster "${clusterId}" does not exist${didYouMean(clusterId, state.clusters.keys())}`;
  return { code: "UNKNOWN_CLUSTER", message, field: "data.cluster_id" };
}

/** The refusal of an order that names a listener which is not there. */
export function unknownListener(state: State, address: string): OrderError {
  const message = `listener ${address} does not exist${didYouMean(address, state.listeners.keys())}`;
  return { code: "UNKNOWN_LISTENER", message, field: "data.listener" };
}
