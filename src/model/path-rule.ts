/**
 * Path rules of frontends: what a prefix, an exact path and a regular expression may be.
 *
 * A regular expression meets every client's path, and the engine that runs it backtracks. So those are
 * refused that can take a time out of proportion to the path, as far as a small scan can tell: back
 * references, look-around, and a repeated group that itself repeats or chooses. Workers run the rest with a
 * fallback to an engine that takes linear time.
 */
import { fail, ok, type Result } from "../base/result.ts";
import { PATH_CHARS_MAX, REGEX_CHARS_MAX, REGEX_REPETITION_MAX } from "./limits.ts";

/** Visible ASCII but `?` and `#`, which end a path (RFC 3986 section 3.3). */
const PATH = /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/;

/** A path that a prefix or exact rule holds. The error says what is wrong with it. */
export function parsePathText(text: string): Result<string, string> {
  if (text.length > PATH_CHARS_MAX) return fail(`must have at most ${PATH_CHARS_MAX} characters`);
  if (!text.startsWith("/")) return fail('must begin with "/"');
  if (!PATH.test(text)) return fail('must hold only visible ASCII characters, and neither "?" nor "#"');
  return ok(text);
}

/**
 * A regular expression that a whole path must match; it is anchored at both ends. The error says what is
 * wrong with it.
 */
export function parsePathRegex(source: string): Result<string, string> {
  if (source.length === 0) return fail("must not be empty");
  if (source.length > REGEX_CHARS_MAX) return fail(`must have at most ${REGEX_CHARS_MAX} characters`);
  const fault = compileFault(source) ?? findSlowness(source);
  return fault === undefined ? ok(source) : fail(fault);
}

/**
 * A path rule's regex as it is run: it has to match the whole path. Throws a SyntaxError for what is no
 * regex.
 */
export function compilePathRegex(source: string): RegExp {
  return new RegExp(`^(?:${source})$`);
}

/**
 * Compiled alone and anchored: alone, because `a)|(?:b` compiles only inside our group. Tried once: some fail
 * only then.
 */
function compileFault(source: string): string | undefined {
  try {
    new RegExp(source).test("");
    compilePathRegex(source).test("/");
    return undefined;
  } catch (error) {
    return `must be a regular expression: ${error instanceof Error ? error.message : "it does not compile"}`;
  }
}

/**
 * A part of a regular expression: an escape, a class, a group's begin or end, a choice, a repetition, or one
 * character.
 */
const PART =
  /\\k<|\\.|\[(?:[^\]\\]|\\.)*\]|\(\?<?[=!]|\((?:\?(?:<\w+>|:))?|\)|\||[*+?]|\{(\d+)(,?)(\d*)\}|[^]/g;

/** Whether a group holds a repetition or a choice. */
interface Group {
  varies: boolean;
}

/**
 * Why a regular expression that compiles may be slow, or costly to hold; `undefined` if nothing speaks for
 * it.
 */
function findSlowness(source: string): string | undefined {
  const groups: Group[] = [{ varies: false }];
  let closed: Group | undefined;
  let counted = 0;
  for (const [part, least, , most] of source.matchAll(PART)) {
    if (/^\\[1-9k]/.test(part)) return "must not have back references: they can take very long";
    if (/^\(\?<?[=!]/.test(part)) return "must not have look-around: it can take very long";
    counted += Math.max(Number(least ?? 0), Number(most ?? 0));
    if (counted > REGEX_REPETITION_MAX) {
      return `must not repeat more than ${REGEX_REPETITION_MAX} times, all counts together; use * or + instead`;
    }
    const repeats = part === "*" || part === "+" || least !== undefined;
    if (repeats && closed?.varies === true) {
      return "must not repeat a group that itself repeats or has a choice: it can take very long";
    }
    const group = groups.at(-1)!;
    if (repeats || part === "|" || part === "?") group.varies = true;
    if (part === ")" && groups.length > 1) {
      closed = groups.pop()!;
      if (closed.varies) groups.at(-1)!.varies = true;
      continue;
    }
    closed = undefined;
    if (part.startsWith("(")) groups.push({ varies: false });
  }
  return undefined;
}
