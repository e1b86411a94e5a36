/**
 * State files of Sōzu on disk: read in pieces and record by record, each understood or not. What becomes of
 * them is `orders/import-state.ts`; what their records mean is `model/dialect/`.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault, openRegularFile, replaceFile } from "../../io/files.ts";
import type { ChangeAction } from "../../model/dialect/action.ts";
import { parseDialectRecord } from "../../model/dialect/parse-dialect.ts";
import { dialectFileText, type InnerOrder } from "../../model/dialect/write-record.ts";
import type { OrderError } from "../../model/errors.ts";
import { STATE_LIMITS } from "../../model/limits.ts";
import { type FileRecord, placeText, RecordReader } from "../../model/records.ts";
import { unwritable } from "./state-files.ts";

const READ_BYTES = 64 * 1024;
/** A listener has two records. */
const RECORDS_MAX = 2 * STATE_LIMITS.objectsMax;

/** A record that is whole, and what it asks for. */
export interface DialectRecord {
  /** From 1. */
  readonly number: number;
  readonly action: Result<ChangeAction, OrderError>;
}

/** Reads a file to its end. The error says why it is none of Sōzu's state files. */
export async function readDialectFile(path: string): Promise<Result<readonly DialectRecord[], OrderError>> {
  try {
    const file = await openRegularFile(path);
    try {
      const reader = new RecordReader();
      const records: DialectRecord[] = [];
      const piece = new Uint8Array(READ_BYTES);
      for (;;) {
        const { bytesRead } = await file.read(piece, 0, READ_BYTES);
        const rest = bytesRead === 0 ? reader.end() : undefined;
        const found = bytesRead === 0 ? (rest ? [rest] : []) : reader.push(piece.subarray(0, bytesRead));
        for (const record of found) {
          const fault = take(record, records);
          if (fault !== undefined) return fail(fault);
        }
        if (bytesRead === 0) return records.length === 0 ? fail(invalid("it is empty")) : ok(records);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    const message = `cannot open file at path '${path}': ${fileFault(error).message}`;
    return fail({ code: "STATE_FILE_UNREADABLE", message });
  }
}

/** Writes a file of theirs, whole or not at all; readable by its owner alone. */
export async function writeDialectFile(
  path: string,
  orders: readonly InnerOrder[],
): Promise<Result<void, OrderError>> {
  const written = await replaceFile(path, [dialectFileText(orders)]);
  return written.ok ? written : fail(unwritable(written.error));
}

function take(record: FileRecord, records: DialectRecord[]): OrderError | undefined {
  if (record.kind === "unfinished")
    return invalid(`${placeText(record)}: the file ends before the record does`);
  if (record.kind === "damaged") return invalid(`${placeText(record)}: ${record.reason}`);
  if (record.number === 1 && Object.hasOwn(record.value, "format"))
    return invalid("it is one of Kakehi: LOAD_STATE of version 1 loads it, as kakehi state load does");
  if (records.length >= RECORDS_MAX) return invalid(`it has more than ${RECORDS_MAX} records`);
  records.push({ number: record.number, action: parseDialectRecord(record.value) });
  return undefined;
}

function invalid(reason: string): OrderError {
  return { code: "STATE_FILE_INVALID", message: `this is no state file of Sōzu: ${reason}` };
}
