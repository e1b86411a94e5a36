/**
 * What happens to an accepted change once it is kept: sent to every worker, its listeners opened and retired,
 * its drains begun, and its order answered when every worker has applied it.
 */
import { assertNever } from "../../base/assert.ts";
import type { Change } from "../../model/channel.ts";
import type { Happening } from "../../model/events.ts";
import { splitKey } from "../../model/keys.ts";
import { type ObjectName, removedObjects } from "../../model/net-changes.ts";
import type { ObjectKind } from "../../model/objects.ts";
import type { DrainOptions } from "../../model/orders.ts";
import type { Accepted } from "../configuration.ts";
import type { Control } from "../control.ts";
import type { DrainDeadline } from "../drain-watch.ts";
import type { DrainTarget } from "../drains.ts";
import { listenerMovesOf } from "../listener-moves.ts";
import type { Listeners } from "../listeners.ts";
import type { Reply } from "../socket/reply.ts";
import { encodeApply } from "../workers/worker-messages.ts";
import { type DrainWait, NOBODY, remaining, waitForDrains } from "./drain-wait.ts";

/** Of a change, its event has so many objects. */
const EVENT_CHANGES_MAX = 100;

/** How an accepted change is answered. */
export interface Publication {
  /** The order's name, for `QUERY_DRAINS`. */
  readonly order: string;
  /** How the drain of an object that it removed is reported. */
  readonly drainOf: (object: ObjectName) => DrainOptions;
  readonly reply: Reply;
  /** What the final answer's data has beside what drains add. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Publishes an accepted change when it is kept, or refuses its order when it is taken back. `lasting`: drains
 * of before that its answer waits for, too.
 */
export function publish(
  control: Control,
  accepted: Accepted,
  publication: Publication,
  lasting: readonly LastingDrain[] = [],
): void {
  control.configuration.after({
    kept: () => publishKept(control, accepted, publication, lasting),
    takenBack: (error) => publication.reply.refuse(error, control.configuration.revision),
  });
}

/** A drain that goes on already, for a removal that is sent again. */
export interface LastingDrain {
  readonly drain: number;
  readonly options: DrainOptions;
}

/** Answers a change that removes what drains already: when that is over, too. */
export function attach(
  control: Control,
  drains: readonly LastingDrain[],
  accepted: Omit<Accepted, "hash">,
  publication: Publication,
): void {
  answerDrains(control, { drains, sinceMs: control.now(), accepted, publication });
}

/** What an order removed, as drains. */
function drainTargetsOf(order: string, changes: readonly Change[]): readonly DrainTarget[] {
  return removedObjects(changes).map(({ kind, key }) => drainTarget(order, kind, key));
}

/** Something removed, as a drain has it. */
export function drainTarget(order: string, kind: ObjectKind, key: string): DrainTarget {
  return { order, kind, key, object: keyFieldsOf(kind, key) };
}

function publishKept(
  control: Control,
  accepted: Accepted,
  publication: Publication,
  lasting: readonly LastingDrain[],
): void {
  const { gathering, listeners, workers, limits, now } = control;
  const { revision, changes } = accepted;
  if (changes.length === 0) {
    gathering.when(revision, () => attach(control, lasting, accepted, publication));
    return;
  }
  control.expiryWatch.changed(changes);
  const sinceMs = now();
  const targets = drainTargetsOf(publication.order, changes);
  const drains = targets.map((target) => control.drains.begin(target));
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
  const left = moveListeners(listeners, changes);
  const answer = (): void => {
    control.drains.settle(drains);
    const options = targets.map(publication.drainOf);
    const begun = drains.map((drain, index) => ({ drain, options: options[index]! }));
    answerDrains(control, { drains: [...begun, ...lasting], sinceMs, accepted, publication });
  };
  // A removed listener's queue may hold connections that will use it: nobody may count before it is empty.
  gathering.when(revision, () => {
    control.events.append(changedEvent(publication, revision, changes));
    if (left.length === 0) answer();
    else void Promise.all(left).then(answer);
  });
}

/**
 * Opens and closes for clients what the change says, once it went to the workers. Gives those whose queues
 * have to be emptied. One who is removed and added back takes its queue along.
 */
function moveListeners(listeners: Listeners, changes: readonly Change[]): readonly Promise<void>[] {
  const { opened, closed, reopened } = listenerMovesOf(changes);
  const left = closed.map((address) => new Promise<void>((tell) => listeners.retire(address, tell)));
  for (const address of reopened) listeners.retire(address, ignore);
  for (const address of [...opened, ...reopened]) listeners.publish(address);
  return left;
}

function changedEvent(
  { order, reply }: Publication,
  revision: number,
  changes: readonly Change[],
): Happening {
  return {
    event: "CHANGED",
    revision,
    order,
    ...reply.author,
    changes: changes.slice(0, EVENT_CHANGES_MAX).map(({ kind, key, before, after }) => ({
      action: before === undefined ? "add" : after === undefined ? "remove" : "update",
      kind,
      key,
    })),
    total: changes.length,
  };
}

interface Draining {
  readonly drains: readonly LastingDrain[];
  readonly sinceMs: number;
  readonly accepted: Omit<Accepted, "hash">;
  readonly publication: Publication;
}

/** One answer for all drains. What its order does not wait for goes on, and has its deadline. */
function answerDrains(control: Control, { drains, sinceMs, accepted, publication }: Draining): void {
  const { reply } = publication;
  const { message, revision, changes } = accepted;
  const data = { ...publication.data, changed: changes.length > 0 };
  if (drains.length === 0) return reply.ok(message, data, revision);
  const waited = drains.filter(({ options }) => options.wait);
  const unwaited = drains.filter(({ options }) => !options.wait);
  const { connections } = control.drains.usage(numbersOf(drains));
  // Who watches is gone at once; a deadline that closes stays.
  control.drains.unwatch(
    control.drains.watch(numbersOf(unwaited), {
      deadlines: deadlinesOf(unwaited, sinceMs),
      progressMs: 0,
      sinceMs,
      listener: NOBODY,
    }),
  );
  if (waited.length === 0) {
    const left = connections === 0 ? "" : `; ${remaining(connections)}`;
    return reply.ok(`${message}${left}`, { ...data, connections }, revision);
  }
  const wait: DrainWait = {
    drains: numbersOf(waited),
    unwaited: numbersOf(unwaited),
    sinceMs,
    deadlines: deadlinesOf(waited, sinceMs),
    progressMs: waited.reduce((least, { options }) => Math.min(least, options.progress_ms), Infinity),
    message,
    revision,
    data,
  };
  waitForDrains(control, wait, reply);
}

function numbersOf(drains: readonly LastingDrain[]): readonly number[] {
  return drains.map(({ drain }) => drain);
}

/** One for all drains that have the same. */
function deadlinesOf(drains: readonly LastingDrain[], sinceMs: number): readonly DrainDeadline[] {
  const deadlines = new Map<string, DrainDeadline & { readonly drains: Set<number> }>();
  for (const { drain, options } of drains) {
    const { deadline_ms: deadlineMs, on_deadline: onDeadline } = options;
    if (deadlineMs === undefined) continue;
    const name = `${deadlineMs} ${onDeadline}`;
    const deadline = deadlines.get(name) ?? { atMs: sinceMs + deadlineMs, onDeadline, drains: new Set() };
    deadlines.set(name, deadline);
    deadline.drains.add(drain);
  }
  return [...deadlines.values()];
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

function ignore(): void {
  // Nobody waits for it.
}
