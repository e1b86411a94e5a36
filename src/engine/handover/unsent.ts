/**
 * What a detached connection has to write, as it travels to the worker that will write it.
 */
import { encodeBase64 } from "../../base/base64.ts";
import { joinBytes } from "../../base/bytes.ts";
import type { Core } from "../core.ts";

/** In base64; empty if there is nothing. */
export function unsentOf(core: Core, connection: number): string {
  if (core.port.unsentBytes(connection) === 0) return "";
  const pieces: Uint8Array[] = [];
  core.port.eachUnsent(connection, (_buffer, start, end) => pieces.push(core.memory.subarray(start, end)));
  return encodeBase64(joinBytes(...pieces));
}
