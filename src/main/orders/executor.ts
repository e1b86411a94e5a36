/**
 * Orders to those who execute them. What each means is in the files beside this one; what they act on is
 * `Control`.
 *
 * Rules of this file:
 *  1. What an order sees is fixed when its turn comes; its answer goes out when the changes before it are
 *     kept.
 */
import { assertNever } from "../../base/assert.ts";
import { counted } from "../../base/text.ts";
import { listObjects } from "../../model/list.ts";
import {
  type ChangeOrderType,
  isChangeOrder,
  isWorkerDrain,
  type ListOrder,
  type Order,
  type OrderData,
  type ReceivedOrder,
} from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { DialectOrder } from "../../model/dialect/parse-dialect.ts";
import type { OrderExecutor } from "../socket/order-executor.ts";
import type { Reply } from "../socket/reply.ts";
import type { Sender } from "../socket/sender.ts";
import { executeRead } from "./certificate-order.ts";
import { closeConnections, listConnections } from "./connections.ts";
import { drainWorker } from "./drain-worker.ts";
import { StateDumps } from "./dump-state.ts";
import { executeDialect } from "./dialect-order.ts";
import { explain } from "./explain.ts";
import { answerHistory, refuseConflict } from "./history.ts";
import { importState } from "./import-state.ts";
import { explainPast } from "./explain-past.ts";
import { executeProcessOrder, type ProcessOrder } from "./process-orders.ts";
import { metricsOf } from "./metrics.ts";
import { reloadConfiguration } from "./reload-configuration.ts";
import { judgeRight, rightOf } from "./judge-right.ts";
import { loadState, saveState } from "./state-orders.ts";
import { revert } from "./revert.ts";
import { statusOf } from "./status.ts";
import { subscribeEvents } from "./subscribe-events.ts";
import { executeTransaction } from "./transaction.ts";
import { swapBackends } from "./swap-backends.ts";
import { whenKept } from "./when-kept.ts";
import { waitRevision } from "./wait-revision.ts";

/** Orders that look and change nothing, but for files. */
type QuestionOrder = Exclude<
  Order,
  | {
      readonly type:
        | ChangeOrderType
        | "TRANSACTION"
        | "SWAP_BACKENDS"
        | "LOAD_STATE"
        | "RELOAD_CONFIGURATION"
        | "IMPORT_STATE"
        | "REVERT"
        | "SAVE_STATE"
        | "DUMP_STATE";
    }
  | ProcessOrder
>;

/** Orders that change objects by orders in them, or in a file. */
const WHOLE_CHANGES: readonly string[] = [
  "REVERT",
  "TRANSACTION",
  "SWAP_BACKENDS",
  "LOAD_STATE",
  "RELOAD_CONFIGURATION",
  "IMPORT_STATE",
];

export class Executor implements OrderExecutor {
  readonly #control: Control;
  readonly #dumps: StateDumps;

  constructor(control: Control) {
    this.#control = control;
    this.#dumps = new StateDumps(control);
  }

  answered(result: "ok" | "error"): void {
    if (result === "ok") this.#control.counters.ordersOk++;
    else this.#control.counters.ordersRefused++;
  }

