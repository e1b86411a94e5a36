/**
 * Host names of frontends: exact, `*.suffix` or `*`, in the one form that they are stored and compared in.
 */
import { formatIp, parseAddress } from "../base/address.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { HOSTNAME_CHARS_MAX, HOSTNAME_LABEL_CHARS_MAX } from "./limits.ts";

/** Letters, digits and hyphens (RFC 1123 section 2.1), and the underscore that names in use have. */
const LABEL = /^(?!-)[a-z0-9_-]+(?<!-)$/;

/** A name that is in its stored form already, as nearly all are. */
const CANONICAL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** A host name of a frontend: lower case, without trailing dot. The error says what is wrong with it. */
export function parseHostnamePattern(text: string): Result<string, string> {
  if (text === "*") return ok(text);
  if (!text.startsWith("*.")) return parseHostname(text);
  const suffix = parseHostname(text.slice(2));
  return suffix.ok ? ok(`*.${suffix.value}`) : suffix;
}

/** A name of a certificate: exact, `*.example.com`, or an IP address as a `Host` field has it. */
export function parseCertificateName(text: string): Result<string, string> {
  if (text === "*") return fail('must not be "*" alone: a wildcard of a certificate stands for one label');
  return parseHostnamePattern(text);
}

/** One exact host name, or an IP address as a `Host` field has it (`192.0.2.1`, `[2001:db8::1]`). */
export function parseHostname(text: string): Result<string, string> {
  if (text.length <= HOSTNAME_CHARS_MAX && CANONICAL.test(text)) return ok(text);
  const name = text.toLowerCase().replace(/\.$/, "");
  if (name.startsWith("[")) {
    const address = parseAddress(`${name}:1`);
    return address ? ok(`[${formatIp(address.ip)}]`) : fail("must be a valid IPv6 address in its brackets");
  }
  if (name === "") return fail("must not be empty");
  if (name.length > HOSTNAME_CHARS_MAX) return fail(`must have at most ${HOSTNAME_CHARS_MAX} characters`);
  for (const label of name.split(".")) {
    if (label.length > HOSTNAME_LABEL_CHARS_MAX) {
      return fail(`must have labels of at most ${HOSTNAME_LABEL_CHARS_MAX} characters`);
    }
    if (!LABEL.test(label)) return fail(`must not have the label "${label}"; ${hintFor(label)}`);
  }
  return ok(name);
}

function hintFor(label: string): string {
  if (label === "") return "labels are not empty";
  if (label.includes("*")) return 'a wildcard is "*" alone, or "*." at the beginning';
  if (label.includes(":")) return "a host name has no port";
  if (/[^\0-\x7f]/.test(label)) return "write an international name in its xn-- form";
  return "labels are letters, digits, hyphens and underscores";
}
