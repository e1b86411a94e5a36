/**
 * Sends a response of our own: made as text, because it is rare, and written to the outbox.
 */
import { putBytes } from "../base/bytes.ts";
import { DEFAULT_RESPONSE_BYTES_MAX, type DefaultResponse, defaultResponse } from "../http/default-responses.ts";
import type { Core } from "./core.ts";

/** False if no buffer is free, or if a redirect's location is longer than a response may be: then the connection ends. */
export function sendDefaultResponse(core: Core, connection: number, response: DefaultResponse): boolean {
  const bytes = defaultResponse(response);
  if (bytes.length > DEFAULT_RESPONSE_BYTES_MAX) return false;
  const at = core.outbox.reserve(bytes.length);
  if (at === -1) return false;
  core.outbox.send(connection, putBytes(core.memory, at, bytes));
  return true;
}
