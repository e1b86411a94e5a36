/**
 * `DRAIN` and `UNDRAIN` of a worker. It is about a process, and no change of the configuration: what takes
 * the worker's place accepts.
 */
import { DRAIN_DEFAULTS } from "../../model/defaults.ts";
import type { OrderError } from "../../model/errors.ts";
import type { DrainOptions, WorkerDrainOrder } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import { refuseWhileBusy, refuseWhileStopping } from "./process-orders.ts";
import { attach, drainTarget } from "./publish.ts";

/** Executes one of the two. */
export async function drainWorker(
  control: Control,
  order: WorkerDrainOrder,
  dryRun: boolean,
  reply: Reply,
): Promise<void> {
  // Before and after a replacement it would be another worker's drain.
  if (refuseWhileStopping(control, reply) || refuseWhileBusy(control, reply)) return;
  const { workers, configuration } = control;
  const worker = workers.get(order.data.worker);
  const refusal = judge(control, worker, order);
  if (refusal !== undefined) return reply.refuse(refusal, configuration.revision);
  if (dryRun) return tellTrial(control, worker!, order, reply);
  if (order.type === "DRAIN") await drain(control, worker!, order.data.drain, reply);
  else await undrain(control, worker!, reply);
}

function judge(
  { workers }: Control,
  worker: WorkerProcess | undefined,
  { type, data }: WorkerDrainOrder,
): OrderError | undefined {
  const field = "data.worker";
  if (worker?.state !== "running")
    return { code: "UNKNOWN_WORKER", message: `no worker ${data.worker} is running`, field };
  const others = workers.all().filter((each) => each !== worker && accepts(each));
  if (type === "UNDRAIN" || worker.isDraining || others.length > 0) return undefined;
  const message = `worker ${worker.number} is the only one that accepts connections`;
  return { code: "LAST_WORKER", message, field };
}

function accepts({ state, isDraining }: WorkerProcess): boolean {
  return state === "running" && !isDraining;
}

async function tellTrial(
  { workers, configuration }: Control,
  worker: WorkerProcess,
  { type }: WorkerDrainOrder,
  reply: Reply,
): Promise<void> {
  const key = String(worker.number);
  const answer = await workers.askOne(worker, { kind: "uses", objects: [{ kind: "worker", key }] });
  const [connections = 0] = (answer ?? []) as readonly number[];
  const changed = worker.isDraining !== (type === "DRAIN");
  const text = `nothing was changed; it would be: ${sentenceOf(worker, type)}`;
  // Who takes new clients then.
  const accepting = workers
    .all()
    .filter((each) => (each === worker ? type === "UNDRAIN" : accepts(each)))
    .map(({ number }) => number);
  reply.ok(text, { worker: worker.number, changed, connections, accepting }, configuration.revision);
}

/** Answers when nothing uses the worker, as the drains of objects do. */
async function drain(
  control: Control,
  worker: WorkerProcess,
  options: DrainOptions,
  reply: Reply,
): Promise<void> {
  const { drains, workers, configuration, log } = control;
  const { revision } = configuration;
  const key = String(worker.number);
  const changed = !worker.isDraining;
  worker.isDraining = true;
  const lasting = changed
    ? drains.begin(drainTarget("DRAIN", "worker", key, true))
    : drains.findStaying("worker", key);
  if (changed) log.info(`worker ${key} drains`);
  if (lasting !== undefined) {
    // Also where another has begun it: until then nobody knows how many there are.
    await workers.askOne(worker, { kind: "drain-worker", drain: lasting, key, order: "DRAIN" });
    if (workers.get(worker.number) !== worker) return reply.refuse(died(worker), revision);
    if (changed) drains.settle([lasting]);
  }
  const accepted = { revision, changes: [], message: sentenceOf(worker, "DRAIN") };
  attach(control, lasting === undefined ? [] : [{ drain: lasting, options }], accepted, {
    order: "DRAIN",
    drainOf: () => DRAIN_DEFAULTS,
    reply,
    data: { worker: worker.number, changed },
  });
}

async function undrain(
  { drains, workers, configuration, log }: Control,
  worker: WorkerProcess,
  reply: Reply,
): Promise<void> {
  const { revision } = configuration;
  const changed = worker.isDraining;
  const lasting = drains.takeStaying("worker", String(worker.number));
  worker.isDraining = false;
  if (changed) {
    log.info(`worker ${worker.number} accepts again`);
    await workers.askOne(worker, { kind: "undrain-worker" });
  }
  if (lasting !== undefined) drains.cancel([lasting]);
  reply.ok(sentenceOf(worker, "UNDRAIN"), { worker: worker.number, changed }, revision);
}

function sentenceOf({ number }: WorkerProcess, type: WorkerDrainOrder["type"]): string {
  return type === "DRAIN" ? `worker ${number} drains` : `worker ${number} accepts connections`;
}

function died({ number, fault }: WorkerProcess): OrderError {
  const message = `worker ${number} is gone (${fault}); the one that takes its place accepts`;
  return { code: "WORKER_FAILED", message };
}
