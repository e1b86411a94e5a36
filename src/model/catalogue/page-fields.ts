/**
 * The fields `limit` and `after` of the lists. A page begins after a key (`../list.ts`): what no key looks
 * like is a typo, and is refused. It need not be the key of something that is there: that may be gone
 * meanwhile.
 */
import type { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import { PAGE_LIMIT_DEFAULT } from "../defaults.ts";
import { parseHostnamePattern } from "../hostname.ts";
import { METHOD_ANY } from "../keys.ts";
import { AFTER_CHARS_MAX, PAGE_ITEMS_MAX } from "../limits.ts";
import { parsePathText } from "../path-rule.ts";
import { canonicalAddress, isMethod, isObjectId, textField, wholeNumberField } from "./fields.ts";
import { isFingerprint } from "./fingerprint-field.ts";

export interface PageFields {
  readonly limit: z.ZodDefault<z.ZodType<number>>;
  readonly after: z.ZodExactOptional<z.ZodType<string>>;
}

const TAKES = "the `next` of an answer";

export const LISTENER_PAGE: PageFields = pageOf(isAddress, ", or any address");
export const CLUSTER_PAGE: PageFields = pageOf(isObjectId, ", or any `cluster_id`");
export const BACKEND_PAGE: PageFields = pageOf(
  isBackendKey,
  ", or any `cluster_id` and `backend_id` with a space between them",
);
export const FRONTEND_PAGE: PageFields = pageOf(isFrontendKey);
export const CERTIFICATE_PAGE: PageFields = pageOf(isCertificateKey);
/** A worker's number, and a connection's there. */
export const CONNECTION_PAGE: PageFields = pageOf((text) => /^\d{1,9}:\d{1,9}$/.test(text));

/** `others`: what else it takes, in words. */
function pageOf(isPlace: (text: string) => boolean, others: string = ""): PageFields {
  const about = `Lists what sorts after it: the \`next\` of the answer before${others}.`;
  const after = textField({ takes: TAKES, about }, (text) =>
    text.length <= AFTER_CHARS_MAX && isPlace(text) ? ok(text) : fail(`must be ${TAKES}`),
  );
  return {
    limit: wholeNumberField(1, PAGE_ITEMS_MAX, "How many items at most.").default(PAGE_LIMIT_DEFAULT),
    after: after.exactOptional(),
  };
}

function isAddress(text: string): boolean {
  return canonicalAddress(text) === text;
}

function isBackendKey(text: string): boolean {
  const parts = text.split(" ");
  return parts.length === 2 && parts.every(isObjectId);
}

function isCertificateKey(text: string): boolean {
  const [listener = "", fingerprint = "", ...rest] = text.split(" ");
  return isAddress(listener) && isFingerprint(fingerprint) && rest.length === 0;
}

/** A regular expression is not read again: that it is not empty is all that is asked of it. */
const FRONTEND_KEY = /^(\S+) (\S+) (\S+) (?:regex [^]+|(?:prefix|exact) (\S+))$/;

function isFrontendKey(text: string): boolean {
  const [, listener = "", hostname = "", method = "", path = "/"] = FRONTEND_KEY.exec(text) ?? [];
  const host = parseHostnamePattern(hostname);
  if (!isAddress(listener) || !host.ok || host.value !== hostname) return false;
  return (method === METHOD_ANY || isMethod(method)) && parsePathText(path).ok;
}
