/**
 * The kinds of fields that orders have: how each is checked, brought into canonical form, and described. A
 * message is the end of a sentence that begins with the field's path: "data.weight must be a whole number
 * from 0 to 256".
 */
import { z } from "zod";
import { parseAddress } from "../../base/address.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderErrorCode } from "../errors.ts";
import { parseHostname, parseHostnamePattern } from "../hostname.ts";
import { METHOD_CHARS_MAX, OBJECT_ID_CHARS_MAX, STICKY_ID_CHARS_MAX } from "../limits.ts";

const ADDRESS_TAKES = 'an address such as "127.0.0.1:8080" or "[::1]:8080"';

/** What a field accepts, in the words of a message, and what it is for. */
interface Words {
  readonly takes: string;
  readonly about: string;
}

/** A code other than `INVALID_FIELD`, carried by an issue to the refusal. */
export interface IssueParams {
  readonly code: OrderErrorCode;
}

/** The error option of a schema: one message for a value that is wrong, another for one that is not there. */
export function mustBe(takes: string): { error: (issue: { readonly input?: unknown }) => string } {
  return { error: (issue) => (issue.input === undefined ? "is missing" : `must be ${takes}`) };
}

/** A text that `parse` accepts, as `parse` gives it. */
export function textField(words: Words, parse: (text: string) => Result<string, string>): z.ZodType<string> {
  return z
    .string(mustBe(words.takes))
    .transform((text, context) => {
      const parsed = parse(text);
      // The text as received, where it is canonical already: what `parse` put together takes more memory.
      if (parsed.ok) return parsed.value === text ? text : parsed.value;
      context.issues.push({ code: "custom", message: parsed.error, input: text });
      return z.NEVER;
    })
    .meta({ description: words.about, takes: words.takes });
}

/** `takes` says what the numbers are, where "a whole number" is not enough. */
export function wholeNumberField(min: number, max: number, about: string): z.ZodType<number> {
  const options = mustBe(`a whole number from ${min} to ${max}`);
  return z.int(options).min(min, options).max(max, options).meta({ description: about });
}

export function flagField(about: string): z.ZodType<boolean> {
  return z.boolean(mustBe("true or false")).meta({ description: about });
}

export function choiceField<const Choice extends string>(
  choices: readonly Choice[],
  about: string,
): z.ZodType<Choice> {
  const takes = choices.map((choice) => `"${choice}"`).join(" or ");
  return z.enum(choices, mustBe(takes)).meta({ description: about, takes });
}

/** A field of the protocol that may not be given, for a reason that is worth telling. */
export function refusedField(code: OrderErrorCode, reason: string): z.ZodExactOptional<z.ZodType<never>> {
  const params: IssueParams = { code };
  return z
    .custom<never>(() => false, { error: reason, params })
    .meta({ refused: true })
    .exactOptional();
}

/** An address to listen at or to connect to: `ip:port`, the port not 0. */
export function addressField(about: string): z.ZodType<string> {
  return textField({ takes: ADDRESS_TAKES, about }, (text) => {
    const canonical = canonicalAddress(text);
    if (canonical !== undefined) return ok(canonical);
    const hasPort = parseAddress(text) !== undefined;
    return fail(hasPort ? "must have a port from 1 to 65535" : `must be ${ADDRESS_TAKES}`);
  });
}

let lastAddress = "";

/** An address in its one form; `undefined` if it is none, or has port 0. */
export function canonicalAddress(text: string): string | undefined {
  // Ten thousand frontends in a row name the same listener.
  if (text === lastAddress) return lastAddress;
  const address = parseAddress(text);
  if (address === undefined || address.port === 0) return undefined;
  if (address.text === text) lastAddress = text;
  return address.text;
}

/**
 * Visible characters, so that an id can stand in a log line, in a key, and on a command line. Most are ASCII.
 */
const OBJECT_ID_ASCII = /^[\x21-\x7e]+$/;
const OBJECT_ID = /^[^\p{C}\p{Z}]+$/u;

export function objectIdField(about: string): z.ZodType<string> {
  const takes = `1 to ${OBJECT_ID_CHARS_MAX} visible characters without spaces`;
  return textField({ takes, about }, (text) => (isObjectId(text) ? ok(text) : fail(`must be ${takes}`)));
}

export function isObjectId(text: string): boolean {
  return text.length <= OBJECT_ID_CHARS_MAX && (OBJECT_ID_ASCII.test(text) || OBJECT_ID.test(text));
}

/** Octets of a cookie's value (RFC 6265 section 4.1.1): visible ASCII without `"`, `,`, `;` and `\`. */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

export function cookieValueField(about: string): z.ZodType<string> {
  const takes = `1 to ${STICKY_ID_CHARS_MAX} visible ASCII characters without quotes, commas, semicolons and backslashes`;
  return textField({ takes, about }, (text) =>
    text.length <= STICKY_ID_CHARS_MAX && COOKIE_VALUE.test(text) ? ok(text) : fail(`must be ${takes}`),
  );
}

export function hostnamePatternField(about: string): z.ZodType<string> {
  return textField({ takes: 'a host name, "*.example.com" or "*"', about }, parseHostnamePattern);
}

export function hostnameField(about: string): z.ZodType<string> {
  return textField({ takes: "a host name", about }, parseHostname);
}

/** A token (RFC 9110 section 5.6.2). */
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const METHODS_KNOWN = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
]);

export function methodField(about: string): z.ZodType<string> {
  return textField({ takes: 'a method such as "GET"', about }, (text) => {
    if (text.length > METHOD_CHARS_MAX || !METHOD.test(text)) {
      return fail(`must be a method: a token of at most ${METHOD_CHARS_MAX} characters`);
    }
    const upper = text.toUpperCase();
    const isMistyped = upper !== text && METHODS_KNOWN.has(upper);
    return isMistyped ? fail(`must be "${upper}": methods are case-sensitive`) : ok(text);
  });
}
