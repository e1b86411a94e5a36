/**
 * A configuration file with the PEM files that it names, each object as the order that adds it: what can be
 * said of a file by looking at nothing else. It holds whoever does it for some 60 ms a megabyte, so that of a
 * large file another process does it (`reader.ts`).
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault } from "../../io/files.ts";
import { readEntry, type ReadPem } from "../../model/file/entry.ts";
import { type Complaint, complaintsOf, type Fault } from "../../model/file/fault.ts";
import { type ConfigurationFile, parseConfigurationFile } from "../../model/file/parse-file.ts";
import type { ValuePath } from "../../model/file/position.ts";
import { PEM_CHARS_MAX } from "../../model/limits.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { readConfigurationText } from "./read-text.ts";
import { inSlices } from "./slices.ts";

/** What a file says beside its objects. */
export type FileHead = Pick<ConfigurationFile, "settings" | "rights" | "owns">;

/** An object of the file. */
export interface FileObject {
  readonly path: ValuePath;
  readonly order: ChangeOrder;
}

export interface FileObjects {
  readonly head: FileHead;
  readonly objects: readonly FileObject[];
  readonly text: string;
}

/** The end of a sentence that begins with the file's path; or all that is wrong in it, by its places. */
export type FileReason = string | readonly Complaint[];

/** Reads the file at an absolute path. */
export async function readFileObjects(path: string): Promise<Result<FileObjects, FileReason>> {
  const read = await readConfigurationText(path);
  if (!read.ok) return read;
  const text = read.value;
  const readPem = pemReader(dirname(path));
  const parsed = parseConfigurationFile(text, (entry) => {
    const object = readEntry(entry, readPem);
    return object.ok ? [] : object.error;
  });
  if (!parsed.ok) return parsed;
  const { entries, ...file } = parsed.value;
  const objects = await inSlices(readEntries(entries, readPem));
  if (!objects.ok) return fail(complaintsOf(text, objects.error));
  const { settings, rights, owns } = file;
  const head = { settings, ...(rights !== undefined && { rights }), owns };
  return ok({ head, objects: objects.value, text });
}

/** By which a text is known again. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function* readEntries(
  entries: ConfigurationFile["entries"],
  readPem: ReadPem,
): Generator<void, Result<readonly FileObject[], readonly Fault[]>> {
  const objects: FileObject[] = [];
  const faults: Fault[] = [];
  for (const entry of entries) {
    yield;
    const read = readEntry(entry, readPem);
    if (read.ok) objects.push({ path: entry.path, order: read.value });
    else faults.push(...read.error);
  }
  return faults.length > 0 ? fail(faults) : ok(objects);
}

/** A relative path begins at the configuration file's folder. */
function pemReader(folder: string): ReadPem {
  return (name) => {
    const path = resolve(folder, name);
    try {
      const stats = statSync(path);
      if (!stats.isFile()) return fail(`${path} is no regular file`);
      if (stats.size > PEM_CHARS_MAX) return fail(`${path} has more than ${PEM_CHARS_MAX} bytes`);
      const text = readFileSync(path, "utf8");
      return text.trim() === "" ? fail(`${path} is empty`) : ok(text);
    } catch (error) {
      const { code, message } = fileFault(error);
      return fail(code === "ENOENT" ? `${path} is not there` : `${path} cannot be read: ${message}`);
    }
  };
}
