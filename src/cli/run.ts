/**
 * `kakehi run`: the proxy itself, in the foreground until it is stopped. What the options say goes to
 * `runMain`; what a proxy does is not known here.
 */
import { flushCompileCache } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { openFileLog } from "../io/log-file.ts";
import { findServiceManager } from "../io/service-manager.ts";
import { createStderrLog, type Log } from "../io/log.ts";
import { InheritedSockets } from "../main/inherited-sockets.ts";
import { faultLines, type ReadConfiguration, readConfiguration } from "../main/file/read-configuration.ts";
import { MAIN_LIMITS, TICKET_KEY_MS_MAX, TICKET_KEY_MS_MIN } from "../main/limits.ts";
import { DOCUMENT_VARIABLE } from "../main/upgrade/main-upgrade.ts";
import { readCarriedFile } from "../main/upgrade/inheritance.ts";
import { type MainHandle, runMain } from "../main/run-main.ts";
import { WORKERS_MAX } from "../model/limits.ts";
import { contextOf } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { EXIT, StartError } from "./exit-codes.ts";
import { type RunningProxy, describeGreeting } from "./greeting.ts";
import { showExample } from "./help.ts";
import { parseBytes, parseCount, parseDurationMs, parseMode } from "./option-values.ts";
import { outliveReader, print, printJson } from "./output.ts";
import { type RunOptions, type RunSettings, runSettings, type SettingsOfFile } from "./run-settings.ts";
import { Signals } from "./signals.ts";
import { VERSION } from "./version.ts";

/** So long a process that has stopped waits for its last log lines to be taken. */
const LAST_LINES_MS = 1_000;

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi run --demo",
    "kakehi run --socket ./kakehi.sock --state ./kakehi.state --workers 4",
  );
  command
    .option("--demo", "Serve a small demo at 127.0.0.1:8080, with two backends of its own.")
    .addOption(named("--config <file>", "The configuration file; SIGHUP applies what differs.", "CONFIG"))
    .addOption(
      named("--state <file>", "Keep the configuration in this file, over restarts and crashes.", "STATE"),
    )
    .addOption(
      named(
        "--workers <count>",
        `How many workers. [${availableParallelism()}: as many as processors]`,
        "WORKERS",
      ).argParser(parseWorkers),
    )
    .addOption(
      choice("--io <kind>", "How workers talk to the kernel. [auto: the best that works]", [
        "auto",
        "uring",
        "node",
      ]).env("KAKEHI_IO"),
    )
    .addOption(
      named(
        "--ticket-key-interval <duration>",
        `How long one key seals TLS session tickets. [${formatDuration(MAIN_LIMITS.ticketKeyMs)}]`,
        "TICKET_KEY_INTERVAL",
      ).argParser(parseTicketKeyMs),
    )
    .addOption(
      named(
        "--history-revisions <count>",
        `How many changes can be gone back. [${MAIN_LIMITS.historyRevisionsMax}]`,
        "HISTORY_REVISIONS",
      ).argParser(parseCount),
    )
    .addOption(
      named(
        "--history-size <size>",
        "What they may take: of disk beside --state, else of memory. [64MiB]",
        "HISTORY_SIZE",
      ).argParser(parseBytes),
    )
    .addOption(
      named("--socket-mode <mode>", "The command socket's permissions. [0600]", "SOCKET_MODE").argParser(
        parseMode,
      ),
    )
    .addOption(
      named("--read-socket <path>", "A second socket, on which nothing can be changed.", "READ_SOCKET"),
    )
    .addOption(
      named("--read-socket-mode <mode>", "Its permissions. [0660]", "READ_SOCKET_MODE").argParser(parseMode),
    )
    .addOption(
      choice("--log-level <level>", "What is logged. [info]", [
        "debug",
        "info",
        "warning",
        "error",
        "silent",
      ]).env("KAKEHI_LOG_LEVEL"),
    )
    .addOption(named("--log-file <file>", "Log to this file; SIGUSR1 opens it anew. [stderr]", "LOG_FILE"))
    .action(() => run(command));
}

