/**
 * `UPGRADE_MAIN` and `UPGRADE`: main becomes another program, and with `UPGRADE` each worker is replaced by
 * one of it. They are taken by the one program, and answered by the other.
 *
 * ```text
 *  main ──► worker by worker ──► OK
 *   │            └─ one fails: those that were replaced go back, main goes back ──► ERROR
 *   └─ fails: nothing has happened ──► ERROR
 * ```
 */
import type { CarriedUpgrade } from "../../model/carried.ts";
import type { OrderError } from "../../model/errors.ts";
import type { HandoverProgress } from "../../model/handover.ts";
import type { OrderData } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";

type Wishes = OrderData["UPGRADE_MAIN"];

/** Executes `UPGRADE_MAIN`; of `UPGRADE`, `workers` is what comes after. */
export async function upgradeMain(
  control: Control,
  { program, version }: Wishes,
  reply: Reply,
  workers?: CarriedUpgrade["workers"],
): Promise<void> {
  const { configuration, mainUpgrade, ownProgram, program: command } = control;
  reply.processing("the new program proves that it can take over", {}, configuration.revision);
  reply.carry(() => ({
    kind: "upgrade",
    from_version: control.version,
    ...(ownProgram !== undefined && { from_program: ownProgram }),
    ...(command !== undefined && { from_command: command }),
    ...(workers && { workers }),
  }));
  const refusal = await mainUpgrade.run({ program, version, tell: stepsTo(control, reply) });
  reply.refuse(refusal, configuration.revision);
}

/** Executes `UPGRADE`. */
export function upgradeAll(control: Control, data: OrderData["UPGRADE"], reply: Reply): Promise<void> {
  const { deadline_ms, ...wishes } = data;
  return upgradeMain(control, wishes, reply, { ...wishes, deadline_ms });
}

/** Main has become this program: what is left of the order. */
export async function resumeUpgrade(control: Control, carried: CarriedUpgrade, reply: Reply): Promise<void> {
  const { version, configuration } = control;
  const { from_version: from, workers, failure } = carried;
  if (failure !== undefined) return reply.refuse(failure, configuration.revision);
  const data = { version, from_version: from, pid: process.pid };
  const text = `main is version ${version}; it was ${from}`;
  if (workers === undefined) return reply.ok(text, data, configuration.revision);
  reply.processing(text, data, configuration.revision);
  reply.lasts("UPGRADE");
  const replaced = await replaceWorkers(control, workers, reply);
  if (replaced.failure?.code === "STOPPING") return reply.refuse(replaced.failure, configuration.revision);
  if (replaced.failure !== undefined)
    return goBack(control, carried, { numbers: replaced.numbers, failure: replaced.failure }, reply);
  const count = replaced.numbers.length;
  const all = count === 1 ? "main and 1 worker" : `main and ${count} workers`;
  const message = `${all} are version ${version}; they were ${from}`;
  reply.ok(message, { ...data, workers: replaced.numbers }, configuration.revision);
}

interface Replaced {
  /** Of the new workers. */
  readonly numbers: readonly number[];
  /** Why there are no more. */
  readonly failure?: OrderError;
}

async function replaceWorkers(
  control: Control,
  { program, version, deadline_ms: deadlineMs }: NonNullable<CarriedUpgrade["workers"]>,
  reply: Reply,
): Promise<Replaced> {
  const path = program ?? control.program;
  const numbers: number[] = [];
  for (const { number: worker, state } of control.workers.all()) {
    if (state !== "running") continue;
    const replaced = await control.workerUpgrade.run({
      worker,
      program: path === undefined ? undefined : { kind: "program", path },
      version,
      deadlineMs,
      whileTaking: "wait",
      tell: stepsTo(control, reply),
    });
    if (replaced.ok) numbers.push(replaced.value.worker);
    // One that has died meanwhile is replaced already, by one of this program.
    else if (!["UNKNOWN_WORKER", "WORKER_FAILED"].includes(replaced.error.code))
      return { numbers, failure: replaced.error };
  }
  return { numbers };
}

/** Workers and main go back to the program that they were; then the order fails. */
async function goBack(
  control: Control,
  { from_version: version, from_program: program, from_command: command }: CarriedUpgrade,
  { numbers, failure }: Required<Replaced>,
  reply: Reply,
): Promise<void> {
  const { log, configuration } = control;
  const tell = stepsTo(control, reply);
  tell(`${failure.message}; all goes back to version ${version}`);
  for (const worker of numbers) {
    const back = await control.workerUpgrade.run({
      worker,
      program: program === undefined ? undefined : { kind: "program", path: program },
      version,
      deadlineMs: undefined,
      whileTaking: "wait",
      tell,
    });
    if (!back.ok) log.error(`worker ${worker} does not go back: ${back.error.message}`);
  }
  const message = `${failure.message}; main and its workers are version ${version} again`;
  reply.carry(() => ({ kind: "upgrade", from_version: control.version, failure: { ...failure, message } }));
  const refusal = await control.mainUpgrade.run({ program, version, command, tell });
  const stayed = `${failure.message}; main stays version ${control.version}: ${refusal.message}`;
  reply.refuse({ ...failure, message: stayed }, configuration.revision);
}

/** Each step as `PROCESSING`. */
function stepsTo(control: Control, reply: Reply): (step: string, progress?: HandoverProgress) => void {
  return (step, progress) => reply.processing(step, { ...progress }, control.configuration.revision);
}
