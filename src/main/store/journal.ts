/**
 * Keeps changes on disk: appended to the journal and synced before anybody is told (fdatasync(2)), folded
 * into the state file when the journal has grown. What stands in the files is `journal-records.ts` and
 * `model/state-file.ts`.
 *
 * Rules of this file:
 *  1. A batch is on disk whole, or not at all: what was written of one that failed is cut off again. While
 *     that cannot be done, nothing more is kept.
 *  2. The state file is replaced first and the journal shortened after: a crash between the two leaves
 *     batches that the state file has already, and they are passed over.
 *  3. Orders wait for the journal, never for the state file, unless the change is too large for one record.
 */
import { open, type FileHandle } from "node:fs/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { fileFault, replaceFile, type FileFault } from "../../io/files.ts";
import type { Log } from "../../io/log.ts";
import type { OrderError } from "../../model/errors.ts";
import type { State } from "../../model/state.ts";
import type { ChangeKeeper, KeptChange } from "../configuration.ts";
import { batchText, journalHeader } from "./journal-records.ts";
import { unwritable, writeStateFile } from "./state-files.ts";

/** A batch that is larger goes into the state file instead: a record has its limit. */
const BATCH_CHARS_MAX = 1024 * 1024;

export interface JournalOptions {
  readonly statePath: string;
  readonly journalPath: string;
  /** The state that the changes lead to; changes are kept after they were made to it. */
  readonly state: State;
  readonly revision: number;
  /** The journal is folded into the state file when it is larger. */
  readonly journalBytesMax: number;
  readonly log: Log;
  /** Brings to disk what history has of the changes so far: before they leave the journal. */
  readonly syncHistory?: () => Promise<void>;
  /** How the journal's file is opened; tests have one that fails. */
  readonly openFile?: (path: string) => Promise<JournalFile>;
}

/** What is asked of the journal's file. */
export type JournalFile = Pick<FileHandle, "close" | "datasync" | "read" | "truncate" | "write">;

export class Journal implements ChangeKeeper {
  readonly #options: JournalOptions;
  #file: JournalFile;
  /** Where the next batch goes; what stands behind it is no part of the journal. */
  #endByte: number;
  /** `spoiled`: what stands behind the end could not be cut off. */
  #state: "whole" | "spoiled" = "whole";
  #foldAboveBytes: number;
  #revision: number;
  #work: Promise<unknown> = Promise.resolve();
  /** How many folds were begun: one that was overtaken by another does not shorten the journal any more. */
  #folds = 0;
  #stateFileWritten: Promise<unknown> = Promise.resolve();
  #folding: Promise<void> = Promise.resolve();

  private constructor(options: JournalOptions, file: JournalFile, endByte: number) {
    this.#options = options;
    this.#file = file;
    this.#endByte = endByte;
    this.#revision = options.revision;
    this.#foldAboveBytes = options.journalBytesMax;
  }

  /** Goes on with a journal of which `wholeBytes` are good; what stands behind is cut off. */
  static async open(options: JournalOptions, wholeBytes: number): Promise<Result<Journal, FileFault>> {
    try {
      const file = await openJournal(options);
      await file.truncate(wholeBytes);
      await file.datasync();
      return ok(new Journal(options, file, wholeBytes));
    } catch (error) {
      return fail(fileFault(error));
    }
  }

  get journalBytes(): number {
    return this.#endByte;
  }

  keep(changes: readonly KeptChange[]): Promise<Result<void, OrderError>> {
    return this.#next(() => this.#keep(changes));
  }

  /** Fulfilled, with its length, when everything is on disk and nothing is being folded. */
  async rest(): Promise<number> {
    await this.#folding;
    await this.#work;
    return this.#endByte;
  }

