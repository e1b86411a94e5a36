/**
 * Makes a state file and its journal usable again when a start refuses them: says what would be lost, and
 * keeps what was there beside what it writes. What can be saved is decided in `salvage.ts`.
 *
 * Rules of this file:
 *  1. Never while a proxy keeps its state there: the lock beside the file says so.
 *  2. What is replaced is copied aside first, and synced. A crash at any moment leaves the damaged files, or
 *     the whole ones, and the copies.
 */
import { copyFile, readFile, stat } from "node:fs/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { constants } from "node:fs";
import { fileFault, replaceFile, syncFile } from "../../io/files.ts";
import { journalHeader } from "./journal-records.ts";
import { salvage, type Salvage } from "./salvage.ts";
import { writeStateFile } from "./state-files.ts";
import { takeStateLock } from "./state-lock.ts";

/** A configuration on disk that was looked at, and nobody else's while it is held. */
export interface ExaminedState {
  readonly found: Salvage;
  /** Replaces the damaged files; gives where they are kept. */
  replace(): Promise<Result<readonly string[], string>>;
  /** Writes what can be saved to a file that is not there yet, and leaves the damaged ones alone. */
  writeTo(path: string): Promise<Result<void, string>>;
  /** Gives the lock back. Once. */
  release(): void;
}

/** Looks at the state file `path` and its journal, and locks them. The error is a sentence for the user. */
export async function examineState(path: string): Promise<Result<ExaminedState, string>> {
  if (!(await isThere(path)) && !(await isThere(journalOf(path)))) {
    return fail(`there is neither ${path} nor ${journalOf(path)}`);
  }
  const lock = takeStateLock(path);
  if (!lock.ok) return lock;
  const found = await readAll(path);
  if (!found.ok) {
    lock.value.release();
    return found;
  }
  return ok({
    found: found.value,
    replace: () => replaceBoth(path, found.value),
    writeTo: (target) => writeNew(target, found.value),
    release: () => lock.value.release(),
  });
}

async function readAll(path: string): Promise<Result<Salvage, string>> {
  const files: (Uint8Array | undefined)[] = [];
  for (const file of [path, journalOf(path)]) {
    const bytes = await readFile(file).catch((error: unknown) => fileFault(error));
    if (bytes instanceof Uint8Array) files.push(bytes);
    else if (bytes.code === "ENOENT") files.push(undefined);
    else return fail(`${file}: ${bytes.message}`);
  }
  return salvage(files[0], files[1]);
}

async function replaceBoth(path: string, found: Salvage): Promise<Result<readonly string[], string>> {
  const kept = await keepAside(path);
  if (!kept.ok) return kept;
  const written = await writeBoth(path, found);
  return written.ok ? kept : written;
}

async function writeNew(path: string, found: Salvage): Promise<Result<void, string>> {
  for (const file of [path, journalOf(path)]) {
    if (await isThere(file)) return fail(`${file} is there already; choose another path`);
  }
  return writeBoth(path, found);
}

/** The state file first: a journal that it has passed already is passed over. */
async function writeBoth(path: string, { state, revision }: Salvage): Promise<Result<void, string>> {
  const written = await writeStateFile(path, state, revision);
  if (!written.ok) return fail(`${path}: ${written.error.message}`);
  const restarted = await replaceFile(journalOf(path), [journalHeader(revision, state.hash())]);
  return restarted.ok ? ok(undefined) : fail(`${journalOf(path)}: ${restarted.error.message}`);
}

async function keepAside(path: string): Promise<Result<readonly string[], string>> {
  const suffix = `.damaged-${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}`;
  const kept: string[] = [];
  for (const file of [path, journalOf(path)]) {
    const copy = file + suffix;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      await syncFile(copy);
      kept.push(copy);
    } catch (error) {
      const fault = fileFault(error);
      if (fault.code !== "ENOENT") return fail(`cannot keep ${file} as ${copy}: ${fault.message}`);
    }
  }
  return ok(kept);
}

function journalOf(path: string): string {
  return `${path}.journal`;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
