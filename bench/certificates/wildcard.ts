/**
 * The one certificate that every contestant serves: for all hostnames of the workload by a wildcard, signed
 * by an authority that is sent with it, as most are. Once with an ECDSA key and once with an RSA key.
 */
import { X509Certificate } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CertificateMaker, type MadeCertificate } from "../../testing/tls/make-certificates.ts";

/** P-256, or 2,048 bits. */
export type KeyKind = "ecdsa" | "rsa";

/** A certificate as texts for those who take orders, and as files for those who read them. */
export interface Wildcard {
  readonly keyKind: KeyKind;
  /** PEM, as are `chain` and `key`. */
  readonly certificate: string;
  readonly chain: readonly string[];
  readonly key: string;
  /** Lower-case hexadecimal SHA-256 of its DER. */
  readonly fingerprint: string;
  /** The certificate and its chain. */
  readonly certificatePath: string;
  readonly keyPath: string;
  /** All in one file. */
  readonly bundlePath: string;
}

const WILDCARD = "*.bench.example.org";
const RSA_2048 = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

const made = new Map<string, Wildcard>();

/** The certificate with this kind of key; made when it is first wanted in this folder. */
export function wildcardWith(keyKind: KeyKind, folder: string): Wildcard {
  const own = join(folder, `wildcard-${keyKind}`);
  const known = made.get(own);
  if (known !== undefined) return known;
  mkdirSync(own, { recursive: true });
  const wildcard = make(keyKind, own);
  made.set(own, wildcard);
  return wildcard;
}

/** An authority with a P-256 key, which signs quickly. */
export function makeAuthority(folder: string): MadeCertificate {
  return new CertificateMaker(folder).make({ commonName: "Bench Authority", isAuthority: true });
}

function make(keyKind: KeyKind, own: string): Wildcard {
  const maker = new CertificateMaker(own);
  const issuer = makeAuthority(own);
  const { certificate, key } = maker.make({
    names: `DNS:${WILDCARD}`,
    commonName: WILDCARD,
    issuer,
    ...(keyKind === "rsa" ? { key: RSA_2048 } : {}),
  });
  const write = (name: string, text: string): string => {
    const path = join(own, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  return {
    keyKind,
    certificate,
    chain: [issuer.certificate],
    key,
    fingerprint: new X509Certificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase(),
    certificatePath: write("served.crt", certificate + issuer.certificate),
    keyPath: write("served.key", key),
    bundlePath: write("served.pem", certificate + issuer.certificate + key),
  };
}
