/**
 * State files on disk: read in pieces, so that a large one does not hold up other work, and written whole or
 * not at all. What stands in them is `model/state-file.ts`.
 */
import type { FileHandle } from "node:fs/promises";
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
      return await readPieces(file, new StateFileReader(follow));
    } finally {
      await file.close();
    }
  } catch (error) {
    return fail(unreadable(fileFault(error)));
  }
}

/** While a piece is read from the disk, the one before is taken in. */
async function readPieces(file: FileHandle, reader: StateFileReader): Promise<Result<StateFile, OrderError>> {
  let [piece, other] = [new Uint8Array(READ_BYTES), new Uint8Array(READ_BYTES)];
  let reading = file.read(piece, 0, READ_BYTES);
  for (;;) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return reader.end();
    reading = file.read(other, 0, READ_BYTES);
    const fault = reader.push(piece.subarray(0, bytesRead));
    if (fault !== undefined) {
      await reading;
      return fail(fault);
    }
    [piece, other] = [other, piece];
  }
}

/**
 * Writes the state as it is at the time of the call; it may change while the file is written, which begins
 * `after` something else. Gives the count of orders.
 */
export async function writeStateFile(
  path: string,
  state: State,
  revision: number,
  after?: Promise<void>,
): Promise<Result<number, OrderError>> {
  const { orders, pieces } = stateFileText(state, revision);
  await after;
  const written = await replaceFile(path, pieces);
  return written.ok ? ok(orders) : fail(unwritable(written.error));
}

function unreadable(fault: FileFault): OrderError {
  return { code: "STATE_FILE_UNREADABLE", message: `the state file cannot be read: ${fault.message}` };
}

export function unwritable(fault: FileFault): OrderError {
  return { code: "STATE_FILE_UNWRITABLE", message: `the state file cannot be written: ${fault.message}` };
}
