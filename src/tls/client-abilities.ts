/**
 * What a client can do with a certificate's key on a listener, from its ClientHello: so that of RSA and ECDSA
 * for the same name the right one is served. The machine has the last word; this only keeps it from being
 * given a certificate that it must refuse.
 */
import { assertNever } from "../base/assert.ts";
import type { CertificateKeyType } from "../model/objects.ts";
import type { TlsSuites } from "./machine.ts";
import { type ClientHello, TLS_1_2, TLS_1_3 } from "./parse-client-hello.ts";

/** Signature schemes of TLS 1.3, by key (RFC 8446 section 4.2.3). */
const SCHEMES: Readonly<Record<CertificateKeyType, readonly number[]>> = {
  rsa: [0x0804, 0x0805, 0x0806],
  "ecdsa-p256": [0x0403],
  "ecdsa-p384": [0x0503],
  "ecdsa-p521": [0x0603],
  ed25519: [0x0807],
};

/** In TLS 1.2 a hash goes with any curve, and RSA signs in the old way too (RFC 5246 section 7.4.1.4.1). */
const ECDSA_SCHEMES_1_2: readonly number[] = [0x0403, 0x0503, 0x0603];
const RSA_SCHEMES_1_2: readonly number[] = [0x0401, 0x0501, 0x0601, ...SCHEMES.rsa];

/** The curves' numbers (RFC 8446 section 4.2.7). */
const GROUPS = { "ecdsa-p256": 23, "ecdsa-p384": 24, "ecdsa-p521": 25 } as const;

/**
 * Whether a certificate with such a key can serve the client on a listener that speaks `versions`, and in TLS
 * 1.2 serves `suites`. A client that shares no version with it can use none.
 */
export function canUse(
  hello: ClientHello,
  key: CertificateKeyType,
  versions: readonly number[],
  suites: TlsSuites,
): boolean {
  let version = 0;
  for (const one of versions) if (one > version && hello.versions.includes(one)) version = one;
  if (version === TLS_1_3) return hasAny(hello.signatureSchemes, SCHEMES[key], false);
  return version === TLS_1_2 && canUseIn12(hello, key, suites);
}

function canUseIn12(hello: ClientHello, key: CertificateKeyType, served: TlsSuites): boolean {
  const { cipherSuites, signatureSchemes, groups } = hello;
  switch (key) {
    case "rsa":
      return hasSuite(cipherSuites, served.rsa) && hasAny(signatureSchemes, RSA_SCHEMES_1_2, true);
    case "ed25519":
      return hasSuite(cipherSuites, served.ecdsa) && hasAny(signatureSchemes, SCHEMES.ed25519, false);
    case "ecdsa-p256":
    case "ecdsa-p384":
    case "ecdsa-p521":
      return (
        hasSuite(cipherSuites, served.ecdsa) &&
        hasAny(signatureSchemes, ECDSA_SCHEMES_1_2, true) &&
        hasAny(groups, [GROUPS[key]], true)
      );
    default:
      return assertNever(key);
  }
}

function hasSuite(suites: Uint16Array, wanted: ReadonlySet<number>): boolean {
  for (let at = 0; at < suites.length; at++) if (wanted.has(suites[at]!)) return true;
  return false;
}

/** Whether a list that the client may have left out has one of the wanted. */
function hasAny(offered: Uint16Array | undefined, wanted: readonly number[], unsaid: boolean): boolean {
  if (offered === undefined) return unsaid;
  for (let at = 0; at < offered.length; at++) if (wanted.includes(offered[at]!)) return true;
  return false;
}
