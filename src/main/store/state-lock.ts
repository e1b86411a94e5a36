/**
 * Whose is this state file? One proxy's, by the lock of a file beside it. The journal and the history stand
 * beside it, too: so a file has one name here, and a symbolic link to it is refused, by which another proxy
 * would find neither.
 */
import { readlinkSync } from "node:fs";
import { fail, type Result } from "../../base/result.ts";
import { takeFileLock, type FileLock } from "../../io/lock-file.ts";

/** Makes the state file `path` ours, whether it is there or not. The error is a sentence for the user. */
export function takeStateLock(path: string): Result<FileLock, string> {
  const target = linkTarget(path);
  if (target !== undefined)
    return fail(
      `${path} is a symbolic link to ${target}: name the state file itself, its journal is beside it`,
    );
  const lock = takeFileLock(`${path}.lock`);
  if (lock.ok) return lock;
  if (!("pid" in lock.error)) return fail(`cannot lock ${path}.lock: ${lock.error.message}`);
  const { pid = "unknown" } = lock.error;
  return fail(`another proxy (pid ${pid}) keeps its state in ${path}: stop it first, or name another file`);
}

/** Where a link leads, there or not; `undefined`: it is none. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
