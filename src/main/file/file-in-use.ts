/**
 * The configuration file that main was started with: what it said then, and who may do what by it now.
 */
import type { CarriedFile } from "../../model/carried.ts";
import type { FileSettings } from "../../model/file/settings.ts";
import type { Right } from "../../model/rights.ts";
import type { ReadConfiguration } from "./read-configuration.ts";

export class FileInUse {
  /** What `RELOAD_CONFIGURATION` reads if it names none. */
  readonly path: string | undefined;
  readonly #settings: FileSettings | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #rights: readonly Right[] | undefined;

  constructor(file: CarriedFile | undefined) {
    this.path = file?.path;
    this.#settings = file?.settings;
    this.#rights = file?.rights;
  }

  /** Absent: whoever can connect may do everything. */
  get rights(): readonly Right[] | undefined {
    return this.#rights;
  }

  /**
   * One reload after another, from the reading to the change, whoever asks: a text that was read before must
   * not be put in the place of one that was read after.
   */
  inOrder(reload: () => Promise<void>): Promise<void> {
    const reloaded = this.#reloading.then(reload);
    // One that fails is for whoever asked for it: the next one has its turn all the same.
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Told when rights are others than before. */
  rightsChanged: () => void = () => undefined;

  /** From now on the rights are those of a file that was read again. */
  adoptRights(rights: readonly Right[] | undefined): void {
    this.#rights = rights;
    this.rightsChanged();
  }

  /** The settings of another reading that are not what main was started with, as `processes.workers`. */
  changedSettings(settings: FileSettings): readonly string[] {
    const before = flat(this.#settings ?? {});
    const after = flat(settings);
    const names = new Set([...before.keys(), ...after.keys()]);
    return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
  }

  /** For the program that main becomes. */
  carry(): CarriedFile {
    const [path, settings, rights] = [this.path, this.#settings, this.#rights];
    return {
      ...(path !== undefined && { path }),
      ...(settings !== undefined && { settings }),
      ...(rights !== undefined && { rights }),
    };
  }
}

/** As main starts with it. */
export function fileOf(read: ReadConfiguration | undefined): CarriedFile | undefined {
  if (read === undefined) return undefined;
  const { settings, rights } = read.file;
  return { path: read.path, settings, ...(rights !== undefined && { rights }) };
}

function flat(settings: Partial<FileSettings>): ReadonlyMap<string, unknown> {
  const pairs = Object.entries(settings).flatMap(([section, values]) =>
    Object.entries(values).map(([name, value]) => [`${section}.${name}`, value] as const),
  );
  return new Map(pairs);
}
