/**
 * A file whose lock says that one process owns something: a command socket's path, a state file. The file
 * holds the owner's process id for people, and for who must know one process from others; only the lock
 * decides, and it ends with the process. The file itself stays.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { fail, ok, type Result } from "../base/result.ts";
import { lockDescriptor } from "../sys/file-lock.ts";
import { fileFault, type FileFault } from "./files.ts";

/** `HELD`: another process has the lock; its id, where it can be read. */
export type LockFault = { readonly code: "HELD"; readonly pid: number | undefined } | FileFault;

export interface FileLock {
  /** As long as it is open, in whichever process, the lock is held. */
  readonly fd: number;
  /** Gives the lock back. Once. */
  release(): void;
}

/** Takes the lock of `path` (the file is made if need be, mode 0600), at once or not at all. */
export function takeFileLock(path: string): Result<FileLock, LockFault> {
  try {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    if (!lockDescriptor(fd)) {
      closeSync(fd);
      return fail({ code: "HELD", pid: readLockPid(path) });
    }
    writePid(fd);
    return ok(lockOf(fd));
  } catch (error) {
    return fail(fileFault(error));
  }
}

/** A full disk does not keep us from owning what the lock gives us: then the file names nobody. */
function writePid(fd: number): void {
  try {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
  } catch (error) {
    fileFault(error);
  }
}

/** Whom the file names, who may be gone; `undefined`: it names nobody, or cannot be read. */
export function readLockPid(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    fileFault(error);
    return undefined;
  }
}

/** Whether the file at `path` is still the one that was locked: neither removed, nor another in its place. */
export function isLockInPlace(path: string, { fd }: FileLock): boolean {
  try {
    const [there, ours] = [statSync(path), fstatSync(fd)];
    return there.dev === ours.dev && there.ino === ours.ino;
  } catch (error) {
    fileFault(error);
    return false;
  }
}

/** Goes on with a lock of the program that we were before. */
export function inheritFileLock(fd: number): FileLock {
  return lockOf(fd);
}

function lockOf(fd: number): FileLock {
  return { fd, release: () => closeSync(fd) };
}
