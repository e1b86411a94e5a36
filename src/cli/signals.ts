/**
 * What signals mean to `kakehi run`:
 *
 * ```text
 *  SIGTERM, SIGINT   stop softly; a second one: at once
 *  SIGHUP            RELOAD_CONFIGURATION: what differs from the configuration file is changed
 *  SIGUSR1           open the log file anew
 *  SIGUSR2           UPGRADE: main, then the workers one by one
 * ```
 */
import type { Log } from "../io/log.ts";
import { EXIT } from "./exit-codes.ts";

/** What of a running proxy signals reach. */
export interface SignalTarget {
  stopSoftly(deadlineMs: number | undefined): void;
  stopHard(): void;
  upgrade(): void;
  reload(): void;
}

export interface SignalOptions {
  readonly log: Log;
  /** Opens the log file anew; absent: the log is on stderr. */
  readonly reopenLog: (() => void) | undefined;
  /** Whether there is a configuration file. */
  readonly hasFile: boolean;
  /** What is not finished so long after the first SIGTERM is cut. */
  readonly stopDeadlineMs: number;
}

/** A SIGINT so soon after the first is the same Ctrl-C: from the terminal, and passed on by npm. */
const SAME_INTERRUPT_MS = 500;

/** The signals from now on. A proxy that still starts stops when it has started. */
export class Signals {
  readonly #options: SignalOptions;
  #target: SignalTarget | undefined;
  /** From when on another signal means "at once"; absent: none has come yet. */
  #hardFromMs: number | undefined;

  constructor(options: SignalOptions) {
    this.#options = options;
    const { log, reopenLog } = options;
    process.on("SIGTERM", () => this.#stop("SIGTERM", 0));
    process.on("SIGINT", () => this.#stop("SIGINT", SAME_INTERRUPT_MS));
    process.on("SIGHUP", () => {
      if (!options.hasFile) log.warning("SIGHUP: there is no configuration file to read again");
      else if (this.#target === undefined) log.warning("SIGHUP: the proxy still starts");
      else this.#target.reload();
    });
    process.on("SIGUSR1", () => {
      if (reopenLog === undefined) log.info("SIGUSR1: the log is on stderr; only --log-file is opened anew");
      else reopenLog();
    });
    process.on("SIGUSR2", () => {
      if (this.#target === undefined) log.warning("SIGUSR2: the proxy still starts, and is not upgraded");
      else this.#target.upgrade();
    });
    for (const signal of takeEarlySignals()) process.emit(signal);
  }

  /** The proxy has started. */
  reach(target: SignalTarget): void {
    this.#target = target;
    if (this.#hardFromMs !== undefined) target.stopSoftly(this.#options.stopDeadlineMs);
  }

  #stop(signal: "SIGTERM" | "SIGINT", sameMs: number): void {
    const nowMs = performance.now();
    if (this.#hardFromMs === undefined) {
      this.#hardFromMs = nowMs + sameMs;
      this.#options.log.info(`${signal}: stopping softly; a second one stops at once`);
      this.#target?.stopSoftly(this.#options.stopDeadlineMs);
    } else if (nowMs >= this.#hardFromMs) {
      // Workers that are not ready yet end with us.
      if (this.#target === undefined) process.exit(EXIT.refused);
      this.#target.stopHard();
    }
  }
}

/** Those that came while the program was loaded (`bin/early-signals.cjs`); from now on they come here. */
function takeEarlySignals(): readonly NodeJS.Signals[] {
  const key = Symbol.for("kakehi.early-signals");
  const { [key]: take } = globalThis as { [key]?: () => readonly NodeJS.Signals[] };
  return take?.() ?? [];
}
