/**
 * The host names that a certificate speaks for, as it says itself: its subject alternative names, DNS names
 * and IP addresses (RFC 5280 section 4.2.1.6). A certificate that has none of them is taken by its common
 * name, as it was long ago.
 */
import type { X509Certificate } from "node:crypto";
import { ok, type Result, fail } from "../../base/result.ts";
import { parseCertificateName } from "../../model/hostname.ts";

/** One entry of Node's text: a kind, a colon, and a value that is quoted where it holds what is not plain. */
const ENTRY = /(?:^|, )(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** In canonical form, each once. The error is the end of a sentence that begins with the certificate. */
export function namesOf(certificate: X509Certificate): Result<readonly string[], string> {
  const alternatives = certificate.subjectAltName;
  if (alternatives === undefined) return ok(commonNameOf(certificate));
  const names = new Set<string>();
  for (const [, kind, value = ""] of alternatives.matchAll(ENTRY)) {
    const text = kind === "IP Address" && value.includes(":") ? `[${value}]` : value;
    const name = parseCertificateName(text);
    if (!name.ok) return fail(`has a name that no host can have, ${shown(value)}: it ${name.error}`);
    names.add(name.value);
  }
  return ok([...names]);
}

function commonNameOf(certificate: X509Certificate): readonly string[] {
  const text = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const name = text === undefined ? undefined : parseCertificateName(text);
  return name?.ok === true ? [name.value] : [];
}

/** Node quotes what is not plain ASCII already; what is left is made visible. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 64));
}
