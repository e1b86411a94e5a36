/** The suites whose records we seal and open ourselves: those with authenticated encryption (AEAD). */
import { EVP_CIPHER_fetch, EVP_MD_fetch } from "./evp-calls.ts";
import { layText } from "./desk.ts";

/**
 * How a record's nonce is made. `sequence`: the IV and the record's number, exclusive or (RFC 8446 section
 * 5.3, RFC 7905). `explicit`: four bytes of IV, and eight that stand in the record (RFC 5288).
 */
export type NonceKind = "sequence" | "explicit";

export interface Suite {
  /** TLS 1.3 hides a record's true type in it (RFC 8446 section 5.2). */
  readonly isHidden: boolean;
  readonly nonceKind: NonceKind;
  /** EVP_CIPHER and EVP_MD, fetched once: OpenSSL would look for others with each key. */
  readonly cipher: number;
  readonly digest: number;
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly hashBytes: number;
}

interface SuiteWords {
  readonly cipher: "AES-128-GCM" | "AES-256-GCM" | "ChaCha20-Poly1305";
  readonly hash: "sha256" | "sha384";
}

const KINDS: readonly (readonly [ending: RegExp, words: SuiteWords])[] = [
  [/AES_?128[_-]GCM[_-]SHA256$/, { cipher: "AES-128-GCM", hash: "sha256" }],
  [/AES_?256[_-]GCM[_-]SHA384$/, { cipher: "AES-256-GCM", hash: "sha384" }],
  [/CHACHA20[_-]POLY1305(_SHA256)?$/, { cipher: "ChaCha20-Poly1305", hash: "sha256" }],
];

const known = new Map<string, Suite | undefined>();

/** By OpenSSL's name; `undefined` if its records are left to OpenSSL. */
export function findSuite(name: string): Suite | undefined {
  if (!known.has(name)) known.set(name, suiteOf(name));
  return known.get(name);
}

function suiteOf(name: string): Suite | undefined {
  const words = KINDS.find(([ending]) => ending.test(name))?.[1];
  if (words === undefined) return undefined;
  const cipher = EVP_CIPHER_fetch(0, layText(words.cipher), 0);
  const digest = EVP_MD_fetch(0, layText(words.hash), 0);
  if (cipher === 0 || digest === 0) return undefined;
  const isHidden = name.startsWith("TLS_");
  const nonceKind = isHidden || words.cipher === "ChaCha20-Poly1305" ? "sequence" : "explicit";
  return {
    isHidden,
    nonceKind,
    cipher,
    digest,
    keyBytes: words.cipher === "AES-128-GCM" ? 16 : 32,
    ivBytes: nonceKind === "explicit" ? 4 : 12,
    hashBytes: words.hash === "sha256" ? 32 : 48,
  };
}
