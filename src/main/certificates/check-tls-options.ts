/**
 * Whether workers can serve the ciphers and groups that a listener names. OpenSSL is asked here, once, in the
 * words that workers will use, so that no worker meets a list that it cannot use.
 *
 * Rules of this file:
 *  1. OpenSSL passes over names that it does not know. Here each is asked for by itself: a slip of the pen is
 *     told. What is only taken away (`!RC4`) may be unknown: such lists are copied from older systems.
 *  2. Node keeps names that begin with `TLS_` from OpenSSL's list: they are told apart before it sees them.
 */
import { createSecureContext } from "node:tls";
import type { OrderError } from "../../model/errors.ts";
import { servedCiphers } from "../../sys/tls/served-ciphers.ts";

export interface TlsOptions {
  readonly cipher_list?: string | null;
  readonly groups?: readonly string[] | null;
}

/** OpenSSL's level for a common RSA key of 2,048 bits; above it, such a certificate would not be shown. */
const SECURITY_LEVEL_MAX = 2;
/** What is taken away, put last, or ordered: none of them adds a cipher. */
const ADDS_NOTHING = /^[!+-]|^@STRENGTH$/;
const SECURITY_LEVEL = /^@SECLEVEL=([0-9])$/;
/** Groups that one or another of the common clients offers by itself. */
const COMMON_GROUPS: ReadonlySet<string> = new Set(
  ["X25519", "P-256", "prime256v1", "secp256r1", "P-384", "secp384r1"].map((group) => group.toUpperCase()),
);

/** What is wrong with a listener's ciphers or groups, if anything is. */
export function findTlsOptionFault({ cipher_list: ciphers, groups }: TlsOptions): OrderError | undefined {
  const fault = ciphers ? findCipherFault(ciphers) : undefined;
  if (fault !== undefined) return invalid("cipher_list", fault);
  const unknown = groups?.find((group) => !isAccepted({ ecdhCurve: group }));
  if (unknown !== undefined) return invalid("groups", `names ${unknown}, which OpenSSL does not know`);
  if (!groups || isAccepted({ ecdhCurve: groups.join(":") })) return undefined;
  return invalid("groups", "is a list that OpenSSL does not take, though it knows each group");
}

/** What is right, and yet most likely not meant. */
export function findTlsOptionWarnings({ groups }: TlsOptions): readonly string[] {
  if (!groups || groups.some((group) => COMMON_GROUPS.has(group.toUpperCase()))) return [];
  return ["no group of data.groups is among those that common clients offer (X25519, P-256, P-384)"];
}

function findCipherFault(list: string): string | undefined {
  const words = list.replaceAll("@", ":@").split(":");
  for (const [index, word] of words.entries()) {
    const fault = word === "" ? undefined : findWordFault(word, index);
    if (fault !== undefined) return fault;
  }
  if (isKnown(servedCiphers(list))) return undefined;
  return (
    "leaves no cipher that can be served: it takes one for TLS 1.2 with a certificate and encryption, " +
    "by ECDHE or RSA"
  );
}

function findWordFault(word: string, index: number): string | undefined {
  if (word.startsWith("TLS_"))
    return `names ${word}: those of TLS 1.3 are always served, and the list is for TLS 1.2`;
  if (ADDS_NOTHING.test(word)) return undefined;
  const level = SECURITY_LEVEL.exec(word)?.[1];
  if (level !== undefined && Number(level) <= SECURITY_LEVEL_MAX) return undefined;
  if (level !== undefined)
    return `asks for @SECLEVEL=${level}, where common certificates are refused: at most ${SECURITY_LEVEL_MAX}`;
  // OpenSSL knows DEFAULT at the beginning of a list only.
  const isThere = isKnown(index === 0 ? word : `-ALL:${word}`);
  return isThere ? undefined : `names ${word}, by which OpenSSL has no cipher for TLS 1.2 here`;
}

function isKnown(ciphers: string): boolean {
  return isAccepted({ ciphers, maxVersion: "TLSv1.2" });
}

/** Without authorities a context costs a tenth of a millisecond. */
function isAccepted(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext({ ...options, ca: [] });
    return true;
  } catch {
    return false;
  }
}

function invalid(field: string, fault: string): OrderError {
  return { code: "INVALID_FIELD", message: `data.${field} ${fault}`, field: `data.${field}` };
}
