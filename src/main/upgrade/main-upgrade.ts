/**
 * Main becomes another program, in the same process: the new one proves that it can, all that is under way
 * comes to a moment at which it can be carried, and then this program is replaced by that one (execve(2)),
 * which finds everything in a document. Workers serve on meanwhile, and are taken over like those of a main
 * that was killed.
 *
 * ```text
 *  rehearsal ──► quiet ──► document, descriptors ──execve──► the new program takes over (`inheritance.ts`)
 *     └─ fails ──┴─ not in time ──┴─ refused by the kernel ──► goes on as if nothing had been asked
 * ```
 *
 * Rules of this file:
 *  1. Until the kernel has replaced the program nothing has happened that cannot be taken back.
 *  2. Between the document and the replacement nothing else runs: what it says is true.
 *  3. What the next program looks for by its path must be there: it could not go back to this one.
 *  4. A stop comes first: once one has begun, main becomes no other program.
 */
import { existsSync } from "node:fs";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Result } from "../../base/result.ts";
import { type FileLock, isLockInPlace } from "../../io/lock-file.ts";
import { stateInMemory } from "../../io/memory-files.ts";
import { comeForward, standBack } from "../../io/niceness.ts";
import type { OrderError } from "../../model/errors.ts";
import { closeDescriptor, closeOnExec, keepOnExec } from "../../sys/descriptor.ts";
import { ignoreSignals } from "../../sys/signal-action.ts";
import { rendezvousPath } from "../adoption/rendezvous-paths.ts";
import type { Control } from "../control.ts";
import type { MainSecrets } from "../main-secrets.ts";
import type { CommandServer } from "../socket/command-server.ts";
import type { StateStore } from "../store/state-store.ts";
import { carriedMain, descriptorsOf } from "./carry-main.ts";
import { documentInMemory } from "./document-file.ts";
import { rehearse } from "./rehearsal.ts";

/** Where the new program finds the document. */
export const DOCUMENT_VARIABLE = "KAKEHI_DOCUMENT_FD";

/** How often it is looked whether all is at rest; `quietMs` ends that. */
const LOOK_EVERY_MS = 2;

/** What main has beside its parts, once it serves. */
export interface ServingMain {
  readonly control: Control;
  readonly server: CommandServer;
  readonly secrets: MainSecrets;
  readonly store: StateStore;
  readonly socketPath: string;
  readonly socketLock: FileLock;
  readonly findLogFault?: (() => string | undefined) | undefined;
  /** Keeps the demo's backends alive. */
  readonly demoFd: number | undefined;
}

export interface MainUpgradeRequest {
  /** The path of the new program; absent: what main was started by. */
  readonly program: string | undefined;
  /** The version that it must be of. */
  readonly version: string | undefined;
  /** The path that main is started by from then on, where it is not `program`. */
  readonly command?: string | undefined;
  readonly tell: (step: string) => void;
}

/** Replaces the program of this process, with these arguments and this environment; throws if it cannot. */
type Become = (file: string, args: readonly string[], environment: NodeJS.ProcessEnv) => void;

export class MainUpgrade {
  readonly #become: Become;
  #main: ServingMain | undefined;
  /** Fulfilled when it is over; absent while there is none. */
  #underWay: Promise<unknown> | undefined;

  constructor(become: Become = (...command) => process.execve?.(...(command as Parameters<Become>))) {
    this.#become = become;
  }

  /** Main serves: from now on it may become another program. */
  bind(main: ServingMain): void {
    this.#main = main;
  }

  /** True while main is to become another program. */
  get isBusy(): boolean {
    return this.#underWay !== undefined;
  }

  /** Fulfilled when main is not about to become another program any more. */
  async whenOver(): Promise<void> {
    await this.#underWay;
  }

