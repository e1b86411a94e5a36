/**
 * What happens to an accepted change once it is kept: sent to every worker, its listeners opened and retired,
 * its drains begun, and its order answered when every worker has applied it.
 */
import { assertNever } from "../../base/assert.ts";
import type { Change, DrainRequest } from "../../model/channel.ts";
import type { Happening } from "../../model/events.ts";
import { splitKey } from "../../model/keys.ts";
import {
  drainedObjects,
  netOf,
  type ObjectName,
  removedObjects,
  undrainedObjects,
} from "../../model/net-changes.ts";
import type { DrainKind } from "../../model/objects.ts";
import type { ChangeOrder, DrainOptions } from "../../model/orders.ts";
import type { Accepted } from "../configuration.ts";
import type { Control } from "../control.ts";
import type { DrainTarget } from "../drains.ts";
import { listenerMovesOf } from "../listener-moves.ts";
import type { Listeners } from "../listeners.ts";
import type { Reply } from "../socket/reply.ts";
import { encodeApply } from "../workers/worker-messages.ts";
import { NOBODY } from "../drain-watch.ts";
import { deadlinesOf, type LastingDrain, tellDeadlines } from "./drain-deadlines.ts";
import { type DrainWait, remaining, waitForDrains } from "./drain-wait.ts";
import { drainOptionsOf, findDrain } from "./removals.ts";

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
  /** Those that it does: of what one of them lets drain that drains already, the drain is waited for, too. */
  readonly orders?: readonly ChangeOrder[];
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

/** Answers an order of what drains already, without a change of the configuration: when that is over. */
export function attach(
  control: Control,
  drains: readonly LastingDrain[],
  accepted: Omit<Accepted, "hash">,
  publication: Publication,
): void {
  const sinceMs = control.now();
  tellDeadlines(control, drains, sinceMs);
  answerDrains(control, { drains, sinceMs, accepted, publication });
}

/** Something removed, or that `stays` and drains, as a drain has it. */
export function drainTarget(order: string, kind: DrainKind, key: string, stays = false): DrainTarget {
  return { order, kind, key, object: keyFieldsOf(kind, key), stays };
}

/** What a change does to drains. */
interface DrainMoves {
  /** Those that begin, with their targets. */
  readonly begun: readonly DrainRequest[];
  /** Of what drained already, and is removed now: they go on. */
  readonly lasting: readonly LastingDrain[];
  /** Of what drains no more. */
  readonly ended: readonly number[];
}

function moveDrains(
  { drains }: Control,
  { order, drainOf }: Publication,
  changes: readonly Change[],
): DrainMoves {
  const begun: DrainRequest[] = [];
  const lasting: LastingDrain[] = [];
  const begin = ({ kind, key }: ObjectName, stays: boolean): void => {
    const drain = drains.begin(drainTarget(order, kind, key, stays));
    begun.push({ drain, kind, key, order, ...(stays && { stays }) });
  };
  for (const object of removedObjects(changes)) {
    const drain = drains.takeStaying(object.kind, object.key);
    if (drain === undefined) begin(object, false);
    else lasting.push({ drain, options: drainOf(object) });
  }
  for (const object of drainedObjects(changes)) begin(object, true);
  const ended = undrainedObjects(changes).flatMap(({ kind, key }) => drains.takeStaying(kind, key) ?? []);
  return { begun, lasting, ended };
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
    gathering.when(revision, () => {
      attach(control, [...lasting, ...drainingOf(control, publication)], accepted, publication);
    });
    return;
  }
  control.expiryWatch.changed(changes);
  const sinceMs = now();
  const moves = moveDrains(control, publication, changes);
  gathering.expect(revision, accepted.hash);
  workers.broadcast(
    encodeApply({ revision, changes, drains: moves.begun }, limits.changesPerMessageMax),
    changes.length,
  );
  const begun = moves.begun.map((one) => ({ drain: one.drain, options: publication.drainOf(one) }));
  const again = drainingOf(control, publication).filter(
    ({ drain }) => !begun.some((one) => one.drain === drain),
  );
  const drains = [...begun, ...moves.lasting, ...lasting, ...again];
  // Right behind the change: whoever comes after us finds both, or none.
  tellDeadlines(control, drains, sinceMs);
  const left = moveListeners(listeners, changes);
  const answer = (): void => {
    control.drains.cancel(moves.ended);
    control.drains.settle(moves.begun.map(({ drain }) => drain));
    answerDrains(control, { drains, sinceMs, accepted, publication });
  };
  // What is on its way from one worker to another was counted by both.
  const count = (): void => {
    const { handoverDrains } = control;
    if (moves.begun.length === 0 || !handoverDrains.isAtWork) answer();
    else void handoverDrains.counted().then(answer);
  };
  // A removed listener's queue may hold connections that will use it: nobody may count before it is empty.
  gathering.when(revision, () => {
    control.events.append(changedEvent(publication, revision, changes));
    if (left.length === 0) count();
    else void Promise.all(left).then(count);
  });
}

/** What its `DRAIN` orders let drain that is in use. */
function drainingOf(control: Control, { orders = [] }: Publication): readonly LastingDrain[] {
  return orders.flatMap((order) => {
    const drain = order.type === "DRAIN" ? findDrain(control, order) : undefined;
    return drain === undefined ? [] : [{ drain, options: drainOptionsOf(order) }];
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
  const net = netOf(changes);
  return {
    event: "CHANGED",
    revision,
    order,
    ...reply.author,
    changes: net.slice(0, EVENT_CHANGES_MAX).map(({ kind, key, before, after }) => ({
      action: before === undefined ? "add" : after === undefined ? "remove" : "update",
      kind,
      key,
    })),
    total: net.length,
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
  const data = { changed: changes.length > 0, ...publication.data };
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

function keyFieldsOf(kind: DrainKind, key: string): Readonly<Record<string, string | number>> {
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
    case "worker":
      return { worker: Number(key) };
    case "frontend":
      return {};
    default:
      return assertNever(kind);
  }
}

function ignore(): void {
  // Nobody waits for it.
}
