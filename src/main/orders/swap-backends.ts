/**
 * `SWAP_BACKENDS`: the new backends are asked by every worker, until enough of them answer; then one change
 * adds them and removes the old ones, which drain.
 *
 * Rules of this file:
 *  1. Nothing is changed before enough of them answer. Whatever fails before that, leaves all as it was.
 *  2. The change is judged when its moment comes: others may have changed the cluster meanwhile.
 *  3. A client that goes away before that moment takes its order along.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CarriedSwap } from "../../model/carried.ts";
import type { TrialResults } from "../../model/channel.ts";
import { counted } from "../../base/text.ts";
import { CONNECT_TRIAL_MS } from "../../model/defaults.ts";
import type { OrderError } from "../../model/errors.ts";
import { countChanges } from "../../model/net-changes.ts";
import type { ChangeOrder, OrderData } from "../../model/orders.ts";
import type { Configuration } from "../configuration.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { answerTrial } from "./dry-run.ts";
import { refuseConflict } from "./history.ts";
import type { LastingDrain } from "./drain-deadlines.ts";
import { judgeRight } from "./judge-right.ts";
import { publish } from "./publish.ts";
import { findDrain } from "./removals.ts";

/** Between two rounds of asking. */
const ASK_AGAIN_MS = 250;

type Swap = OrderData["SWAP_BACKENDS"];
type NewBackend = Swap["add"][number];

interface SwapOptions {
  readonly ifRevision: number | undefined;
  readonly dryRun: boolean;
}

/** Fulfilled when it has taken effect, or was refused. */
export async function swapBackends(
  control: Control,
  swap: Swap,
  { ifRevision, dryRun }: SwapOptions,
  reply: Reply,
): Promise<void> {
  const { configuration } = control;
  const tried = tryOut(control, swap);
  if (!tried.ok) return reply.refuse(errorOf(control, swap, tried.error), configuration.revision);
  if (dryRun) return answerTrial(control, tried.value, sentenceOf(swap), reply);
  return goOn(control, { swap, ifRevision, untilMs: control.now() + swap.when.timeout_ms }, reply);
}

/**
 * The same, in the program that main has become: all new backends are asked again, in the time that is left.
 */
export function resumeSwap(control: Control, carried: CarriedSwap, reply: Reply): Promise<void> {
  const { swap, if_revision: ifRevision, until_ms: untilMs } = carried;
  return goOn(control, { swap, ifRevision, untilMs: untilMs - Date.now() + control.now() }, reply);
}

/** A swap under way. */
interface Swapping {
  readonly swap: Swap;
  readonly ifRevision: number | undefined;
  /** Until then the new backends may answer; of `Control.now`. */
  readonly untilMs: number;
}

async function goOn(control: Control, swapping: Swapping, reply: Reply): Promise<void> {
  const { configuration } = control;
  const { swap } = swapping;
  const wait = new AbortController();
  reply.onGone(() => wait.abort());
  reply.carry(() => carriedSwap(control, swapping));
  const tried = tryOut(control, swap);
  if (tried.ok && tried.value.changes.length > 0) {
    const asked = control.askedBackends.begin(swap.add.length);
    if (!asked.ok) return reply.refuse(asked.error, configuration.revision);
    const asking = { reply, signal: wait.signal, untilMs: swapping.untilMs };
    const fault = await whenHealthy(control, swap, asking).finally(asked.value);
    if (wait.signal.aborted) return;
    if (fault !== undefined) return reply.refuse(fault, configuration.revision);
  }
  await new Promise<void>((tookEffect) => {
    control.inTurn(() => {
      if (!wait.signal.aborted) change(control, swapping, reply);
      tookEffect();
    });
  });
}

function carriedSwap(control: Control, { swap, ifRevision, untilMs }: Swapping): CarriedSwap {
  return {
    kind: "swap-backends",
    swap,
    ...(ifRevision !== undefined && { if_revision: ifRevision }),
    until_ms: untilMs - control.now() + Date.now(),
  };
}

function tryOut(control: Control, swap: Swap): ReturnType<Configuration["tryOutAll"]> {
  return control.configuration.tryOutAll(stepsOf(swap), (order) => findDrain(control, order) !== undefined);
}

function change(control: Control, { swap, ifRevision }: Swapping, reply: Reply): void {
  const { configuration, stopSequence } = control;
  // Done twice it would be another order.
  reply.carry(undefined);
  const { revision } = configuration;
  if (stopSequence.state === "stopping") {
    const message = "the proxy is stopping and takes no more changes";
    return reply.refuse({ code: "STOPPING", message }, revision);
  }
  if (ifRevision !== undefined && ifRevision !== revision)
    return void refuseConflict(control, ifRevision, reply, ": it changed while the new backends were asked");
  const forbidden = judgeSwap(control, swap, reply);
  if (forbidden !== undefined) return reply.refuse(forbidden, revision);
  const orders = stepsOf(swap);
  const lasting: LastingDrain[] = [];
  const isDone = (order: ChangeOrder): boolean => {
    const drain = findDrain(control, order);
    if (drain !== undefined) lasting.push({ drain, options: swap.drain });
    return drain !== undefined;
  };
  const origin = { order: "SWAP_BACKENDS", author: reply.author };
  const accepted = configuration.changeAll(orders, origin, { isDone });
  if (!accepted.ok) return reply.refuse(errorOf(control, swap, accepted.error), revision);
  const counts = countChanges(accepted.value.changes);
  const done = { ...accepted.value, message: sentenceOf(swap) };
  const publication = { order: "SWAP_BACKENDS", drainOf: () => swap.drain, reply, data: { ...counts } };
  publish(control, done, publication, lasting);
}

