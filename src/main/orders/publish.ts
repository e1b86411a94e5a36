/**
 * What happens to an accepted change once it is kept: sent to every worker, its listeners opened and retired,
 * its drains begun, and its order answered when every worker has applied it.
 */
import { assertNever } from "../../base/assert.ts";
import type { Change } from "../../model/channel.ts";
import type { Happening } from "../../model/events.ts";
import { splitKey } from "../../model/keys.ts";
import { removedObjects } from "../../model/net-changes.ts";
import type { ObjectKind } from "../../model/objects.ts";
import type { DrainOptions } from "../../model/orders.ts";
import type { Accepted } from "../configuration.ts";
import type { Control } from "../control.ts";
import type { DrainTarget } from "../drains.ts";
import { type DrainWait, NOBODY, remaining, waitForDrains } from "./drain-wait.ts";
import type { Reply } from "../socket/reply.ts";
import { encodeApply } from "../workers/worker-messages.ts";

/** Of a change, its event has so many objects. */
const EVENT_CHANGES_MAX = 100;

/** How an accepted change is answered. */
export interface Publication {
  /** The order's name, for `QUERY_DRAINS`. */
  readonly order: string;
  readonly drain: DrainOptions;
  readonly reply: Reply;
  /** What the final answer's data has beside what drains add. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Publishes an accepted change when it is kept, or refuses its order when it is taken back. */
export function publish(control: Control, accepted: Accepted, publication: Publication): void {
  control.configuration.after({
    kept: () => publishKept(control, accepted, publication),
    takenBack: (error) => publication.reply.refuse(error, control.configuration.revision),
  });
}

/** Waits for drains that go on already, for a removal that is sent again. */
export function attach(
  control: Control,
  drain: number,
  accepted: Omit<Accepted, "hash">,
  publication: Publication,
): void {
  answerDrains(control, { drains: [drain], sinceMs: control.now(), accepted, publication });
}

/** What an order removed, as drains. */
function drainTargetsOf(order: string, changes: readonly Change[]): readonly DrainTarget[] {
  return removedObjects(changes).map(({ kind, key }) => drainTarget(order, kind, key));
}

/** Something removed, as a drain has it. */
export function drainTarget(order: string, kind: ObjectKind, key: string): DrainTarget {
  return { order, kind, key, object: keyFieldsOf(kind, key) };
}

function publishKept(control: Control, accepted: Accepted, publication: Publication): void {
  const { gathering, listeners, workers, limits, now } = control;
  const { revision, changes } = accepted;
  if (changes.length === 0) {
    const data = { ...publication.data, changed: false };
    gathering.when(revision, () => publication.reply.ok(accepted.message, data, revision));
    return;
  }
  control.expiryWatch.changed(changes);
  const sinceMs = now();
  const targets = drainTargetsOf(publication.order, changes);
  const drains = targets.map((target) => control.drains.begin(target));
  const leaving = changes.filter((change) => change.kind === "listener" && change.after === undefined);
  const left = leaving.map((change) => new Promise<void>((tell) => listeners.retire(change.key, tell)));
  const requests = targets.map(({ kind, key }, index) => ({
    drain: drains[index]!,
    kind,
    key,
    order: publication.order,
  }));
  gathering.expect(revision, accepted.hash);
  workers.broadcast(
    encodeApply({ revision, changes, drains: requests }, limits.changesPerMessageMax),
    changes.length,
  );
  for (const change of changes) {
    if (change.kind === "listener" && change.before === undefined) listeners.publish(change.key);
  }
  const answer = (): void => {
    control.drains.settle(drains);
    answerDrains(control, { drains, sinceMs, accepted, publication });
  };
  // A removed listener's queue may hold connections that will use it: nobody may count before it is empty.
  gathering.when(revision, () => {
    control.events.append(changedEvent(publication.order, revision, changes));
    if (left.length === 0) answer();
    else void Promise.all(left).then(answer);
  });
}

function changedEvent(order: string, revision: number, changes: readonly Change[]): Happening {
  return {
    event: "CHANGED",
    revision,
    order,
    changes: changes.slice(0, EVENT_CHANGES_MAX).map(({ kind, key, before, after }) => ({
      action: before === undefined ? "add" : after === undefined ? "remove" : "update",
      kind,
      key,
    })),
    total: changes.length,
  };
}

interface Draining {
  readonly drains: readonly number[];
  readonly sinceMs: number;
  readonly accepted: Omit<Accepted, "hash">;
  readonly publication: Publication;
}

function answerDrains(control: Control, draining: Draining): void {
  const { drains, sinceMs, accepted, publication } = draining;
  const { reply, drain } = publication;
  const { message, revision, changes } = accepted;
  const data = { ...publication.data, changed: changes.length > 0 };
  if (drains.length === 0) return reply.ok(message, data, revision);
  const { connections } = control.drains.usage(drains);
  const wait: DrainWait = {
    drains,
    sinceMs,
    deadline:
      drain.deadline_ms === undefined
        ? undefined
        : { atMs: sinceMs + drain.deadline_ms, onDeadline: drain.on_deadline },
    progressMs: drain.progress_ms,
    message,
    revision,
    data,
  };
  if (drain.wait) return waitForDrains(control, wait, reply);
  // Who watches is gone at once; a deadline that closes stays.
  control.drains.unwatch(control.drains.watch(drains, { ...wait, listener: NOBODY }));
  const left = connections === 0 ? "" : `; ${remaining(connections)}`;
  reply.ok(`${message}${left}`, { ...data, connections }, revision);
}

function keyFieldsOf(kind: ObjectKind, key: string): Readonly<Record<string, string>> {
  switch (kind) {
    case "listener":
      return { address: key };
    case "cluster":
      return { cluster_id: key };
    case "backend": {
      const [cluster_id, backend_id] = splitKey(key);
      return { cluster_id, backend_id };
    }
    case "certificate": {
      const [listener, fingerprint] = splitKey(key);
      return { listener, fingerprint };
    }
    case "frontend":
      return {};
    default:
      return assertNever(kind);
  }
}
