/**
 * Orders in Sōzu's words, executed by ours and answered in theirs. What they mean was read by
 * `model/dialect/`; how an answer is framed is the session's.
 */
import { assertNever } from "../../base/assert.ts";
import { DRAIN_DEFAULTS } from "../../model/defaults.ts";
import type { ChangeAction } from "../../model/dialect/action.ts";
import { metricsViewOf } from "../../model/dialect/metrics-view.ts";
import type { DialectOrder } from "../../model/dialect/parse-dialect.ts";
import { applicationsOf, frontendListOf, stateViewOf } from "../../model/dialect/views.ts";
import { dialectOrdersOf } from "../../model/dialect/write-record.ts";
import type { Order, ReceivedOrder } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { writeDialectFile } from "../store/dialect-file.ts";
import { executeChange } from "./change-order.ts";
import { eventReply, plainReply } from "./dialect-reply.ts";
import { completeOrders, importState } from "./import-state.ts";
import { judgeRight } from "./judge-right.ts";
import { metricsOf } from "./metrics.ts";
import { publish } from "./publish.ts";
import { subscribeEvents } from "./subscribe-events.ts";
import { whenKept } from "./when-kept.ts";

/** What such an order is executed with. */
interface Means {
  readonly control: Control;
  /** For those that are one of ours. */
  readonly executor: { execute(received: ReceivedOrder, reply: Reply): Promise<void> | undefined };
}

export function executeDialect(
  { control, executor }: Means,
  { action, workerId, id = "" }: DialectOrder,
  reply: Reply,
): Promise<void> | undefined {
  const ours = (order: Order): Promise<void> | undefined =>
    executor.execute({ id, order, dryRun: false }, plainReply(reply));
  switch (action.kind) {
    case "order":
      return ours(action.order);
    case "launch-worker": {
      const count = control.workers.statuses().filter(({ state }) => state !== "stopping").length + 1;
      return ours({ type: "SET_WORKERS", data: { count } });
    }
    case "load-state":
    case "save-state": {
      const data = { path: action.path, drain: DRAIN_DEFAULTS };
      const type = action.kind === "load-state" ? "LOAD_STATE" : "SAVE_STATE";
      if (refuseForbidden(control, [{ type, data }], reply)) return undefined;
      return (action.kind === "load-state" ? loadState : saveState)(control, action.path, reply);
    }
    case "change":
      executeAction(control, action, plainReply(reply, remarkOf(action)));
      return undefined;
    case "events":
      return whenKept(control, () => subscribeEvents(control, {}, eventReply(reply)));
    case "metrics":
      return whenKept(control, () => answerMetrics(control, workerId, reply));
    default:
      return whenKept(control, () => answerQuestion(control, action, workerId, reply));
  }
}

async function answerMetrics(control: Control, workerId: number | undefined, reply: Reply): Promise<void> {
  const data = metricsViewOf(await metricsOf(control), workerId);
  reply.ok("", { type: "METRICS", data }, control.configuration.revision);
}

type QuestionAction = Extract<
  DialectOrder["action"],
  { readonly kind: "dump-state" | "workers" | "alive" | "applications" | "frontends" }
>;

function answerQuestion(
  control: Control,
  action: QuestionAction,
  workerId: number | undefined,
  reply: Reply,
): void {
  const { configuration, workers } = control;
  const { state, revision } = configuration;
  const statuses = workers.statuses().filter(({ worker }) => workerId === undefined || worker === workerId);
  if (statuses.length === 0)
    return reply.refuse({ code: "UNKNOWN_WORKER", message: "worker not found" }, revision);
  switch (action.kind) {
    case "alive":
      return reply.ok("", null, revision);
    case "dump-state":
      return reply.ok("", { type: "STATE", data: stateViewOf(state) }, revision);
    case "workers": {
      const data = statuses.map((one) => ({
        id: one.worker,
        pid: one.pid,
        run_state: runStateOf(one.state),
      }));
      return reply.ok("", { type: action.answer, data }, revision);
    }
    case "applications": {
      const found = { type: "APPLICATIONS", data: applicationsOf(state, action.question) };
      const data = Object.fromEntries(statuses.map(({ worker }) => [worker, found]));
      return reply.ok("", { type: "QUERY", data }, revision);
    }
    case "frontends":
      return reply.ok("", { type: "FRONTEND_LIST", data: frontendListOf(state, action.filter) }, revision);
    default:
      return assertNever(action);
  }
}

function runStateOf(state: string): string {
  if (state === "running") return "RUNNING";
  return state === "starting" ? "NOT_ANSWERING" : "STOPPING";
}

/** One of ours drains and attaches as it does; several are one change. */
function executeAction(control: Control, action: ChangeAction, reply: Reply): void {
  const { configuration, stopSequence } = control;
  if (stopSequence.state === "stopping")
    return reply.refuse(
      { code: "STOPPING", message: "the proxy is stopping and takes no more changes" },
      configuration.revision,
    );
  if (refuseForbidden(control, action.orders, reply)) return;
  const orders = completeOrders(configuration.state, action);
  if (!orders.ok) return reply.refuse(orders.error, configuration.revision);
  const [only, ...others] = orders.value;
  if (only !== undefined && others.length === 0) return executeChange(control, only, false, reply);
  const order = only?.type ?? "ACTIVATE_LISTENER";
  const accepted = configuration.changeAll(orders.value, { order, author: reply.author });
  if (!accepted.ok) return reply.refuse(accepted.error.error, configuration.revision);
  publish(control, accepted.value, { order, drainOf: () => DRAIN_DEFAULTS, reply, data: {} });
}

/** Whether the sender may not give one of these orders of ours; then it is told. */
function refuseForbidden(control: Control, orders: readonly Order[], reply: Reply): boolean {
  for (const order of orders) {
    const forbidden = judgeRight(control, reply, order);
    if (forbidden === undefined) continue;
    reply.refuse(forbidden, control.configuration.revision);
    return true;
  }
  return false;
}

/** What it holds is added, all or nothing: as Sōzu 0.11 merged it. */
function loadState(control: Control, path: string, reply: Reply): Promise<void> {
  const told: Reply = {
    ...plainReply(reply),
    ok: (_, data, revision) => {
      const { records } = data as { readonly records: number };
      reply.ok(`ok: ${records} messages, error: 0`, null, revision);
    },
  };
  return importState(control, { path, partial: false }, { ifRevision: undefined, dryRun: false }, told);
}

/** In their records, where all of the configuration can be said in them. */
function saveState(control: Control, path: string, reply: Reply): Promise<void> | undefined {
  return whenKept(control, async () => {
    const { state, revision } = control.configuration;
    const orders = dialectOrdersOf(state);
    if (!orders.ok) {
      const message = `could not save state to file: ${orders.error}; SAVE_STATE of version 1 saves all`;
      return reply.refuse({ code: "NOT_SUPPORTED", message }, revision);
    }
    const written = await writeDialectFile(path, orders.value);
    if (written.ok)
      return reply.ok(`saved ${orders.value.length} config messages to ${path}`, null, revision);
    const message = `could not save state to file: ${written.error.message}`;
    return reply.refuse({ ...written.error, message }, revision);
  });
}

function remarkOf({ leftOut }: ChangeAction): string {
  return leftOut.length === 0 ? "" : `done, without what has no equivalent: ${leftOut.join(", ")}`;
}
