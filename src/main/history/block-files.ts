/**
 * Blocks of history in files: a folder beside the state file, with files of some blocks each, named after the
 * first revision in them. Blocks are written behind each other, and whole files are forgotten.
 *
 * Rules of this file:
 *  1. What is added is written soon, and on disk after `sync`; until it is written it stays in memory.
 *  2. A disk that cannot be written to costs nobody an order: it is told once, and tried again.
 *  3. Files that somebody takes away while we run are lost with what was in them, which is told once; what
 *     comes after is written to new ones.
 *  4. What follows damage still counts; what stands before it leads nowhere any more, and is forgotten with
 *     the file's turn.
 */
import { constants } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { fail, ok, type Result } from "../../base/result.ts";
import { type FileFault, fileFault, syncFile } from "../../io/files.ts";
import type { Log } from "../../io/log.ts";
import { type Block, type BlockFacts, readBlocks } from "./block.ts";
import type { BlockStore } from "./block-store.ts";

export interface BlockFilesOptions {
  readonly folder: string;
  /** A file with more bytes than this gets no more blocks. */
  readonly fileBytesMax: number;
  readonly log: Log;
}

interface BlockFile {
  readonly path: string;
  bytes: number;
  readonly places: Place[];
}

interface Place extends BlockFacts {
  readonly file: BlockFile;
  readonly atByte: number;
  readonly byteLength: number;
  /** Until it is written. */
  unwritten: Block | undefined;
}

const { O_RDWR, O_CREAT } = constants;
const NAME_DIGITS = 16;
const NAME = /^[0-9]{16}\.blocks$/;

export class BlockFiles implements BlockStore {
  readonly #options: BlockFilesOptions;
  #files: BlockFile[] = [];
  #places: Place[] = [];
  readonly #unsynced: Set<string> = new Set();
  #work: Promise<unknown> = Promise.resolve();
  #disk: "fine" | "failing" = "fine";

  private constructor(options: BlockFilesOptions) {
    this.#options = options;
  }

  /** What stands in the folder, which is made if it is not there. */
  static async open(options: BlockFilesOptions): Promise<Result<BlockFiles, FileFault>> {
    const store = new BlockFiles(options);
    try {
      await mkdir(options.folder, { recursive: true, mode: 0o700 });
      const names = (await readdir(options.folder)).filter((name) => NAME.test(name)).toSorted();
      for (const name of names) await store.#take(join(options.folder, name), name === names.at(-1));
      return ok(store);
    } catch (error) {
      return fail(fileFault(error));
    }
  }

  get facts(): readonly BlockFacts[] {
    return this.#places;
  }

  get bytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get oldestGroupLast(): number {
    const [oldest] = this.#files;
    if (oldest === undefined) return Number.POSITIVE_INFINITY;
    return oldest.places.at(-1)?.last ?? Number.NEGATIVE_INFINITY;
  }

  add(block: Block): void {
    this.#append(block);
    void this.#next(() => this.#write());
  }

  async read(facts: BlockFacts): Promise<Result<Block, string> | undefined> {
    const place = facts as Place;
    if (!this.#places.includes(place)) return undefined;
    if (place.unwritten !== undefined) return ok(place.unwritten);
    try {
      const { blocks, damage } = readBlocks(await readPart(place));
      const [block] = blocks;
      return block === undefined ? fail(`${place.file.path}: ${damage ?? "nothing"}`) : ok(block);
    } catch (error) {
      const { code, message } = fileFault(error);
      if (code === "ENOENT") await this.#takenAway(place);
      return this.#places.includes(place) ? fail(message) : undefined;
    }
  }

  forgetOldest(): void {
    const file = this.#files.shift();
    if (file === undefined) return;
    this.#places = this.#places.slice(file.places.length);
    this.#remove(file);
  }

  forgetAll(): void {
    while (this.#files.length > 0) this.forgetOldest();
  }

  /** Puts all files aside, where they can be looked at: one folder, instead of an earlier one. */
  async setAside(): Promise<string> {
    const { folder } = this.#options;
    const aside = `${folder}.aside`;
    this.#files = [];
    this.#places = [];
    await this.#next(async () => {
      await rm(aside, { recursive: true, force: true });
      await rename(folder, aside);
      await mkdir(folder, { recursive: true, mode: 0o700 });
    });
    return aside;
  }

