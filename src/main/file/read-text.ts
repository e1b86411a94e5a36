/**
 * A configuration file's text, or why there is none: people name the wrong file, save in other encodings, and
 * write while we read. Nothing is done with a text that may not be the whole of it.
 */
import type { FileHandle } from "node:fs/promises";
import { stat } from "node:fs/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault, NOT_REGULAR, openRegularFile } from "../../io/files.ts";
import { CONFIGURATION_FILE_BYTES_MAX } from "../../model/limits.ts";

const ATTEMPTS_MAX = 3;
export const WRITTEN_MEANWHILE = "was written while it was read: try again when it is complete";
const UTF16_MARKS = ["fffe", "feff"];
/** Of all bytes: keys and values are Latin letters, though comments may be in any script. */
const UTF16_NULLS_MIN = 0.1;

/** The text of the file. The error is the end of a sentence that begins with the file's path. */
export async function readConfigurationText(
  path: string,
  bytesMax: number = CONFIGURATION_FILE_BYTES_MAX,
): Promise<Result<string, string>> {
  try {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const file = await openRegularFile(path);
      try {
        const bytes = await readWhole(file, bytesMax);
        if (typeof bytes === "string") return fail(bytes);
        if (bytes !== undefined) return textOf(bytes);
      } finally {
        await file.close();
      }
    }
    return fail(WRITTEN_MEANWHILE);
  } catch (error) {
    return fail(await reasonOf(path, error));
  }
}

/** All bytes; `undefined` where the file changed meanwhile; a text that says why not. */
async function readWhole(file: FileHandle, bytesMax: number): Promise<Buffer | string | undefined> {
  const before = await file.stat();
  if (before.size > bytesMax) return `has ${before.size} bytes, and may have ${bytesMax}`;
  // One byte more than there should be: a file that grows is seen, and not followed.
  const bytes = Buffer.alloc(before.size + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const after = await file.stat();
  const isSame = length === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs;
  return isSame ? bytes.subarray(0, length) : undefined;
}

function textOf(bytes: Buffer): Result<string, string> {
  if (isUtf16(bytes)) return fail("is in UTF-16: save it in UTF-8");
  // What is no UTF-8 comes back as other bytes than it was.
  const text = bytes.toString("utf8");
  const again = Buffer.from(text);
  if (!again.equals(bytes)) {
    const at = bytes.findIndex((byte, index) => byte !== again[index]);
    const line = bytes.subarray(0, at).toString("latin1").split("\n").length;
    return fail(`is not in UTF-8: line ${line} has other bytes`);
  }
  return text.trim() === "" ? fail("is empty: it would remove all that is configured") : ok(text);
}

/**
 * By its mark, or without one by its NUL bytes: every other byte of a Latin letter is one, and no text that
 * could be meant has any.
 */
function isUtf16(bytes: Buffer): boolean {
  if (UTF16_MARKS.includes(bytes.subarray(0, 2).toString("hex"))) return true;
  if (!bytes.includes(0)) return false;
  const nulls = [0, 0];
  for (const [index, byte] of bytes.entries()) if (byte === 0) nulls[index % 2]!++;
  const [fewer, more] = nulls.toSorted((one, other) => one - other);
  return fewer === 0 && more! >= bytes.length * UTF16_NULLS_MIN;
}

async function reasonOf(path: string, error: unknown): Promise<string> {
  const { code, message } = fileFault(error);
  if (code === "ENOENT") return "is not there";
  if (code === "EACCES" || code === "EPERM") return "cannot be read: no permission";
  if (code !== NOT_REGULAR.code) return `cannot be read: ${message}`;
  return (await stat(path)).isDirectory() ? "is a directory" : NOT_REGULAR.message;
}
