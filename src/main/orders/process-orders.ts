/**
 * Orders to the processes: how many workers, replace one, stop. Each step is told.
 */
import { assertNever } from "../../base/assert.ts";
import type { HandoverProgress } from "../../model/handover.ts";
import type { Order, OrderData } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { upgradeAll, upgradeMain } from "./upgrade-orders.ts";
import { remaining } from "./drain-wait.ts";

export type ProcessOrder = Extract<
  Order,
  {
    readonly type:
      | "SET_WORKERS"
      | "RESTART_WORKER"
      | "UPGRADE_WORKER"
      | "UPGRADE_MAIN"
      | "UPGRADE"
      | "SOFT_STOP"
      | "HARD_STOP";
  }
>;

export function executeProcessOrder(control: Control, order: ProcessOrder, reply: Reply): void {
  switch (order.type) {
    case "SET_WORKERS":
      return void setWorkers(control, order.data.count, reply);
    case "RESTART_WORKER":
      return void restartWorker(control, order.data.worker, reply);
    case "UPGRADE_WORKER":
      return void upgradeWorker(control, order.data, reply);
    case "UPGRADE_MAIN":
      if (refuseWhileStopping(control, reply)) return;
      return void upgradeMain(control, order.data, reply);
    case "UPGRADE":
      if (refuseWhileStopping(control, reply)) return;
      return void upgradeAll(control, order.data, reply);
    case "SOFT_STOP":
      return void softStop(control, order.data.deadline_ms, reply);
    case "HARD_STOP":
      return void hardStop(control, reply);
    default:
      return assertNever(order);
  }
}

async function setWorkers(control: Control, count: number, reply: Reply): Promise<void> {
  if (refuseWhileStopping(control, reply)) return;
  if (refuseWhileBusy(control, reply)) return;
  reply.lasts("SET_WORKERS");
  const set = await control.supervisor.setCount(count, (step) => tell(control, reply, step));
  const { revision } = control.configuration;
  if (!set.ok) return reply.refuse(set.error, revision);
  const { leaving } = set.value;
  const run = count === 1 ? "1 worker runs" : `${count} workers run`;
  return reply.ok(`${run}${leavingText(leaving)}`, { count, leaving }, revision);
}

async function restartWorker(control: Control, worker: number, reply: Reply): Promise<void> {
  if (refuseWhileStopping(control, reply) || refuseWhileBusy(control, reply)) return;
  reply.lasts("RESTART_WORKER");
  const restarted = await control.workerUpgrade.run({
    worker,
    deadlineMs: undefined,
    leaveWaitMs: control.limits.leaveWaitMs,
    whileTaking: "refuse",
    tell: (step, progress) => tell(control, reply, step, progress),
  });
  const { revision } = control.configuration;
  if (!restarted.ok) {
    const { code, ...error } = restarted.error;
    return reply.refuse({ ...error, code: code === "UPGRADE_FAILED" ? "WORKER_FAILED" : code }, revision);
  }
  const { worker: started, leaving } = restarted.value;
  const message = `worker ${started} has taken over from worker ${worker}${leavingText(leaving)}`;
  return reply.ok(message, { worker: started, leaving }, revision);
}

async function upgradeWorker(
  control: Control,
  { worker, program, version, deadline_ms: deadlineMs }: OrderData["UPGRADE_WORKER"],
  reply: Reply,
): Promise<void> {
  if (refuseWhileStopping(control, reply) || refuseWhileBusy(control, reply)) return;
  reply.lasts("UPGRADE_WORKER");
  const path = program ?? control.program;
  const upgraded = await control.workerUpgrade.run({
    worker,
    program: path === undefined ? undefined : { kind: "program", path },
    version,
    deadlineMs,
    whileTaking: "refuse",
    tell: (step, progress) => tell(control, reply, step, progress),
  });
  const { revision } = control.configuration;
  if (!upgraded.ok) return reply.refuse(upgraded.error, revision);
  const { worker: started, version: found, progress } = upgraded.value;
  const message = `worker ${started} (${found}) has taken over from worker ${worker}`;
  return reply.ok(message, { worker: started, version: found, ...carried(progress) }, revision);
}

async function softStop(control: Control, deadlineMs: number | undefined, reply: Reply): Promise<void> {
  const { stopSequence, limits } = control;
  const progress = (): void => {
    const { connections } = stopSequence;
    reply.processing(`stopping; ${remaining(connections)}`, { connections }, control.configuration.revision);
  };
  const timer = setInterval(progress, limits.stopProgressMs);
  reply.onGone(() => clearInterval(timer));
  const stopped = stopSequence.softly(deadlineMs);
  progress();
  await stopped;
  clearInterval(timer);
  reply.ok("all workers have finished", {}, control.configuration.revision);
}

async function hardStop(control: Control, reply: Reply): Promise<void> {
  await control.stopSequence.hard();
  reply.ok("all workers are stopped", {}, control.configuration.revision);
}

export function refuseWhileStopping(control: Control, reply: Reply): boolean {
  if (control.stopSequence.state === "running") return false;
  reply.refuse({ code: "STOPPING", message: "the proxy is stopping" }, control.configuration.revision);
  return true;
}

export function refuseWhileBusy(
  { workerUpgrade, mainUpgrade, configuration }: Control,
  reply: Reply,
): boolean {
  if (!workerUpgrade.isBusy && !mainUpgrade.isBusy) return false;
  const message = mainUpgrade.isBusy ? "main becomes another program" : "a worker is being replaced";
  reply.refuse({ code: "BUSY", message }, configuration.revision);
  return true;
}

function tell(control: Control, reply: Reply, step: string, progress?: HandoverProgress): void {
  reply.processing(step, { ...progress }, control.configuration.revision);
}

function carried(progress: HandoverProgress | undefined): Omit<HandoverProgress, "left"> {
  const { sessions = 0, tunnels = 0, pooled = 0, closed = 0 } = progress ?? {};
  return { sessions, tunnels, pooled, closed };
}

function leavingText(leaving: readonly number[]): string {
  if (leaving.length === 0) return "";
  if (leaving.length === 1) return `; worker ${leaving[0]} still finishes its sessions`;
  return `; workers ${leaving.join(", ")} still finish their sessions`;
}
