/**
 * Where the configuration survives main: nowhere, or in a state file with its journal and a lock beside it.
 * Rebuilt at start: the state file, then the journal; what is damaged refuses the start and names the place.
 */
import { accessSync, constants } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault, replaceFile } from "../../io/files.ts";
import { type FileLock, inheritFileLock, isLockInPlace } from "../../io/lock-file.ts";
import type { Log } from "../../io/log.ts";
import { State } from "../../model/state.ts";
import type { FollowChanges } from "../../model/state-file.ts";
import type { History, HistoryLimits } from "../history/history.ts";
import { historyInMemory, openHistory, reconcileHistory } from "../history/open-history.ts";
import type { ChangeKeeper } from "../configuration.ts";
import { type JournalListeners, journalHeader, replayJournal, type Replay } from "./journal-records.ts";
import type { CarriedMain } from "../../model/carried.ts";
import { Journal } from "./journal.ts";
import { readStateFile, writeStateFile } from "./state-files.ts";
import { takeStateLock } from "./state-lock.ts";

/** A configuration to start from, and who keeps its changes. */
export interface StateStore {
  readonly state: State;
  readonly revision: number;
  /** Absent: nothing is kept. */
  readonly keeper: ChangeKeeper | undefined;
  readonly history: History;
  /** What the next program needs to go on with the files; nothing may be changed until it has them. */
  carry(): Promise<CarriedStore>;
  /** What the next program would not find where it looks, in words; `undefined`: it is all there. */
  findMissing(): string | undefined;
  /** Brings everything to disk and lets go of the files. */
  close(): Promise<void>;
}

/** Empty where nothing is kept. */
export type CarriedStore = Pick<CarriedMain, "journal_bytes" | "state_lock_fd" | "history_fd">;

export interface StoreOptions {
  readonly log: Log;
  readonly journalBytesMax: number;
  readonly history: HistoryLimits;
  /**
   * Is told the changes that make the state, as they are read. If the state is refused, they were in vain.
   */
  readonly follow: FollowChanges;
}

/** Rebuilds what the state file `path` and its journal hold; both are made if they are not there. */
export async function openStateStore(
  path: string | undefined,
  options: StoreOptions,
): Promise<Result<StateStore, string>> {
  if (path === undefined) {
    return ok(storeInMemory(new State(), 0, options.history));
  }
  const lock = takeStateLock(path);
  if (!lock.ok) return lock;
  const opened = await openLocked(path, options);
  if (!opened.ok) {
    lock.value.release();
    return opened;
  }
  return ok(storeOf(path, opened.value, lock.value));
}

/**
 * Goes on with the files of the program that we were before: what they hold is the state that it has told.
 */
export async function resumeStateStore(
  path: string | undefined,
  told: { readonly state: State; readonly revision: number } & CarriedStore,
  { log, journalBytesMax, history: limits }: Omit<StoreOptions, "follow">,
): Promise<Result<StateStore, string>> {
  const { state, revision, journal_bytes: wholeBytes, state_lock_fd: lockFd } = told;
  if (path === undefined || wholeBytes === undefined || lockFd === undefined)
    return ok(storeInMemory(state, revision, limits, told.history_fd));
  const journalPath = `${path}.journal`;
  const at = { revision, hash: state.hash() };
  const files = await openHistory({ statePath: path, limits, log }, at);
  const history = await reconcileHistory(files, at, log);
  const syncHistory = (): Promise<void> => history.sync();
  const options = { statePath: path, journalPath, state, revision, journalBytesMax, log, syncHistory };
  const journal = await Journal.open(options, wholeBytes);
  if (!journal.ok) return fail(`cannot write ${journalPath}: ${journal.error.message}`);
  return ok(storeOf(path, { state, revision, history, journal: journal.value }, inheritFileLock(lockFd)));
}

function storeInMemory(
  state: State,
  revision: number,
  limits: HistoryLimits,
  historyFd?: number,
): StateStore {
  const { history, carry } = historyInMemory(limits, { revision, hash: state.hash() }, historyFd);
  return {
    state,
    revision,
    keeper: undefined,
    history,
    carry: () => Promise.resolve({ history_fd: carry() }),
    findMissing: () => undefined,
    close: () => Promise.resolve(),
  };
}

