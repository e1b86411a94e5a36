/**
 * Whose is this socket path? One main owns it, by the lock of a file beside it. The socket of a main that
 * crashed is removed; one that answers, and whatever is no socket, is left alone.
 */
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault } from "../../io/files.ts";
import { takeFileLock, type FileLock } from "../../io/lock-file.ts";

/** sun_path of unix(7), without its zero byte: a longer path is cut silently by some programs. */
const PATH_BYTES_MAX = 107;
const CONNECT_MS_MAX = 1_000;

/**
 * Makes the path ours and free: the folder exists, no other main has it, no stale socket is left. The error
 * is a sentence for the user.
 */
export async function claimSocketPath(path: string): Promise<Result<FileLock, string>> {
  const prepared = prepareFolder(path);
  if (!prepared.ok) return prepared;
  const lock = takeFileLock(`${path}.lock`);
  if (!lock.ok) {
    if (!("pid" in lock.error)) return fail(`cannot lock ${path}.lock: ${lock.error.message}`);
    const owner = lock.error.pid === undefined ? "another proxy" : `another proxy (pid ${lock.error.pid})`;
    return fail(`${owner} already has the socket ${path}; stop it, or choose another path with --socket`);
  }
  const freed = await free(path);
  if (freed.ok) return lock;
  lock.value.release();
  return freed;
}

/** Makes the path of a second socket free: the main that has the lock of the first one has this, too. */
export async function freeSocketPath(path: string): Promise<Result<void, string>> {
  const prepared = prepareFolder(path);
  return prepared.ok ? free(path) : prepared;
}

function prepareFolder(path: string): Result<void, string> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    return fail(
      `socket path ${path} has more than ${PATH_BYTES_MAX} bytes; choose a shorter one with --socket`,
    );
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return ok(undefined);
  } catch (error) {
    return fail(`cannot make the folder of ${path}: ${fileFault(error).message}`);
  }
}

async function free(path: string): Promise<Result<void, string>> {
  if (!(await answers(path))) return removeSocket(path);
  return fail(`another program already listens on the socket ${path}; choose another path with --socket`);
}

/** A path that was mistyped may name a file that somebody needs: only a socket is ours to remove. */
function removeSocket(path: string): Result<void, string> {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && !found.isSocket()) {
      return fail(`${path} is there and is no socket; remove it, or choose another path with --socket`);
    }
    rmSync(path, { force: true });
    return ok(undefined);
  } catch (error) {
    return fail(`cannot remove what is at ${path}: ${fileFault(error).message}`);
  }
}

/** Whether somebody listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const deadline = setTimeout(() => conclude(true), CONNECT_MS_MAX);
    const conclude = (answer: boolean): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => conclude(true));
    socket.on("error", () => conclude(false));
  });
}
