/**
 * `kakehi run`: the proxy itself, in the foreground until it is stopped. What the options say goes to
 * `runMain`; what a proxy does is not known here.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { openFileLog } from "../io/log-file.ts";
import { findServiceManager } from "../io/service-manager.ts";
import { createStderrLog, type Log, type LogLevel } from "../io/log.ts";
import { InheritedSockets } from "../main/inherited-sockets.ts";
import { MAIN_LIMITS, TICKET_KEY_MS_MAX, TICKET_KEY_MS_MIN } from "../main/limits.ts";
import { DOCUMENT_VARIABLE } from "../main/upgrade/main-upgrade.ts";
import { type MainHandle, runMain } from "../main/run-main.ts";
import { WORKERS_MAX } from "../model/limits.ts";
import { contextOf } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { EXIT, StartError, UsageError } from "./exit-codes.ts";
import { type RunningProxy, describeGreeting } from "./greeting.ts";
import { showExample } from "./help.ts";
import { parseCount, parseDurationMs, parseMode } from "./option-values.ts";
import { outliveReader, print, printJson } from "./output.ts";
import { Signals } from "./signals.ts";
import { VERSION } from "./version.ts";

interface RunOptions {
  readonly socket?: string;
  readonly socketMode?: number;
  readonly workers?: number;
  readonly io?: "auto" | "uring" | "node";
  readonly state?: string;
  readonly ticketKeyInterval?: number;
  readonly config?: string;
  readonly demo?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
}

const SOCKET_MODE_DEFAULT = 0o600;

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi run --demo",
    "kakehi run --socket ./kakehi.sock --state ./kakehi.state --workers 4",
  );
  command
    .option("--demo", "Serve a small demo at 127.0.0.1:8080, with two backends of its own.")
    .option("--state <file>", "Keep the configuration in this file, over restarts and crashes.")
    .option(
      "--workers <count>",
      `How many workers. [${availableParallelism()}: as many as processors]`,
      parseWorkers,
    )
    .addOption(
      choice("--io <kind>", "How workers talk to the kernel. [auto: the best that works]", [
        "auto",
        "uring",
        "node",
      ]),
    )
    .option(
      "--ticket-key-interval <duration>",
      `How long one key seals TLS session tickets. [${formatDuration(MAIN_LIMITS.ticketKeyMs)}]`,
      parseTicketKeyMs,
    )
    .option("--socket-mode <mode>", "The command socket's permissions. [0600]", parseMode)
    .addOption(
      choice("--log-level <level>", "What is logged. [info]", [
        "debug",
        "info",
        "warning",
        "error",
        "silent",
      ]),
    )
    .option("--log-file <file>", "Log to this file; SIGUSR1 opens it anew. [stderr]")
    .option("--config <file>", "Not in this version: use --state, or send orders.")
    .action(() => run(command));
}

async function run(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RunOptions>();
  if (options.config !== undefined) {
    throw new UsageError(
      "--config is not in this version: keep the configuration with --state, or send orders",
    );
  }
  const { socketPath, json } = contextOf(command);
  const { log, reopenLog } = openLog(options);
  const signals = new Signals({ log, reopenLog, stopDeadlineMs: MAIN_LIMITS.signalStopMs });
  // Main has become this program: what it was has left a document (`main/upgrade/`). Nobody else is to see
  // it.
  const documentFd = process.env[DOCUMENT_VARIABLE];
  delete process.env[DOCUMENT_VARIABLE];
  const inheritedSockets = InheritedSockets.of(process.env, log);
  const started = await runMain({
    socketPath: resolve(socketPath),
    socketMode: options.socketMode ?? SOCKET_MODE_DEFAULT,
    workers: options.workers ?? availableParallelism(),
    io: options.io ?? "auto",
    ...(options.state === undefined ? {} : { statePath: resolve(options.state) }),
    demo: options.demo ?? false,
    log,
    serviceManager: findServiceManager(process.env, log),
    inheritedSockets,
    version: VERSION,
    // What was typed, with its symbolic links: what stands behind them may be newer one day (`bin/kakehi`).
    ...(process.env["KAKEHI_PROGRAM"] && { program: process.env["KAKEHI_PROGRAM"] }),
    ...(documentFd !== undefined && { documentFd: Number(documentFd) }),
    limits: { ticketKeyMs: options.ticketKeyInterval ?? MAIN_LIMITS.ticketKeyMs },
  });
  if (!started.ok) throw new StartError(started.error);
  outliveReader();
  if (documentFd === undefined)
    greet(started.value, resolve(socketPath), { json, isDefaultSocket: options.socket === undefined });
  signals.reach(started.value);
  if ((await started.value.stopped) !== "clean") process.exitCode = EXIT.refused;
}

function openLog({ logFile, logLevel = "info" }: RunOptions): { log: Log; reopenLog?: () => void } {
  if (logFile === undefined) return { log: createStderrLog(logLevel) };
  const opened = openFileLog(resolve(logFile), logLevel);
  if (!opened.ok) throw new StartError(`cannot log to ${logFile}: ${opened.error.message}`);
  return { log: opened.value, reopenLog: () => opened.value.reopen() };
}

function greet(
  main: MainHandle,
  socketPath: string,
  { json, isDefaultSocket }: { readonly json: boolean; readonly isDefaultSocket: boolean },
): void {
  const proxy: RunningProxy = {
    version: VERSION,
    pid: process.pid,
    workers: main.workers,
    io: main.io,
    ioReason: main.ioReason,
    listeners: main.listeners,
    socketPath,
    isDefaultSocket,
    command: import.meta.url.endsWith(".ts") ? "./bin/kakehi" : "kakehi",
  };
  if (!json) return print(describeGreeting(proxy));
  const { version, pid, workers, io, ioReason } = proxy;
  const listeners = proxy.listeners.map(({ address }) => address);
  printJson({ version, pid, socket: socketPath, listeners, workers, io, io_reason: ioReason });
}

function parseWorkers(text: string): number {
  const workers = parseCount(text);
  if (workers >= 1 && workers <= WORKERS_MAX) return workers;
  throw new InvalidArgumentError(`It must be from 1 to ${WORKERS_MAX}.`);
}

function parseTicketKeyMs(text: string): number {
  const intervalMs = parseDurationMs(text);
  if (intervalMs >= TICKET_KEY_MS_MIN && intervalMs <= TICKET_KEY_MS_MAX) return intervalMs;
  const [least, most] = [TICKET_KEY_MS_MIN, TICKET_KEY_MS_MAX].map(formatDuration);
  throw new InvalidArgumentError(`It must be from ${least} to ${most}.`);
}

function choice(flags: string, help: string, values: readonly string[]): Option {
  return new Option(flags, help).choices(values);
}