function storeOf(path: string, { state, revision, history, journal }: Opened, lock: FileLock): StateStore {
  const carry = async (): Promise<CarriedStore> => {
    await history.sync();
    const wholeBytes = await journal.rest();
    return { journal_bytes: wholeBytes, state_lock_fd: lock.fd };
  };
  const close = async (): Promise<void> => {
    await journal.close();
    lock.release();
  };
  const findMissing = (): string | undefined => {
    if (!isLockInPlace(`${path}.lock`, lock)) return `${path}.lock is not there any more`;
    return faultOfAccess(`${path}.journal`);
  };
  return { state, revision, keeper: journal, history, carry, findMissing, close };
}

/** Why a file cannot be read and written, with its path; `undefined`: it can. */
function faultOfAccess(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return fileFault(error).message;
  }
}

interface Opened {
  readonly state: State;
  readonly revision: number;
  readonly journal: Journal;
  readonly history: History;
}

async function openLocked(
  path: string,
  { log, journalBytesMax, history: limits, follow }: StoreOptions,
): Promise<Result<Opened, string>> {
  const journalPath = `${path}.journal`;
  const start = await readOrMakeState(path, follow);
  if (!start.ok) return start;
  const { state } = start.value;
  const begin = { revision: start.value.revision, hash: state.hash() };
  const files = await openHistory({ statePath: path, limits, log }, begin);
  const listeners = { follow, recall: files.recall };
  const replayed = await replayOrMakeJournal(journalPath, state, begin.revision, listeners);
  if (!replayed.ok) return fail(`${journalPath}: ${replayed.error}; ${howToRepair(path)}`);
  const { revision, batches, wholeBytes, torn } = replayed.value;
  if (torn !== undefined) {
    log.warning("the journal's last record was not written whole; it was never answered, and is cut off", {
      path: journalPath,
      found: torn,
    });
  }
  const history = await reconcileHistory(files, { revision, hash: state.hash() }, log);
  const syncHistory = (): Promise<void> => history.sync();
  const options = { statePath: path, journalPath, state, revision, journalBytesMax, log, syncHistory };
  const journal = await Journal.open(options, wholeBytes);
  if (!journal.ok) return fail(`cannot write ${journalPath}: ${journal.error.message}`);
  log.info("state rebuilt", { path, revision, from_journal: batches, ...state.sizes() });
  return ok({ state, revision, history, journal: journal.value });
}

async function readOrMakeState(
  path: string,
  follow: FollowChanges,
): Promise<Result<{ state: State; revision: number }, string>> {
  const read = await readStateFile(path, follow);
  if (read.ok) return read;
  if (!(await isMissing(path))) {
    const remedy = read.error.code === "STATE_FILE_INVALID" ? `; ${howToRepair(path)}` : "";
    return fail(`${path}: ${read.error.message}${remedy}`);
  }
  const state = new State();
  const written = await writeStateFile(path, state, 0);
  return written.ok ? ok({ state, revision: 0 }) : fail(`${path}: ${written.error.message}`);
}

async function replayOrMakeJournal(
  path: string,
  state: State,
  revision: number,
  listeners: JournalListeners,
): Promise<Result<Replay, string>> {
  const bytes = await readFile(path).catch((error: unknown) => fileFault(error));
  if (bytes instanceof Uint8Array) return replayJournal(bytes, state, revision, listeners);
  if (bytes.code !== "ENOENT") return fail(bytes.message);
  const header = journalHeader(revision, state.hash());
  const made = await replaceFile(path, [header]);
  if (!made.ok) return fail(made.error.message);
  return ok({ revision, batches: 0, wholeBytes: header.length, torn: undefined });
}

/** What can be done about files that are refused. */
function howToRepair(path: string): string {
  return `what of it can be saved, and what would be lost, says: kakehi state repair ${path}`;
}

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: unknown) => fileFault(error).code === "ENOENT",
  );
}
