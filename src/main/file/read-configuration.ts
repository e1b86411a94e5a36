/**
 * A configuration file with all that it names, read and judged: what is left to do is to compare it with what
 * runs. The same for `kakehi config check`, a start and a reload.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault } from "../../io/files.ts";
import { readEntry, type ReadPem } from "../../model/file/entry.ts";
import { type Complaint, complaintsOf, type Fault, pathText } from "../../model/file/fault.ts";
import { type ConfigurationFile, parseConfigurationFile } from "../../model/file/parse-file.ts";
import { OWNED_KINDS } from "../../model/file/settings.ts";
import type { OrderError } from "../../model/errors.ts";
import { PEM_CHARS_MAX } from "../../model/limits.ts";
import type { State } from "../../model/state.ts";
import { readOrder } from "../orders/certificate-order.ts";
import { readConfigurationText } from "./read-text.ts";
import { inSlices } from "./slices.ts";
import { type ReadEntry, wantedState } from "./wanted-state.ts";

export interface ReadConfiguration {
  readonly path: string;
  readonly file: ConfigurationFile;
  readonly entries: readonly ReadEntry[];
  readonly warnings: readonly string[];
  /** What it makes; absent where the rest is left to orders, and is not known before. */
  readonly state?: State;
}

/** Why a file is not taken: it cannot be read, or all that is wrong in it. */
export interface ConfigurationFault {
  readonly path: string;
  readonly reason: string | readonly Complaint[];
}

/** Reads the file at an absolute path. */
export async function readConfiguration(
  path: string,
): Promise<Result<ReadConfiguration, ConfigurationFault>> {
  const text = await readConfigurationText(path);
  if (!text.ok) return fail({ path, reason: text.error });
  const parsed = parseConfigurationFile(text.value);
  if (!parsed.ok) return fail({ path, reason: parsed.error });
  const file = parsed.value;
  const read = await inSlices(readEntries(file, pemReader(dirname(path))));
  if (!read.ok) return fail({ path, reason: complaintsOf(file.text, read.error) });
  const { entries, warnings } = read.value;
  const isWhole = file.owns.size === Object.keys(OWNED_KINDS).length;
  if (!isWhole) return ok({ path, file, entries, warnings });
  const state = await inSlices(wantedState(file, entries));
  if (!state.ok) return fail({ path, reason: complaintsOf(file.text, state.error) });
  return ok({ path, file, entries, warnings, state: state.value });
}

/** All complaints, each with its place, one a line. */
export function faultLines({ path, reason }: ConfigurationFault): readonly string[] {
  if (typeof reason === "string") return [`${path} ${reason}`];
  return reason.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
}

/** The fault as an order is answered. */
export function configurationError(fault: ConfigurationFault): OrderError {
  const code = typeof fault.reason === "string" ? "CONFIGURATION_UNREADABLE" : "CONFIGURATION_INVALID";
  return { code, message: faultLines(fault).join("\n") };
}

function* readEntries(
  { entries }: ConfigurationFile,
  readPem: ReadPem,
): Generator<void, Result<Pick<ReadConfiguration, "entries" | "warnings">, readonly Fault[]>> {
  const nowMs = Date.now();
  const all: ReadEntry[] = [];
  const warnings: string[] = [];
  const faults: Fault[] = [];
  for (const entry of entries) {
    yield;
    const sent = readEntry(entry, readPem);
    if (!sent.ok) {
      faults.push(...sent.error);
      continue;
    }
    const read = readOrder(sent.value, nowMs);
    const place = pathText(entry.path);
    if (read.ok) {
      all.push({ entry, order: read.value.order });
      for (const warning of read.value.addendum?.warnings ?? []) warnings.push(`${place}: ${warning}`);
    } else faults.push({ path: entry.path, message: `${place}: ${read.error.message}` });
  }
  return faults.length > 0 ? fail(faults) : ok({ entries: all, warnings });
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