/** Rights hold from the reload on, also for an order that waits. */
function judgeSwap(control: Control, data: Swap, reply: Reply): OrderError | undefined {
  return judgeRight(control, reply, { type: "SWAP_BACKENDS", data });
}

/** Why it cannot be: others may have removed the cluster meanwhile, or the sender's right. */
function faultOf(control: Control, swap: Swap, reply: Reply): OrderError | undefined {
  const judged = tryOut(control, swap);
  return judgeSwap(control, swap, reply) ?? (judged.ok ? undefined : errorOf(control, swap, judged.error));
}

interface Asking {
  readonly reply: Reply;
  /** The client is gone. */
  readonly signal: AbortSignal;
  readonly untilMs: number;
}

/** Asks the new ones until enough of them answer, and tells each step. Gives why they do not, in time. */
async function whenHealthy(
  control: Control,
  swap: Swap,
  { reply, signal, untilMs }: Asking,
): Promise<OrderError | undefined> {
  const { add, when } = swap;
  const wanted = when.healthy ?? add.length;
  const faults = new Map(add.map((backend) => [backend, "it was not asked in time"]));
  for (;;) {
    const before = faults.size;
    await ask(control, swap, faults, untilMs - control.now());
    const healthy = add.length - faults.size;
    if (signal.aborted) return undefined;
    const refused = faultOf(control, swap, reply);
    if (refused !== undefined) return refused;
    if (healthy >= wanted) {
      reply.processing(
        `${counted(healthy, "new backend")} healthy; traffic moves`,
        stepData("moving", swap, faults),
        control.configuration.revision,
      );
      return undefined;
    }
    const leftMs = untilMs - control.now();
    if (leftMs <= ASK_AGAIN_MS) return unhealthy(swap, faults);
    if (faults.size !== before || before === add.length)
      reply.processing(
        `${healthy} of ${counted(add.length, "new backend")} healthy`,
        stepData("asking", swap, faults),
        control.configuration.revision,
      );
    await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
  }
}

/** One round: by every worker, of those that have not answered yet. */
async function ask(
  { workers }: Control,
  { cluster_id }: Swap,
  faults: Map<NewBackend, string>,
  leftMs: number,
): Promise<void> {
  const asked = [...faults.keys()];
  const addresses = asked.map(({ address }) => address);
  const timeout_ms = Math.max(1, Math.min(Math.floor(leftMs), CONNECT_TRIAL_MS));
  const answers = await workers.ask({ kind: "try-backends", cluster_id, addresses, timeout_ms });
  if (answers.size === 0) return;
  for (const [index, backend] of asked.entries()) {
    const fault = [...answers.values()]
      .map((results) => (results as TrialResults)[index])
      .find((one) => one !== null);
    if (fault === undefined) faults.delete(backend);
    else faults.set(backend, fault ?? "");
  }
}

function stepData(step: "asking" | "moving", { add }: Swap, faults: ReadonlyMap<NewBackend, string>): object {
  return {
    step,
    healthy: add.length - faults.size,
    unhealthy: [...faults].map(([{ backend_id }, reason]) => ({ backend_id, reason })),
  };
}

function unhealthy({ add, when }: Swap, faults: ReadonlyMap<NewBackend, string>): OrderError {
  const named = [...faults].map(
    ([{ backend_id, address }, reason]) => `${backend_id} at ${address}: ${reason}`,
  );
  const first = [...faults.keys()][0]!;
  return {
    code: "BACKEND_UNHEALTHY",
    message: `nothing was changed: after ${when.timeout_ms} ms, ${named.join("; ")}`,
    field: `data.add[${add.indexOf(first)}].address`,
  };
}

/** The orders that it comes to: the new ones first. */
function stepsOf({ cluster_id, add, remove, drain }: Swap): readonly ChangeOrder[] {
  return [
    ...add.map((backend): ChangeOrder => ({ type: "ADD_BACKEND", data: { cluster_id, ...backend } })),
    ...remove.map((backend_id): ChangeOrder => ({
      type: "REMOVE_BACKEND",
      data: { cluster_id, backend_id, drain },
    })),
  ];
}

/** An error of one of its steps, by the field of the swap that it comes from. */
function errorOf(
  { configuration }: Control,
  swap: Swap,
  { index, error }: { readonly index: number; readonly error: OrderError },
): OrderError {
  if (error.code === "UNKNOWN_CLUSTER") return error;
  const { add } = swap;
  if (index < add.length) return { ...error, field: `data.add[${index}]` };
  // By itself, as the new ones are not there yet: none of them is what was meant.
  const alone = configuration.tryOutAll([stepsOf(swap)[index]!], () => false);
  const { error: own } = alone.ok ? { error } : alone.error;
  return { ...own, field: `data.remove[${index - add.length}]` };
}

function sentenceOf({ cluster_id, add, remove }: Swap): string {
  return `${counted(add.length, "backend")} added to cluster ${cluster_id}, ${remove.length} removed`;
}
