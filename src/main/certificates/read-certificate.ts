/**
 * A certificate as a client sends it, judged once, here: does it parse, does the key belong to it, is its
 * chain in order, is it valid today. What comes out is complete and in canonical form, so that workers need
 * judge nothing again.
 *
 * Rules of this file:
 *  1. No text of a key, or of anything that was sent as one, is ever in an error.
 *  2. What cannot be served is refused; what can, but will not please its clients, is a warning.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError, OrderErrorCode } from "../../model/errors.ts";
import { CHAIN_CERTIFICATES_MAX, RSA_BITS_MIN } from "../../model/limits.ts";
import type { Certificate, CertificateKeyType } from "../../model/objects.ts";
import type { SentCertificate } from "../../model/orders.ts";
import { namesOf } from "./certificate-names.ts";
import { type PemBlock, readPem } from "./pem.ts";

/** A certificate that can be served, and what its owner should know. */
export interface ReadCertificate {
  readonly certificate: Certificate;
  /** Each the end of a sentence, as in `it expired on 2026-01-01`. */
  readonly warnings: readonly string[];
}

/** Judges a certificate as it was sent. `nowMs` is the time of day, in milliseconds since 1970. */
export function readCertificate(sent: SentCertificate, nowMs: number): Result<ReadCertificate, OrderError> {
  const certificates = readCertificates(sent);
  if (!certificates.ok) return certificates;
  const [leaf, ...chain] = certificates.value;
  const keyType = keyTypeOf(leaf.publicKey);
  if (!keyType.ok) return refuse("INVALID_CERTIFICATE", "data.certificate", keyType.error);
  const key = readKey(sent.key);
  if (!key.ok) return refuse("INVALID_CERTIFICATE", "data.key", key.error);
  if (!leaf.checkPrivateKey(key.value)) {
    return refuse("KEY_MISMATCH", "data.key", "is not the key of the certificate");
  }
  const disorder = findDisorder(leaf, chain);
  if (disorder !== undefined) return refuse("INVALID_CERTIFICATE", "data.chain", disorder);
  const expired = isExpired(leaf, nowMs) ? [`it expired on ${dayOf(leaf.validToDate)}`] : [];
  if (sent.reject_expired && expired.length > 0)
    return refuse("INVALID_CERTIFICATE", "data.certificate", `expired on ${dayOf(leaf.validToDate)}`);
  const names = sent.names === undefined ? namesOf(leaf) : ok(sent.names);
  if (!names.ok) return refuse("INVALID_CERTIFICATE", "data.certificate", names.error);
  const certificate: Certificate = {
    listener: sent.listener,
    fingerprint: fingerprintOf(leaf),
    names: names.value,
    key_type: keyType.value,
    not_before_ms: leaf.validFromDate.getTime(),
    not_after_ms: leaf.validToDate.getTime(),
    certificate: leaf.raw.toString("base64"),
    chain: chain.map((one) => one.raw.toString("base64")),
    key: key.value.export({ format: "der", type: "pkcs8" }).toString("base64"),
  };
  return ok({ certificate, warnings: [...expired, ...otherWarnings(certificate, chain, nowMs)] });
}

function otherWarnings(
  certificate: Certificate,
  chain: readonly X509Certificate[],
  nowMs: number,
): readonly string[] {
  const warnings: string[] = [];
  if (certificate.not_before_ms > nowMs)
    warnings.push(`it is not valid before ${dayOf(new Date(certificate.not_before_ms))}`);
  if (certificate.names.length === 0)
    warnings.push("it names no host, so it serves as default_certificate only");
  for (const [index, one] of chain.entries()) {
    if (isExpired(one, nowMs))
      warnings.push(`certificate ${index + 1} of its chain expired on ${dayOf(one.validToDate)}`);
  }
  return warnings;
}

export type Certificates = readonly [X509Certificate, ...X509Certificate[]];

/**
 * The certificate and its chain. Files often hold both: what follows the first certificate is the beginning
 * of the chain, and a chain that repeats the certificate is forgiven.
 */
function readCertificates(sent: SentCertificate): Result<Certificates, OrderError> {
  const first = parseCertificates(sent.certificate);
  if (!first.ok) return refuse("INVALID_CERTIFICATE", "data.certificate", first.error);
  const [leaf, ...chain] = first.value;
  for (const [index, text] of sent.chain.entries()) {
    const more = parseCertificates(text);
    if (!more.ok) return refuse("INVALID_CERTIFICATE", `data.chain[${index}]`, more.error);
    chain.push(...more.value);
  }
  if (chain[0]?.raw.equals(leaf.raw) === true) chain.shift();
  if (chain.length <= CHAIN_CERTIFICATES_MAX) return ok([leaf, ...chain]);
  const message = `has ${chain.length} certificates, and no more than ${CHAIN_CERTIFICATES_MAX} may be`;
  return refuse("INVALID_CERTIFICATE", "data.chain", message);
}

