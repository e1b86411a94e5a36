/**
 * The operational log in a file, for who rotates logs by renaming them (logrotate and its like): the file is
 * opened anew when it is told to, by its name. What a line looks like is `log.ts`.
 *
 * Rules of this file:
 *  1. Each line is one write(2) at the file's end, done when `write` returns: nothing waits in this process,
 *     so no line is lost or cut by a rename, a reopening or a kill.
 *  2. A disk that takes no more loses lines, and stops nothing. They are counted, and the first line after
 *     them says so.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { fail, ok, type Result } from "../base/result.ts";
import { fileFault, NOT_REGULAR, type FileFault } from "./files.ts";
import { createLog, type Log, type LogLevel } from "./log.ts";

/** Its owner reads and writes it, its group reads it: log collectors are in the group. */
const LOG_FILE_MODE = 0o640;
/** `O_NONBLOCK`: to open a pipe would wait for its reader. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const NEWLINE = 0x0a;

/** A log and the file that it stands in. */
export interface FileLog extends Log {
  /** Goes on in whatever has the file's name now. If that cannot be opened, in the old one. */
  reopen(): void;
  /** Why a program that starts could not log there; `undefined`: it could. The file is made if need be. */
  findFault(): FileFault | undefined;
}

/** Opens `path` as a log, one JSON object a line; the file is made if need be. */
export function openFileLog(path: string, level: LogLevel): Result<FileLog, FileFault> {
  const file = LogFile.open(path);
  if (!file.ok) return file;
  let lost = 0;
  const write = (line: string): void => {
    if (!file.value.write(line)) return void lost++;
    if (lost === 0) return;
    const lines = lost;
    lost = 0;
    log.warning("lines of the log were lost: they could not be written", { lines });
  };
  const log = createLog({ level, form: "json", write, now: Date.now });
  const reopen = (): void => {
    const reopened = file.value.reopen();
    if (reopened.ok) log.info("the log was opened anew", { path });
    else
      log.error("the log cannot be opened anew, and goes on where it was", {
        path,
        reason: reopened.error.message,
      });
  };
  return ok({ ...log, reopen, findFault: () => findFault(path) });
}

class LogFile {
  readonly #path: string;
  #fd: number;
  /** A line was written in part: the next one begins on a line of its own. */
  #isCut = false;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  static open(path: string): Result<LogFile, FileFault> {
    const opened = openRegular(path);
    return opened.ok ? ok(new LogFile(path, opened.value)) : opened;
  }

  /** False: the line is not there, or not whole. */
  write(line: string): boolean {
    const bytes = Buffer.from(this.#isCut ? `\n${line}` : line);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
      this.#isCut = false;
      return true;
    } catch (error) {
      fileFault(error);
      if (written > 0) this.#isCut = bytes[written - 1] !== NEWLINE;
      return false;
    }
  }

  reopen(): Result<void, FileFault> {
    const opened = openRegular(this.#path);
    if (!opened.ok) return opened;
    closeSync(this.#fd);
    this.#fd = opened.value;
    return ok(undefined);
  }
}

function findFault(path: string): FileFault | undefined {
  const opened = openRegular(path);
  if (!opened.ok) return opened.error;
  closeSync(opened.value);
  return undefined;
}

function openRegular(path: string): Result<number, FileFault> {
  try {
    const fd = openSync(path, FLAGS, LOG_FILE_MODE);
    if (fstatSync(fd).isFile()) return ok(fd);
    closeSync(fd);
    return fail({ code: NOT_REGULAR.code, message: `${path} ${NOT_REGULAR.message}` });
  } catch (error) {
    return fail(fileFault(error));
  }
}
