/**
 * State files on disk: read in pieces, so that a large one does not hold up other work, and written whole or
 * not at all. What stands in them is `model/state-file.ts`.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault, openRegularFile, replaceFile, type FileFault } from "../../io/files.ts";
import type { OrderError } from "../../model/errors.ts";
import {
  type FollowChanges,
  StateFileReader,
  stateFileText,
  type StateFile,
} from "../../model/state-file.ts";
import type { State } from "../../model/state.ts";

/** Small, so that what else goes on (workers that load what was read) has its turns. */
const READ_BYTES = 64 * 1024;

/** Reads a state file into a state of its own; `follow` is told the changes as they are read. */
export async function readStateFile(
  path: string,
  follow?: FollowChanges,
): Promise<Result<StateFile, OrderError>> {
  try {
    const file = await openRegularFile(path);
    try {
      const reader = new StateFileReader(follow);
      const bytes = new Uint8Array(READ_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(bytes, 0, READ_BYTES);
        if (bytesRead === 0) return reader.end();
        const fault = reader.push(bytes.subarray(0, bytesRead));
        if (fault !== undefined) return fail(fault);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    return fail(unreadable(fileFault(error)));
  }
}

/**
 * Writes the state as it is at the time of the call; it may change while the file is written. Gives the count
 * of orders.
 */
export async function writeStateFile(
  path: string,
  state: State,
  revision: number,
): Promise<Result<number, OrderError>> {
  const { orders, pieces } = stateFileText(state, revision);
  const written = await replaceFile(path, pieces);
  return written.ok ? ok(orders) : fail(unwritable(written.error));
}

function unreadable(fault: FileFault): OrderError {
  return { code: "STATE_FILE_UNREADABLE", message: `the state file cannot be read: ${fault.message}` };
}

export function unwritable(fault: FileFault): OrderError {
  return { code: "STATE_FILE_UNWRITABLE", message: `the state file cannot be written: ${fault.message}` };
}
