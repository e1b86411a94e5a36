/**
 * The `id` of a frame that is not JSON, found as well as can be, so that a client can tell which of its
 * orders was malformed. Not a parser: whole JSON never comes here.
 */
import { ORDER_ID_CHARS_MAX } from "./limits.ts";

/** An order's `id` stands near its beginning; a frame may have 16 MiB. */
const LOOK_CHARS_MAX = 65_536;

/**
 * A string, a bracket, a comma or colon, or a run of anything else. Sticky: at what is none of these the look
 * ends.
 */
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^"{}[\],:\s]+)/gsuy;

/**
 * The string that a field `id` of the outermost object holds; `null` if there is none before the text stops
 * making sense.
 */
export function findFrameId(text: string): string | null {
  const tokens = text.slice(0, LOOK_CHARS_MAX).matchAll(TOKEN);
  let depth = 0;
  let beforeLast = "";
  let last = "";
  for (const [, token = ""] of tokens) {
    if (depth === 1 && last === ":" && beforeLast === '"id"') return readId(token);
    if (token === "{" || token === "[") depth++;
    if (token === "}" || token === "]") depth--;
    [beforeLast, last] = [last, token];
  }
  return null;
}

function readId(token: string): string | null {
  try {
    const id: unknown = JSON.parse(token);
    const isId =
      typeof id === "string" && id.length > 0 && id.length <= ORDER_ID_CHARS_MAX && !id.includes("\ufffd");
    return isId ? id : null;
  } catch {
    return null;
  }
}
