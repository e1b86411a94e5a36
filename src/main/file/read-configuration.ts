/**
 * A configuration file with all that it names, read and judged: what is left to do is to compare it with what
 * runs. The same for `kakehi config check`, a start and a reload.
 */
import { stat } from "node:fs/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { pathText } from "../../model/field-path.ts";
import { type Complaint, complaintsOf, type Fault } from "../../model/file/fault.ts";
import { OWNED_KINDS } from "../../model/file/settings.ts";
import type { OrderError } from "../../model/errors.ts";
import type { State } from "../../model/state.ts";
import type { MainLimits } from "../limits.ts";
import { readOrder } from "../orders/certificate-order.ts";
import { type FileHead, type FileObject, type FileReason, readFileObjects } from "./file-objects.ts";
import { locateApart, readApart, type ReaderOptions } from "./reader.ts";
import { inSlices } from "./slices.ts";
import { wantedState } from "./wanted-state.ts";

export interface ReadConfiguration {
  readonly path: string;
  readonly file: FileHead;
  readonly objects: readonly FileObject[];
  readonly warnings: readonly string[];
  /** What it makes; absent where the rest is left to orders, and is not known before. */
  readonly state?: State;
  /** The fault that these are of the file, by their places. */
  readonly faultOf: (faults: readonly Fault[]) => Promise<ConfigurationFault>;
}

/** Why a file is not taken: it cannot be read, or all that is wrong in it. */
export interface ConfigurationFault {
  readonly path: string;
  readonly reason: FileReason;
}

/** Who reads a file if it is large. */
export interface ReadingOptions extends ReaderOptions {
  readonly limits: ReaderOptions["limits"] & Pick<MainLimits, "fileHereBytesMax">;
}

/** Reads the file at an absolute path. `apart`: absent where nobody waits for anything else meanwhile. */
export async function readConfiguration(
  path: string,
  apart?: ReadingOptions,
): Promise<Result<ReadConfiguration, ConfigurationFault>> {
  const isApart = apart !== undefined && (await sizeOf(path)) > apart.limits.fileHereBytesMax;
  const read = await (isApart ? readLarge(path, apart) : readHere(path));
  if (!read.ok) return fail({ path, reason: read.error });
  const { file, objects: found, locate } = read.value;
  const faultOf = async (faults: readonly Fault[]): Promise<ConfigurationFault> => {
    const complaints = await locate(faults);
    return { path, reason: complaints.ok ? complaints.value : complaints.error };
  };
  const judged = await inSlices(judge(found));
  if (!judged.ok) return fail(await faultOf(judged.error));
  const { objects, warnings } = judged.value;
  const isWhole = file.owns.size === Object.keys(OWNED_KINDS).length;
  if (!isWhole) return ok({ path, file, objects, warnings, faultOf });
  const state = await inSlices(wantedState(file, objects));
  if (!state.ok) return fail(await faultOf(state.error));
  return ok({ path, file, objects, warnings, state: state.value, faultOf });
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

interface Reading {
  readonly file: FileHead;
  readonly objects: readonly FileObject[];
  readonly locate: (faults: readonly Fault[]) => Promise<Result<readonly Complaint[], FileReason>>;
}

async function readHere(path: string): Promise<Result<Reading, FileReason>> {
  const read = await readFileObjects(path);
  if (!read.ok) return read;
  const { head: file, objects, text } = read.value;
  return ok({ file, objects, locate: (faults) => Promise.resolve(ok(complaintsOf(text, faults))) });
}

async function readLarge(path: string, options: ReaderOptions): Promise<Result<Reading, FileReason>> {
  const read = await readApart(path, options);
  if (!read.ok) return read;
  const { head: file, objects, digest } = read.value;
  return ok({ file, objects, locate: (faults) => locateApart({ path, digest }, faults, options) });
}

/** One that is not there, or is none, is told when it is read. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** What only OpenSSL can say of an object: of its certificates, and of its ciphers' names. */
function* judge(
  found: readonly FileObject[],
): Generator<void, Result<Pick<ReadConfiguration, "objects" | "warnings">, readonly Fault[]>> {
  const nowMs = Date.now();
  const objects: FileObject[] = [];
  const warnings: string[] = [];
  const faults: Fault[] = [];
  for (const { path, order } of found) {
    yield;
    const read = readOrder(order, nowMs);
    const place = pathText(path);
    if (read.ok) {
      objects.push({ path, order: read.value.order });
      for (const warning of read.value.addendum?.warnings ?? []) warnings.push(`${place}: ${warning}`);
    } else faults.push({ path, message: `${place}: ${read.error.message}` });
  }
  return faults.length > 0 ? fail(faults) : ok({ objects, warnings });
}
