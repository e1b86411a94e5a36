/**
 * What `kakehi run` starts with: of a flag, the environment, the configuration file and a default, the first
 * that says something. commander puts the environment in the place of a flag that is not given.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { defaultSocketPath } from "../client/socket-path.ts";
import type { LogLevel } from "../io/log.ts";
import { MAIN_LIMITS, type MainLimits } from "../main/limits.ts";
import type { FileLimit, FileSettings } from "../model/file/settings.ts";

/** The flags, or what the environment says instead. */
export interface RunOptions {
  readonly socket?: string;
  readonly socketMode?: number;
  readonly readSocket?: string;
  readonly readSocketMode?: number;
  readonly workers?: number;
  readonly io?: "auto" | "uring" | "node";
  readonly state?: string;
  readonly ticketKeyInterval?: number;
  readonly historyRevisions?: number;
  readonly historySize?: number;
  readonly config?: string;
  readonly demo?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFile?: string;
}

/** A configuration file's settings, and the folder that its relative paths begin at. */
export interface SettingsOfFile {
  readonly settings: Partial<FileSettings>;
  readonly folder: string;
}

export interface RunSettings {
  readonly socketPath: string;
  /** Nobody named it: clients find it without being told. */
  readonly isDefaultSocket: boolean;
  readonly socketMode: number;
  readonly readSocketPath?: string;
  readonly readSocketMode: number;
  readonly workers: number;
  readonly io: "auto" | "uring" | "node";
  readonly statePath?: string;
  readonly logLevel: LogLevel;
  readonly logFile?: string;
  readonly limits: MainLimits;
}

const SOCKET_MODE_DEFAULT = 0o600;
const READ_SOCKET_MODE_DEFAULT = 0o660;

/** A file's limits by our own names. */
const LIMITS: Readonly<Record<FileLimit, keyof MainLimits>> = {
  connections_max: "connectionsMax",
  connections_per_user_max: "connectionsPerUserMax",
  orders_in_flight_max: "ordersInFlightMax",
  unread_bytes_max: "unreadBytesMax",
  frame_bytes_max: "frameBytesMax",
  events_max: "eventsMax",
  subscriptions_max: "subscriptionsMax",
  swap_backends_max: "swapBackendsMax",
  journal_bytes_max: "journalBytesMax",
  history_revisions_max: "historyRevisionsMax",
  history_bytes_max: "historyBytesMax",
  signal_stop_ms: "signalStopMs",
  ticket_key_ms: "ticketKeyMs",
  expiry_near_ms: "expiryNearMs",
};

/** `environment`: for the socket's path, which every command has. */
export function runSettings(
  options: RunOptions,
  { settings, folder }: SettingsOfFile,
  environment: NodeJS.ProcessEnv = process.env,
): RunSettings {
  const { socket = {}, processes = {}, state = {}, log = {}, limits = {} } = settings;
  const path = (given: string | undefined, ofFile: string | undefined): string | undefined => {
    if (given !== undefined) return resolve(given);
    return ofFile === undefined ? undefined : resolve(folder, ofFile);
  };
  const socketPath = path(options.socket ?? (environment["KAKEHI_SOCKET"] || undefined), socket.path);
  const readSocketPath = path(options.readSocket, socket.read_path);
  const statePath = path(options.state, state.path);
  const logFile = path(options.logFile, log.file);
  return {
    socketPath: socketPath ?? resolve(defaultSocketPath()),
    isDefaultSocket: options.socket === undefined && socket.path === undefined,
    socketMode: options.socketMode ?? modeOf(socket.mode) ?? SOCKET_MODE_DEFAULT,
    ...(readSocketPath !== undefined && { readSocketPath }),
    readSocketMode: options.readSocketMode ?? modeOf(socket.read_mode) ?? READ_SOCKET_MODE_DEFAULT,
    workers: options.workers ?? processes.workers ?? availableParallelism(),
    io: options.io ?? processes.io ?? "auto",
    ...(statePath !== undefined && { statePath }),
    logLevel: options.logLevel ?? log.level ?? "info",
    ...(logFile !== undefined && { logFile }),
    limits: {
      ...MAIN_LIMITS,
      ...limitsOf(limits),
      ...(options.ticketKeyInterval !== undefined && { ticketKeyMs: options.ticketKeyInterval }),
      ...(options.historyRevisions !== undefined && { historyRevisionsMax: options.historyRevisions }),
      ...(options.historySize !== undefined && { historyBytesMax: options.historySize }),
    },
  };
}

function limitsOf(limits: FileSettings["limits"]): Partial<MainLimits> {
  const named = Object.entries(limits).map(([name, value]) => [LIMITS[name as FileLimit], value]);
  return Object.fromEntries(named) as Partial<MainLimits>;
}

function modeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number.parseInt(text, 8);
}