  /** Folds what is left into the state file, and lets go of the files. */
  async close(): Promise<void> {
    await this.#folding;
    await this.#next(async () => {
      const folded = await this.#foldNow();
      if (!folded.ok) this.#options.log.warning(`${folded.error.message}; the journal holds what it lacks`);
      await this.#file.close();
    });
  }

  /** One after another. */
  #next<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#work.then(work);
    this.#work = result;
    return result;
  }

  async #keep(changes: readonly KeptChange[]): Promise<Result<void, OrderError>> {
    if (changes.length === 0) return ok(undefined);
    const revision = changes.at(-1)!.revision;
    const text = batchText(changes);
    if (text.length > BATCH_CHARS_MAX) return this.#foldAt(revision);
    const appended = await this.#append(encodeUtf8(text));
    if (!appended.ok) return fail(unwritable(appended.error));
    this.#revision = revision;
    if (this.#endByte > this.#foldAboveBytes) this.#foldBeside();
    return ok(undefined);
  }

  async #append(bytes: Uint8Array): Promise<Result<void, FileFault>> {
    try {
      if (this.#state === "spoiled") await this.#cutOff();
      this.#state = "spoiled";
      let written = 0;
      while (written < bytes.length) {
        const at = this.#endByte + written;
        written += (await this.#file.write(bytes, written, bytes.length - written, at)).bytesWritten;
      }
      await this.#file.datasync();
      this.#endByte += bytes.length;
      this.#state = "whole";
      return ok(undefined);
    } catch (error) {
      const fault = fileFault(error);
      await this.#cutOff().catch((again: unknown) => {
        this.#options.log.error(`the journal cannot be repaired now: ${fileFault(again).message}`);
      });
      return fail(fault);
    }
  }

  async #cutOff(): Promise<void> {
    await this.#file.truncate(this.#endByte);
    await this.#file.datasync();
    this.#state = "whole";
  }

  /** Orders go on; the journal is shortened when the state file is there. */
  #foldBeside(): void {
    const { statePath, state, log, journalBytesMax, syncHistory = nothing } = this.#options;
    const revision = this.#revision;
    const fromByte = this.#endByte;
    const hash = state.hash();
    const fold = ++this.#folds;
    // Not again before as much was added: also not if this one fails.
    this.#foldAboveBytes = Number.POSITIVE_INFINITY;
    const writing = writeStateFile(statePath, state, revision, syncHistory());
    this.#stateFileWritten = writing;
    this.#folding = writing.then((written) =>
      this.#next(async () => {
        if (fold !== this.#folds) return;
        const shortened = written.ok ? await this.#restart(revision, hash, fromByte) : written;
        if (!shortened.ok) log.warning(`the journal grows on: ${shortened.error.message}`);
        this.#foldAboveBytes = this.#endByte + journalBytesMax;
      }),
    );
  }

  /** A change that is too large for a record. The state has it already. */
  async #foldAt(revision: number): Promise<Result<void, OrderError>> {
    const before = this.#revision;
    this.#revision = revision;
    const folded = await this.#foldNow();
    if (!folded.ok) this.#revision = before;
    return folded;
  }

  async #foldNow(): Promise<Result<void, OrderError>> {
    const { statePath, state, syncHistory = nothing } = this.#options;
    this.#folds++;
    this.#foldAboveBytes = this.#endByte + this.#options.journalBytesMax;
    // An older state file must never replace a newer one.
    await this.#stateFileWritten;
    const written = await writeStateFile(statePath, state, this.#revision);
    if (!written.ok) return written;
    await syncHistory();
    const restarted = await this.#restart(this.#revision, state.hash(), this.#endByte);
    // The state file has everything; a journal that is too long does no harm.
    if (!restarted.ok) this.#options.log.warning(`the journal grows on: ${restarted.error.message}`);
    return ok(undefined);
  }

  /** A new journal after `revision`, with the batches that stand from `fromByte` on. */
  async #restart(revision: number, hash: string, fromByte: number): Promise<Result<void, OrderError>> {
    const { journalPath } = this.#options;
    try {
      const rest = Buffer.alloc(this.#endByte - fromByte);
      await this.#file.read(rest, 0, rest.length, fromByte);
      const header = journalHeader(revision, hash);
      const replaced = await replaceFile(journalPath, [header, rest.toString("utf8")]);
      if (!replaced.ok) return fail(unwritable(replaced.error));
      const file = await openJournal(this.#options);
      await this.#file.close();
      this.#file = file;
      this.#endByte = Buffer.byteLength(header) + rest.length;
      this.#state = "whole";
      return ok(undefined);
    } catch (error) {
      return fail(unwritable(fileFault(error)));
    }
  }
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

function openJournal({ openFile, journalPath }: JournalOptions): Promise<JournalFile> {
  return openFile === undefined ? open(journalPath, "r+") : openFile(journalPath);
}