async function run(command: Command): Promise<void> {
  const options = command.optsWithGlobals<RunOptions>();
  // Main has become this program: what it was has left a document (`main/upgrade/`). Nobody else is to see
  // it.
  const documentFd = process.env[DOCUMENT_VARIABLE];
  delete process.env[DOCUMENT_VARIABLE];
  const { configuration, ...file } = await readFile(options, documentFd);
  const settings = runSettings(options, file);
  const { socketPath, readSocketPath, statePath, limits } = settings;
  if (settings.isDefaultSocket) contextOf(command);
  const json = command.optsWithGlobals<{ json?: boolean }>().json ?? false;
  const { log, reopenLog, findLogFault } = openLog(settings);
  const hasFile = options.config !== undefined;
  const signals = new Signals({ log, reopenLog, hasFile, stopDeadlineMs: limits.signalStopMs });
  const inheritedSockets = InheritedSockets.of(process.env, log);
  const started = await runMain({
    socketPath,
    socketMode: settings.socketMode,
    ...(readSocketPath !== undefined && {
      readSocket: { path: readSocketPath, mode: settings.readSocketMode },
    }),
    workers: settings.workers,
    io: settings.io,
    ...(statePath !== undefined && { statePath }),
    configuration,
    demo: options.demo ?? false,
    log,
    findLogFault,
    serviceManager: findServiceManager(process.env, log),
    inheritedSockets,
    version: VERSION,
    // What was typed, with its symbolic links: what stands behind them may be newer one day (`bin/kakehi`).
    ...(process.env["KAKEHI_PROGRAM"] && { program: process.env["KAKEHI_PROGRAM"] }),
    ...(documentFd !== undefined && { documentFd: Number(documentFd) }),
    limits,
  });
  if (!started.ok) throw new StartError(started.error);
  outliveReader();
  if (documentFd === undefined)
    greet(started.value, socketPath, { json, isDefaultSocket: settings.isDefaultSocket });
  signals.reach(started.value);
  // Not only at the end: a main after a crash starts with it, too.
  flushCompileCache();
  if ((await started.value.stopped) !== "clean") process.exitCode = EXIT.refused;
  // Log lines into a pipe that is full, and that nobody reads, would keep us for ever.
  setTimeout(() => process.exit(), LAST_LINES_MS).unref();
}

/** The configuration file; where main has become this program, what the one before was told by it. */
async function readFile(
  { config }: RunOptions,
  documentFd: string | undefined,
): Promise<SettingsOfFile & { readonly configuration?: ReadConfiguration }> {
  if (config === undefined) return { settings: {}, folder: "." };
  const path = resolve(config);
  if (documentFd !== undefined) {
    const { settings = {} } = readCarriedFile(Number(documentFd));
    return { settings, folder: dirname(path) };
  }
  const read = await readConfiguration(path, { limits: MAIN_LIMITS, runs: "before main" });
  if (!read.ok) throw new StartError(faultLines(read.error).join("\n"));
  return { settings: read.value.file.settings, folder: dirname(path), configuration: read.value };
}

interface OpenLog {
  readonly log: Log;
  /** The rest: where it is a file. */
  readonly reopenLog?: () => void;
  /** Why the next program could not log there, in words. */
  readonly findLogFault?: () => string | undefined;
}

function openLog({ logFile, logLevel }: RunSettings): OpenLog {
  if (logFile === undefined) return { log: createStderrLog(logLevel) };
  const opened = openFileLog(logFile, logLevel);
  if (!opened.ok) throw new StartError(`cannot log to ${logFile}: ${opened.error.message}`);
  return {
    log: opened.value,
    reopenLog: () => opened.value.reopen(),
    findLogFault: () => {
      const fault = opened.value.findFault();
      return fault && `it could not log to ${logFile}: ${fault.message}`;
    },
  };
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

/** An option that a variable of the environment can give, too. */
function named(flags: string, help: string, variable: string): Option {
  return new Option(flags, help).env(`KAKEHI_${variable}`);
}

function choice(flags: string, help: string, values: readonly string[]): Option {
  return new Option(flags, help).choices(values);
}