/** The certificates in a PEM text, at least one. The error ends a sentence that begins with its field. */
export function parseCertificates(text: string): Result<Certificates, string> {
  const blocks = readPem(text);
  if (!blocks.ok) return blocks;
  const certificates: X509Certificate[] = [];
  for (const { label, der } of blocks.value) {
    // Files that hold a certificate together with its key are common: the key is passed over here.
    if (label !== "" && label !== "CERTIFICATE") continue;
    try {
      certificates.push(new X509Certificate(der));
    } catch {
      return fail("is not a certificate: what stands in its PEM is something else, or damaged");
    }
  }
  const [leaf, ...chain] = certificates;
  return leaf === undefined ? fail("holds no certificate: no block of its PEM is one") : ok([leaf, ...chain]);
}

const KEY_FORMATS: ReadonlyMap<string, "pkcs8" | "pkcs1" | "sec1"> = new Map([
  ["", "pkcs8"],
  ["PRIVATE KEY", "pkcs8"],
  ["RSA PRIVATE KEY", "pkcs1"],
  ["EC PRIVATE KEY", "sec1"],
]);

function readKey(text: string): Result<KeyObject, string> {
  const blocks = readPem(text);
  if (!blocks.ok) return blocks;
  const keys = blocks.value.filter(({ label }) => label === "" || label.endsWith("PRIVATE KEY"));
  const [key] = keys;
  if (key === undefined) return fail("holds no private key");
  if (keys.length > 1) return fail(`holds ${keys.length} private keys, and must hold one`);
  if (isEncrypted(key)) return fail("is encrypted: send it decrypted (openssl pkey -in key.pem)");
  const type = KEY_FORMATS.get(key.label);
  if (type === undefined) return fail("is of a kind that is not served");
  try {
    return ok(createPrivateKey({ key: key.der, format: "der", type }));
  } catch {
    return fail("is not a private key: what stands in its PEM is something else, or damaged");
  }
}

function isEncrypted(key: PemBlock): boolean {
  return key.isEncrypted || key.label === "ENCRYPTED PRIVATE KEY";
}

const CURVES: ReadonlyMap<string, CertificateKeyType> = new Map([
  ["prime256v1", "ecdsa-p256"],
  ["secp384r1", "ecdsa-p384"],
  ["secp521r1", "ecdsa-p521"],
]);

function keyTypeOf(key: KeyObject): Result<CertificateKeyType, string> {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      if (modulusLength >= RSA_BITS_MIN) return ok("rsa");
      return fail(`has an RSA key of ${modulusLength} bits, and must have at least ${RSA_BITS_MIN}`);
    case "ec": {
      const type = CURVES.get(namedCurve);
      return type === undefined
        ? fail(`has a key on the curve ${namedCurve}, which is not served`)
        : ok(type);
    }
    case "ed25519":
      return ok("ed25519");
    default:
      return fail(`has a key of the kind ${key.asymmetricKeyType ?? "unknown"}, which is not served`);
  }
}

/** Each certificate must be signed by the next. The error says which is not, and which should stand there. */
function findDisorder(leaf: X509Certificate, chain: readonly X509Certificate[]): string | undefined {
  const all = [leaf, ...chain];
  for (const [index, issuer] of chain.entries()) {
    const issued = all[index]!;
    if (isSignedBy(issued, issuer)) continue;
    const what = index === 0 ? "the certificate" : `certificate ${index} of the chain`;
    const found = chain.findIndex((one) => one !== issued && isSignedBy(issued, one));
    const hint = found === -1 ? "none of the chain did" : `certificate ${found + 1} of the chain did`;
    return `is out of order: certificate ${index + 1} of it did not sign ${what}; ${hint}`;
  }
  return undefined;
}

function isSignedBy(issued: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

export function isExpired(certificate: X509Certificate, nowMs: number): boolean {
  return certificate.validToDate.getTime() < nowMs;
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(":", "").toLowerCase();
}

/** As in `2026-01-31`. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function refuse(
  code: OrderErrorCode,
  field: string,
  reason: string,
): { readonly ok: false; readonly error: OrderError } {
  return fail({ code, message: `${field} ${reason}`, field });
}
