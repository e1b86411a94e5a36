/**
 * The certificates of a `ca`, of a listener or a cluster, read once, here: PEM becomes DER in base64, each
 * certificate once. No text of what was sent is ever in an error.
 */
import type { X509Certificate } from "node:crypto";
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../../model/errors.ts";
import { AUTHORITIES_MAX, AUTHORITY_BYTES_MAX } from "../../model/limits.ts";
import type { ClientAuth } from "../../model/objects.ts";
import { readPem } from "./pem.ts";
import { dayOf, isExpired, parseCertificates } from "./read-certificate.ts";

/**
 * The certificates in `texts`, each of which may hold several, as bundles do. `field` is where they came, as
 * in `data.tls.ca`: errors name it.
 */
export function readAuthorities(
  texts: readonly string[],
  field: string,
): Result<readonly X509Certificate[], OrderError> {
  const authorities = new Map<string, X509Certificate>();
  for (const [index, text] of texts.entries()) {
    const read = readText(text);
    if (!read.ok) return refuse(`${field}[${index}]`, read.error);
    for (const certificate of read.value) authorities.set(certificate.fingerprint256, certificate);
  }
  if (authorities.size > AUTHORITIES_MAX)
    return refuse(field, `has ${authorities.size} certificates, and may have at most ${AUTHORITIES_MAX}`);
  return ok([...authorities.values()]);
}

export interface ReadClientAuth {
  readonly clientAuth: ClientAuth;
  /** Each the end of a sentence. */
  readonly warnings: readonly string[];
}

/** A listener's `client_auth`. Whom it names has to be an authority: it is to sign others' certificates. */
export function readClientAuth({ ca, mode }: ClientAuth, nowMs: number): Result<ReadClientAuth, OrderError> {
  const field = "data.client_auth.ca";
  const read = readAuthorities(ca, field);
  if (!read.ok) return read;
  const position = read.value.findIndex((certificate) => !certificate.ca);
  if (position !== -1)
    return refuse(field, `holds a certificate that is no authority's: number ${position + 1} of them`);
  const clientAuth = { ca: textsOf(read.value), mode };
  return ok({ clientAuth, warnings: read.value.flatMap((one, index) => warningsOf(one, index + 1, nowMs)) });
}

function warningsOf(authority: X509Certificate, number: number, nowMs: number): readonly string[] {
  if (!isExpired(authority, nowMs)) return [];
  return [`authority ${number} of its client_auth expired on ${dayOf(authority.validToDate)}`];
}

/** As states hold them. */
export function textsOf(certificates: readonly X509Certificate[]): readonly string[] {
  return certificates.map((certificate) => certificate.raw.toString("base64"));
}

function readText(text: string): Result<readonly X509Certificate[], string> {
  const blocks = readPem(text);
  if (!blocks.ok) return blocks;
  if (blocks.value.some(({ label }) => label.endsWith("PRIVATE KEY")))
    return fail("holds a private key: send certificates only");
  const certificates = parseCertificates(text);
  if (!certificates.ok) return certificates;
  const isTooLarge = certificates.value.some(({ raw }) => raw.length > AUTHORITY_BYTES_MAX);
  return isTooLarge ? fail(`holds a certificate of more than ${AUTHORITY_BYTES_MAX} bytes`) : certificates;
}

function refuse(field: string, reason: string): { readonly ok: false; readonly error: OrderError } {
  return fail({ code: "INVALID_CERTIFICATE", message: `${field} ${reason}`, field });
}