  sync(): Promise<void> {
    return this.#next(async () => {
      await this.#write();
      for (const path of this.#unsynced) await syncFile(path);
      this.#unsynced.clear();
    });
  }

  /** One after another; a disk that fails is told once. */
  #next(work: () => Promise<void>): Promise<void> {
    const result = this.#work.then(work).then(
      () => {
        this.#disk = "fine";
      },
      (error: unknown) => {
        const { message: fault } = fileFault(error);
        const { folder, log } = this.#options;
        const what = "the history cannot be written now; it stays in memory";
        if (this.#disk === "fine") log.warning(what, { folder, fault });
        this.#disk = "failing";
      },
    );
    this.#work = result;
    return result;
  }

  async #write(): Promise<void> {
    const { folder } = this.#options;
    if (await isMade(folder)) this.#beginAnew();
    for (const { path } of new Set(this.#unwritten.map(({ file }) => file))) {
      const file = await open(path, O_RDWR | O_CREAT, 0o600);
      try {
        const waiting = this.#unwritten.filter((place) => place.file.path === path);
        const { size } = await file.stat();
        if (size >= waiting[0]!.atByte) await writeAll(file, waiting);
        else {
          this.#beginAnew();
          await rm(path, { force: true });
          return await this.#write();
        }
      } finally {
        await file.close();
      }
      this.#unsynced.add(path);
    }
  }

  get #unwritten(): readonly Place[] {
    return this.#places.filter(({ unwritten }) => unwritten !== undefined);
  }

  /** A file is not where it was. Where the folder above its own is gone, too, it may come back with that. */
  #takenAway(place: Place): Promise<void> {
    return this.#next(async () => {
      await isMade(this.#options.folder);
      if (this.#places.includes(place)) this.#beginAnew();
      await this.#write();
    });
  }

  /** The files are gone, or cut: only what was not in them yet is left. */
  #beginAnew(): void {
    const lost = this.#places.findLast(({ unwritten }) => unwritten === undefined);
    const blocks = this.#unwritten.map(({ unwritten }) => unwritten!);
    if (lost !== undefined) {
      const message = "files of the history were removed or cut while it was in use; it begins anew";
      this.#options.log.warning(message, { folder: this.#options.folder, lost_up_to: lost.last });
    }
    this.#files = [];
    this.#places = [];
    this.#unsynced.clear();
    for (const block of blocks) this.#append(block);
  }

  #append(block: Block): void {
    const { bytes, dataAt: _, ...facts } = block;
    const last = this.#files.at(-1);
    const file = last === undefined || last.bytes > this.#options.fileBytesMax ? this.#begin(block) : last;
    const place = { ...facts, file, atByte: file.bytes, byteLength: bytes.length, unwritten: block };
    file.bytes += bytes.length;
    file.places.push(place);
    this.#places.push(place);
  }

  #begin({ first }: Block): BlockFile {
    const name = `${String(first).padStart(NAME_DIGITS, "0")}.blocks`;
    const file = { path: join(this.#options.folder, name), bytes: 0, places: [] };
    this.#files.push(file);
    return file;
  }

  #remove({ path }: BlockFile): void {
    this.#unsynced.delete(path);
    void this.#next(() => rm(path, { force: true }));
  }

  /** Takes in a file that is there. Only the newest may end in the middle of a block: it was never synced. */
  async #take(path: string, isNewest: boolean): Promise<void> {
    const { log } = this.#options;
    const all = await readFile(path);
    const { blocks, damage, wholeBytes } = readBlocks(all);
    const file: BlockFile = { path, bytes: 0, places: [] };
    this.#files.push(file);
    for (const { bytes, dataAt: _, ...facts } of blocks) {
      const before = this.#places.at(-1);
      const follows = before === undefined || isNext(before, facts);
      if (!follows) this.#disown(`${path}: revision ${facts.first} does not follow the one before`);
      const place = { ...facts, file, atByte: file.bytes, byteLength: bytes.length, unwritten: undefined };
      file.bytes += bytes.length;
      file.places.push(place);
      this.#places.push(place);
    }
    if (damage === undefined) return;
    if (!isNewest) {
      file.bytes = all.length;
      return this.#disown(`${path}: ${damage}`);
    }
    log.warning("the newest file of the history ends in the middle, and is cut there", { path, damage });
    const handle = await open(path, "r+");
    await handle.truncate(wholeBytes);
    await handle.close();
  }

  /** What was read so far leads nowhere. */
  #disown(damage: string): void {
    const lost = this.#places.at(-1)?.last;
    const what =
      "the history is damaged; it begins behind the damage, what was before cannot be gone back to";
    this.#options.log.warning(what, { damage, ...(lost !== undefined && { lost_up_to: lost }) });
    for (const { places } of this.#files) places.length = 0;
    this.#places = [];
  }
}

function isNext(before: BlockFacts, block: BlockFacts): boolean {
  const { first, hash_before: hash, link_before: link } = block;
  return first === before.last + 1 && hash === before.hash && link === before.link;
}

/** Makes a folder that is not there, in one that is. */
function isMade(folder: string): Promise<boolean> {
  return mkdir(folder, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (fileFault(error).code === "EEXIST") return false;
      throw error;
    },
  );
}

async function readPart({ file, atByte, byteLength }: Place): Promise<Uint8Array> {
  const handle = await open(file.path, "r");
  try {
    const bytes = Buffer.alloc(byteLength);
    const { bytesRead } = await handle.read(bytes, 0, byteLength, atByte);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function writeAll(file: FileHandle, places: readonly Place[]): Promise<void> {
  for (const place of places) {
    const { bytes } = place.unwritten!;
    for (let written = 0; written < bytes.length;) {
      const at = place.atByte + written;
      written += (await file.write(bytes, written, bytes.length - written, at)).bytesWritten;
    }
    place.unwritten = undefined;
  }
}
