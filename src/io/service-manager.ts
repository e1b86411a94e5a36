/**
 * Tells the service manager how this process is: systemd's protocol of datagrams (sd_notify(3)), and its
 * watchdog (sd_watchdog_enabled(3)). Where no manager has started us, nothing is told and nothing is missed.
 */
import { sendUnixDatagram } from "../sys/unix-socket.ts";
import type { Log } from "./log.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface ServiceManager {
  /** Everything serves. `status` is for people. Also after `reloading`. */
  ready(status: string): void;
  /** What serves is about to be exchanged; `ready` follows, from this program or the next. */
  reloading(): void;
  stopping(): void;
}

/** For a process that nobody manages. */
export const NO_SERVICE_MANAGER: ServiceManager = {
  ready: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
};

/** The manager that has started this process, by what it left in the environment. */
export function findServiceManager(environment: Environment, log: Log): ServiceManager {
  const { NOTIFY_SOCKET: path } = environment;
  return path === undefined || path === ""
    ? NO_SERVICE_MANAGER
    : new NotifiedManager(path, watchdogMsOf(environment), log);
}

/** How long the manager waits for a sign of life before it ends us; `undefined`: it does not wait. */
function watchdogMsOf({ WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid }: Environment): number | undefined {
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  const watchdogMs = Number(microseconds ?? 0) / 1_000;
  return Number.isFinite(watchdogMs) && watchdogMs >= 1 ? watchdogMs : undefined;
}

class NotifiedManager implements ServiceManager {
  readonly #path: string;
  readonly #log: Log;
  #watchdogMs: number | undefined;

  constructor(path: string, watchdogMs: number | undefined, log: Log) {
    this.#path = path;
    this.#log = log;
    this.#watchdogMs = watchdogMs;
  }

  ready(status: string): void {
    this.#tell(`READY=1\nMAINPID=${process.pid}\nSTATUS=${status.replaceAll("\n", " ")}`);
    this.#startWatchdog();
  }

  reloading(): void {
    this.#tell(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}\nSTATUS=upgrading`);
  }

  stopping(): void {
    this.#tell("STOPPING=1\nSTATUS=stopping");
  }

  /** A sign of life twice in the manager's time, from the loop that everything of this process needs. */
  #startWatchdog(): void {
    if (this.#watchdogMs === undefined) return;
    const timer = setInterval(() => this.#tell("WATCHDOG=1"), this.#watchdogMs / 2);
    timer.unref();
    this.#watchdogMs = undefined;
  }

  #tell(text: string): void {
    const told = sendUnixDatagram(this.#path, text);
    if (!told.ok) this.#log.warning("the service manager could not be told", { reason: told.error.message });
  }
}
