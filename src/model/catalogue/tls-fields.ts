/**
 * The fields that https listeners have besides: how TLS is spoken there. Their form is checked here; whether
 * OpenSSL knows a cipher or a group, main asks it.
 */
import { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import type { Listener, TlsVersion } from "../objects.ts";
import { clientAuthField } from "./client-auth-field.ts";
import { choiceField, type IssueParams, mustBe, textField, flagField } from "./fields.ts";
import { fingerprintField } from "./fingerprint-field.ts";

const CIPHER_LIST_CHARS_MAX = 1_024;
const CIPHER_LIST = /^[A-Za-z0-9+!:@=_-]+$/;
const GROUPS_MAX = 16;
const GROUP = /^[A-Za-z0-9_-]{1,64}$/;
const PROTOCOLS_TAKE = 'a list of "http/1.1"';

type TlsFields = Pick<
  Listener,
  "tls_versions" | "cipher_list" | "alpn" | "groups" | "strict_sni" | "default_certificate" | "client_auth"
>;
type Schemas = { readonly [Name in keyof TlsFields]-?: z.ZodType<NonNullable<TlsFields[Name]>> };

export const TLS_FIELDS: Schemas = {
  tls_versions: uniqueList<TlsVersion>(
    choiceField(["TLSv1.2", "TLSv1.3"], "A version."),
    'a list of "TLSv1.2" and "TLSv1.3"',
    2,
    "The versions that are spoken.",
  ),
  cipher_list: textField(
    {
      takes: "ciphers in OpenSSL's words",
      about: "The ciphers for TLS 1.2, in the names that OpenSSL gives them; without it, a safe list.",
    },
    (text) =>
      text.length <= CIPHER_LIST_CHARS_MAX && CIPHER_LIST.test(text)
        ? ok(text)
        : fail(`must be ciphers in OpenSSL's words, of at most ${CIPHER_LIST_CHARS_MAX} characters`),
  ),
  alpn: uniqueList(
    z.string(mustBe(PROTOCOLS_TAKE)).superRefine((text, context) => {
      if (text === "http/1.1") return;
      const params: IssueParams | undefined = text === "h2" ? { code: "NOT_SUPPORTED" } : undefined;
      const message =
        text === "h2" ? "is not served by this version: only http/1.1 is" : `must be ${PROTOCOLS_TAKE}`;
      context.issues.push({ code: "custom", message, input: text, ...(params && { params }) });
    }),
    PROTOCOLS_TAKE,
    1,
    "The protocols that are offered (ALPN), best first. This version serves `http/1.1` only.",
  ),
  groups: uniqueList(
    textField({ takes: "a group's name", about: "A group." }, (text) =>
      GROUP.test(text) ? ok(text) : fail("must be a group's name in OpenSSL's words"),
    ),
    'a list of groups such as "X25519"',
    GROUPS_MAX,
    "The groups (curves) of the key exchange, best first; without it, safe ones.",
  ),
  strict_sni: flagField("Refuse handshakes for names that no certificate serves."),
  default_certificate: fingerprintField(
    "The certificate for clients that no other serves; it may be added later.",
  ),
  client_auth: clientAuthField,
};

/** The names of the fields of https listeners. */
const TLS_FIELD_NAMES: readonly string[] = Object.keys(TLS_FIELDS);

/** A field that only https listeners have, if there is one: given to another, it is a mistake. */
export function findTlsField(fields: object): string | undefined {
  return TLS_FIELD_NAMES.find((name) => name in fields);
}

function uniqueList<Item>(
  item: z.ZodType<Item>,
  takes: string,
  itemsMax: number,
  about: string,
): z.ZodType<Item[]> {
  return z
    .array(item, mustBe(takes))
    .min(1, mustBe(`${takes}, and not empty`))
    .refine((list) => new Set(list).size === list.length, { error: "must name each once" })
    .refine((list) => list.length <= itemsMax, { error: `must have at most ${itemsMax} entries` })
    .meta({ description: about, takes });
}
