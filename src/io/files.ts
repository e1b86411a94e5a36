/**
 * Files that are there whole or not at all: written beside their place, synced, renamed, and the folder
 * synced (rename(2), fsync(2)), so that a crash leaves the old file or the new one. Failures of the system
 * are values.
 */
import { rmSync } from "node:fs";
import { open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";

/**
 * Why a file could not be read or written: the system's code (`ENOSPC`, `EACCES`, …) and a sentence for
 * people.
 */
export interface FileFault {
  readonly code: string;
  readonly message: string;
}

const WRITE_CHARS_MIN = 256 * 1024;
export const NOT_REGULAR: FileFault = { code: "ENOTREG", message: "is no regular file" };

/**
 * Replaces a file by the joined `parts`, with mode 0600. The parts are taken little by little, so a large
 * file never stands in memory whole, and other work goes on in between.
 */
export async function replaceFile(path: string, parts: Iterable<string>): Promise<Result<void, FileFault>> {
  const place = await findPlace(path);
  return place.ok ? replaceAt(place.value, parts) : place;
}

async function replaceAt(path: string, parts: Iterable<string>): Promise<Result<void, FileFault>> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // One left behind by a crash may have any mode: it must not lend it to this one.
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx", 0o600);
    try {
      await writeParts(file, parts);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return ok(undefined);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    return fail(fileFault(error));
  }
}

/**
 * Where the file is that `path` names: a link is followed, so that what it points at is replaced, and not the
 * link. What is there and is no regular file (a device, a folder, a pipe) is left alone.
 */
async function findPlace(path: string): Promise<Result<string, FileFault>> {
  try {
    const place = await realpath(path);
    const { code, message } = NOT_REGULAR;
    return (await stat(place)).isFile() ? ok(place) : fail({ code, message: `${place} ${message}` });
  } catch (error) {
    const fault = fileFault(error);
    return fault.code === "ENOENT" ? ok(path) : fail(fault);
  }
}

/**
 * Opens a regular file for reading; anything else (a pipe, a device) is refused: it might never end, or never
 * begin.
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  // Asked before it is opened: opening a pipe waits for its writer.
  if (!(await stat(path)).isFile()) {
    throw Object.assign(new Error(`${path} ${NOT_REGULAR.message}`), { code: NOT_REGULAR.code });
  }
  return open(path, "r");
}

/** Makes a rename or a new file in this folder last (fsync(2): the folder's own entry needs it too). */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Brings a file that is there to disk, with its entry in the folder. Throws the system's errors. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

/**
 * Removes what is at `path`, if anything is, and if it can be: what stays is for whoever finds it to judge,
 * and stops nobody.
 */
export function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    fileFault(error);
  }
}

/** The system's error as a value. Anything else is our own defect and is thrown on. */
export function fileFault(error: unknown): FileFault {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return { code: error.code, message: error.message };
  }
  throw error;
}

async function writeParts(file: FileHandle, parts: Iterable<string>): Promise<void> {
  let text = "";
  for (const part of parts) {
    text += part;
    if (text.length < WRITE_CHARS_MIN) continue;
    await file.writeFile(text);
    text = "";
  }
  if (text !== "") await file.writeFile(text);
}