  /** Does not come back where it succeeds. */
  async run(request: MainUpgradeRequest): Promise<OrderError> {
    const main = this.#main;
    if (main === undefined || this.isBusy) return BUSY;
    const { stopSequence, workerUpgrade } = main.control;
    if (stopSequence.state === "stopping") return STOPPING;
    const inTheWay = refusalFor(main.server.lasting);
    if (inTheWay !== undefined) return inTheWay;
    if (workerUpgrade.isBusy) return BUSY;
    const replacing = this.#replace(main, request).catch((error: unknown) => {
      return upgradeFailed(`it cannot be prepared: ${String(error)}`);
    });
    this.#underWay = replacing;
    try {
      const refusal = await replacing;
      if (stopSequence.begun.aborted) return STOPPING;
      return { ...refusal, message: `${refusal.message}; main goes on as it was` };
    } finally {
      this.#underWay = undefined;
    }
  }

  async #replace(main: ServingMain, request: MainUpgradeRequest): Promise<OrderError> {
    const missing = findMissing(main);
    if (missing !== undefined) return upgradeFailed(missing);
    const command = commandOf(main.control, request.program);
    const program = request.program ?? main.control.program;
    const rehearsed = await rehearseWith(main, command, program, request.version);
    if (!rehearsed.ok) return upgradeFailed(rehearsed.error);
    if (isStopping(main)) return STOPPING;
    const inTheWay = refusalFor(main.server.lasting);
    if (inTheWay !== undefined) return inTheWay;
    request.tell(`version ${rehearsed.value} can read what it will be given; main becomes it`);
    const { control, server } = main;
    server.pause();
    control.serviceManager.reloading();
    control.workers.expectSuccessor(control.limits.successorMs);
    try {
      const isQuiet = await untilQuiet(main);
      const reason = isQuiet ? await this.#execute(main, command, request.command ?? program) : UNQUIET;
      return upgradeFailed(reason);
    } finally {
      control.workers.expectSuccessor(undefined);
      if (!isStopping(main)) control.serviceManager.ready("goes on as it was");
      server.resume();
    }
  }

  /** Why it is still this program. */
  async #execute(
    main: ServingMain,
    command: readonly string[],
    program: string | undefined,
  ): Promise<string> {
    const store = await main.store.carry();
    const { configuration } = main.control;
    const { revision } = configuration;
    const stateFd = stateInMemory(configuration.state, revision);
    // That may have taken long, and what has come meanwhile, signals above all, is heard in the next turn.
    await nextTurn();
    const hindrance = !(await untilQuiet(main))
      ? UNQUIET
      : configuration.revision !== revision
        ? "the configuration has changed meanwhile"
        : // Looked at again: the rehearsal may have lasted.
          findMissing(main);
    if (hindrance !== undefined) {
      closeDescriptor(stateFd);
      return hindrance;
    }
    // It starts beside workers that serve.
    const niceness = standBack(process.pid);
    const carried = carriedMain(main, { store, stateFd, sessions: main.server.carry(), program, niceness });
    const document = documentInMemory(carried);
    // The next program finds the service manager's sockets by the same environment, at the same numbers.
    const { inheritedSockets } = main.control;
    const descriptors = [document, ...descriptorsOf(carried.main), ...(inheritedSockets?.descriptors ?? [])];
    const [file, ...args] = command as readonly [string, ...string[]];
    descriptors.forEach(keepOnExec);
    // Until the next program has handlers of its own, they would end it; none of them asks for an end.
    const hearSignals = ignoreSignals(["SIGHUP", "SIGUSR1", "SIGUSR2"]);
    try {
      const environment: NodeJS.ProcessEnv = { ...process.env, [DOCUMENT_VARIABLE]: String(document) };
      this.#become(file, [file, ...args, ...process.argv.slice(2)], environment);
      return "this Node cannot become another program";
    } catch (error) {
      return `the kernel refuses the new program: ${String(error)}`;
    } finally {
      if (niceness !== undefined) comeForward(process.pid, niceness);
      hearSignals();
      descriptors.forEach(closeOnExec);
      const { state_fd: stateFd, history_fd: historyFd } = carried.main;
      [document, stateFd, ...(historyFd === undefined ? [] : [historyFd])].forEach(closeDescriptor);
    }
  }
}

const BUSY: OrderError = { code: "BUSY", message: "another upgrade is under way" };

const STOPPING: OrderError = { code: "STOPPING", message: "the proxy is stopping: there is no upgrade" };

const UNQUIET = "what is under way did not end in time";

function upgradeFailed(message: string): OrderError {
  return { code: "UPGRADE_FAILED", message };
}

/** Of orders that are in the way: they may take long, and would be lost. `undefined` if there are none. */
function refusalFor(lasting: readonly string[]): OrderError | undefined {
  if (lasting.length === 0) return undefined;
  const others = lasting.length === 1 ? "" : `, and ${lasting.length - 1} more`;
  return { code: "BUSY", message: `${lasting[0]} is under way${others}, and cannot be taken along` };
}

function isStopping({ control }: ServingMain): boolean {
  return control.stopSequence.state === "stopping";
}

async function rehearseWith(
  main: ServingMain,
  command: readonly string[],
  program: string | undefined,
  version: string | undefined,
): Promise<Result<string, string>> {
  const { limits, stopSequence, configuration } = main.control;
  const stateFd = stateInMemory(configuration.state, configuration.revision);
  const carried = carriedMain(main, { store: {}, stateFd, sessions: [], program });
  const documentFd = documentInMemory(carried);
  try {
    const { revision, hash } = carried.main;
    const timeoutMs = limits.rehearsalMs;
    const givenUp = stopSequence.begun;
    return await rehearse({ command, documentFd, stateFd, timeoutMs, givenUp, revision, hash, version });
  } finally {
    [documentFd, stateFd].forEach(closeDescriptor);
  }
}

/**
 * What the next program would look for in vain, in words: the files of the state, where workers are met, the
 * log.
 */
function findMissing({
  control,
  store,
  socketPath,
  socketLock,
  findLogFault,
}: ServingMain): string | undefined {
  if (!isLockInPlace(`${socketPath}.lock`, socketLock)) return `${socketPath}.lock is not there any more`;
  for (const { number, hasLeft, state } of control.workers.all()) {
    const path = rendezvousPath(socketPath, number);
    // One that starts may not be there yet, and serves nobody.
    if (!hasLeft && state !== "starting" && !existsSync(path))
      return `worker ${number} could not be taken over: ${path} is not there any more`;
  }
  return store.findMissing() ?? findLogFault?.();
}

/** True when all that is under way can be carried. */
async function untilQuiet({ control, server }: ServingMain): Promise<boolean> {
  const { configuration, gathering, listeners, workers, ownOrders, now, limits, stopSequence } = control;
  const isQuiet = (): boolean =>
    server.isCarriable &&
    [...ownOrders.values()].every(({ describe }) => describe !== undefined) &&
    configuration.isSettled &&
    gathering.settledRevision >= configuration.revision &&
    listeners.isSettled &&
    workers.all().every(({ unreadBytes }) => unreadBytes === 0);
  for (const deadlineMs = now() + limits.quietMs; now() < deadlineMs; await sleep(LOOK_EVERY_MS)) {
    if (stopSequence.state === "stopping") return false;
    if (isQuiet()) return true;
  }
  return false;
}

/** The program and its first arguments. */
function commandOf({ program }: Control, wanted: string | undefined): readonly string[] {
  const path = wanted ?? program;
  return path === undefined ? [process.execPath, ...process.execArgv, process.argv[1]!] : [path];
}
