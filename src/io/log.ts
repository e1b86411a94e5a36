/**
 * The operational log: one line per event on stderr, as text for a person at a terminal, as one JSON object
 * for a program. Not the access log. A log that nobody reads any more (EPIPE) is no reason to stop.
 */

export type LogLevel = "debug" | "info" | "warning" | "error" | "silent";

/** What belongs to the event, beside its sentence. Numbers carry their unit in the name. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  /** Lines below this level are left out. */
  readonly level: LogLevel;
  readonly form: "text" | "json";
  /** Takes one line with its newline. */
  readonly write: (line: string) => void;
  /** The time now, in milliseconds since 1970. */
  readonly now: () => number;
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3, silent: 4 };
const LINE_CHARS_MAX = 4_096;

/** A log to the given writer. */
export function createLog(options: LogOptions): Log {
  const writeLine = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (SEVERITY[level] < SEVERITY[options.level]) return;
    const time = new Date(options.now()).toISOString();
    const line =
      options.form === "json"
        ? JSON.stringify({ time, level, message, ...fields })
        : `${time} ${level.padEnd(7)} ${oneLine(message)}${textOf(fields)}`;
    options.write(`${line.slice(0, LINE_CHARS_MAX)}\n`);
  };
  return {
    debug: (message, fields) => writeLine("debug", message, fields),
    info: (message, fields) => writeLine("info", message, fields),
    warning: (message, fields) => writeLine("warning", message, fields),
    error: (message, fields) => writeLine("error", message, fields),
  };
}

/** The process's own log: stderr, text on a terminal and JSON elsewhere. */
export function createStderrLog(level: LogLevel): Log {
  process.stderr.on("error", () => undefined);
  return createLog({
    level,
    form: process.stderr.isTTY ? "text" : "json",
    write: (line) => process.stderr.write(line),
    now: Date.now,
  });
}

function textOf(fields: LogFields | undefined): string {
  if (fields === undefined) return "";
  return Object.entries(fields)
    .map(
      ([name, value]) =>
        ` ${name}=${/^[^\s"=]+$/.test(String(value)) ? value : JSON.stringify(String(value))}`,
    )
    .join("");
}

/** What others wrote must not make two events of one line, nor steer a terminal. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
}