  admits(sender: Sender): boolean {
    return rightOf(this.#control, sender) !== undefined;
  }

  get revision(): number {
    return this.#control.configuration.revision;
  }

  execute(received: ReceivedOrder, reply: Reply): Promise<void> | undefined {
    const { order, ifRevision, dryRun } = received;
    const { configuration, stopSequence } = this.#control;
    const forbidden = judgeRight(this.#control, reply, order);
    if (forbidden !== undefined) {
      reply.refuse(forbidden, configuration.revision);
      return undefined;
    }
    if (ifRevision !== undefined && ifRevision !== configuration.revision)
      return refuseConflict(this.#control, ifRevision, reply);
    const changes = isChangeOrder(order) || WHOLE_CHANGES.includes(order.type);
    if (stopSequence.state === "stopping" && changes) {
      reply.refuse(
        { code: "STOPPING", message: "the proxy is stopping and takes no more changes" },
        this.revision,
      );
      return undefined;
    }
    if (isWorkerDrain(order)) {
      void drainWorker(this.#control, order, dryRun, reply);
      return undefined;
    }
    if (isChangeOrder(order)) {
      executeRead(this.#control, order, dryRun, reply);
      return undefined;
    }
    if (order.type === "TRANSACTION") {
      executeTransaction(this.#control, order.data.orders, dryRun, reply);
      return undefined;
    }
    if (order.type === "SWAP_BACKENDS")
      return swapBackends(this.#control, order.data, { ifRevision, dryRun }, reply);
    if (order.type === "LOAD_STATE")
      return loadState(this.#control, order.data, { ifRevision, dryRun }, reply);
    if (order.type === "RELOAD_CONFIGURATION")
      return reloadConfiguration(this.#control, order.data, { ifRevision, dryRun }, reply);
    if (order.type === "REVERT") return revert(this.#control, order.data, { ifRevision, dryRun }, reply);
    if (order.type === "IMPORT_STATE")
      return importState(this.#control, order.data, { ifRevision, dryRun }, reply);
    if (order.type === "SAVE_STATE") return saveState(this.#control, order.data.path, reply);
    if (order.type === "DUMP_STATE") return this.#dumps.dump(order.data, ifRevision, reply);
    if (!isProcessOrder(order)) return this.#answerQuestion(order, reply);
    executeProcessOrder(this.#control, order, reply);
    return undefined;
  }

  executeDialect(order: DialectOrder, reply: Reply): Promise<void> | undefined {
    return executeDialect({ control: this.#control, executor: this }, order, reply);
  }

  #answerQuestion(order: QuestionOrder, reply: Reply): Promise<void> | undefined {
    const { drains } = this.#control;
    switch (order.type) {
      case "STATUS":
        return this.#answer(reply, () => statusOf(this.#control));
      case "SUBSCRIBE_EVENTS":
        return whenKept(this.#control, () => subscribeEvents(this.#control, order.data, reply));
      case "WAIT_REVISION":
        return whenKept(this.#control, () => waitRevision(this.#control, order.data, reply));
      case "METRICS":
        return whenKept(this.#control, () => this.#metrics(reply));
      case "LIST_LISTENERS":
      case "LIST_CLUSTERS":
      case "LIST_FRONTENDS":
      case "LIST_BACKENDS":
      case "LIST_CERTIFICATES":
        return this.#answer(reply, () => this.#list(order));
      case "HISTORY":
        return whenKept(this.#control, () => answerHistory(this.#control, order.data, reply));
      case "LIST_CONNECTIONS":
        return whenKept(this.#control, () => listConnections(this.#control, order.data, reply));
      case "CLOSE_CONNECTIONS":
        return whenKept(this.#control, () => closeConnections(this.#control, order.data, reply));
      case "QUERY_DRAINS":
        return this.#answer(reply, () => {
          const list = drains.list();
          return { message: `${counted(list.length, "drain")} in progress`, data: { drains: list } };
        });
      case "EXPLAIN":
        return whenKept(this.#control, () => this.#explain(order.data, reply));
      default:
        return assertNever(order);
    }
  }

  #list(order: ListOrder): { message: string; data: unknown } {
    const data = listObjects(this.#control.configuration.state, order);
    return { message: counted(data.items.length, "item"), data };
  }

  async #metrics(reply: Reply): Promise<void> {
    const data = await metricsOf(this.#control);
    const metrics = counted(Object.keys(data.metrics).length, "metric");
    const workers = counted(Object.keys(data.metrics["requests"]!.workers!).length, "worker");
    reply.ok(`${metrics} of ${workers}`, data, this.revision);
  }

  async #explain(question: OrderData["EXPLAIN"], reply: Reply): Promise<void> {
    const { at } = question;
    const explained = await (at === undefined
      ? explain(this.#control, question)
      : explainPast(this.#control, { ...question, at }));
    if (!explained.ok) return reply.refuse(explained.error, this.revision);
    return reply.ok(explained.value.message, explained.value.data, this.revision);
  }

  /** Looks now, answers when what it saw is kept; if that is taken back, looks again. */
  #answer(
    reply: Reply,
    look: () => { readonly message: string; readonly data: unknown },
  ): Promise<void> | undefined {
    const { configuration } = this.#control;
    const { message, data } = look();
    const { revision } = configuration;
    return whenKept(
      this.#control,
      () => reply.ok(message, data, revision),
      () => {
        const again = look();
        reply.ok(again.message, again.data, configuration.revision);
      },
    );
  }
}

function isProcessOrder(order: Order): order is ProcessOrder {
  return [
    "SET_WORKERS",
    "RESTART_WORKER",
    "UPGRADE_WORKER",
    "UPGRADE_MAIN",
    "UPGRADE",
    "SOFT_STOP",
    "HARD_STOP",
  ].includes(order.type);
}
