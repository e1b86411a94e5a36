/** A certificate with its chain and key as OpenSSL holds them. What is in them is read elsewhere. */
import { fail, ok, type Result } from "../../base/result.ts";
import type { TlsSetupCode, TlsSetupFault } from "../../tls/faults.ts";
import type { TlsCertificate } from "../../tls/machine.ts";
import {
  d2i_AutoPrivateKey,
  d2i_X509,
  EVP_PKEY_free,
  OPENSSL_sk_new_null,
  OPENSSL_sk_push,
  OSSL_STACK_OF_X509_free,
  X509_check_private_key,
  X509_free,
} from "./crypto-calls.ts";
import { layBehindPointer, pointerAt, roomFor, wipe } from "./desk.ts";
import { takeError } from "./error-queue.ts";
import { Handle } from "./living.ts";
import { SSL_CTX_new, SSL_free, SSL_new, SSL_use_cert_and_key, TLS_server_method } from "./ssl-calls.ts";

/** The longest certificate or key in DER. Real ones have 1 to 4 KB. */
const DER_BYTES_MAX = 64 * 1024;

let trialContext = 0;

export class OpenSslCertificate implements TlsCertificate {
  /** X509, EVP_PKEY, and the stack of those above it: borrowed by who sets them on a connection. */
  readonly leaf: number;
  readonly key: number;
  readonly issuers: number;
  readonly #handle = new Handle("certificates");

  /** Takes over what it is given. */
  constructor(leaf: number, key: number, issuers: number) {
    this.leaf = leaf;
    this.key = key;
    this.issuers = issuers;
  }

  assertLiving(): void {
    this.#handle.assertLiving();
  }

  free(): void {
    this.#handle.end();
    freeParts(this.leaf, this.key, this.issuers);
  }
}

/**
 * Parses a chain (DER, the own certificate first) and its key (DER, not encrypted), and checks that they
 * match.
 */
export function openCertificate(
  chain: readonly Uint8Array[],
  key: Uint8Array,
): Result<OpenSslCertificate, TlsSetupFault> {
  const [own, ...above] = chain;
  if (own === undefined) return fail({ code: "BAD_CERTIFICATE", text: "a chain without certificates" });
  const leaf = parseX509(own);
  const pkey = parseKey(key);
  const issuers = stackOf(above);
  const fault =
    leaf === 0
      ? setupFault("BAD_CERTIFICATE", "no certificate in DER")
      : pkey === 0
        ? setupFault("BAD_KEY", "no private key in DER")
        : issuers === 0
          ? setupFault("BAD_CERTIFICATE", "a certificate of the chain is no DER")
          : X509_check_private_key(leaf, pkey) !== 1
            ? setupFault("KEY_MISMATCH", "the key is not the certificate's")
            : !canBeShown(leaf, pkey, issuers)
              ? setupFault("WEAK_CERTIFICATE", "OpenSSL refuses to show it")
              : undefined;
  if (fault === undefined) return ok(new OpenSslCertificate(leaf, pkey, issuers));
  freeParts(leaf, pkey, issuers);
  return fail(fault);
}

/** An X509 of our own; 0 if the bytes are not exactly one certificate. */
export function parseX509(der: Uint8Array): number {
  if (der.length === 0 || der.length > DER_BYTES_MAX) return 0;
  const x509 = d2i_X509(0, layBehindPointer(der), der.length);
  if (x509 === 0 || isReadToEnd(der.length)) return x509;
  X509_free(x509);
  return 0;
}

/** What OpenSSL says to a failure in setting something up; `text` where it says nothing better. */
export function setupFault(code: TlsSetupCode, text: string): TlsSetupFault {
  const error = takeError();
  return { code, text: error === undefined ? text : `${text}: ${error.text}` };
}

/** `d2i` functions move the pointer behind what they have read. */
function isReadToEnd(length: number): boolean {
  return pointerAt(0) === roomFor(length) + length;
}

/** Tries it on a connection, because a weak one is only refused where it is to be shown. */
function canBeShown(leaf: number, key: number, issuers: number): boolean {
  if (trialContext === 0) trialContext = SSL_CTX_new(TLS_server_method());
  const ssl = SSL_new(trialContext);
  const result = SSL_use_cert_and_key(ssl, leaf, key, issuers, 1);
  SSL_free(ssl);
  return result === 1;
}

function parseKey(der: Uint8Array): number {
  if (der.length === 0 || der.length > DER_BYTES_MAX) return 0;
  const key = d2i_AutoPrivateKey(0, layBehindPointer(der), der.length);
  wipe(der.length);
  return key;
}

/** A stack of certificates of our own; 0 if one of them cannot be parsed. */
function stackOf(certificates: readonly Uint8Array[]): number {
  const stack = OPENSSL_sk_new_null();
  for (const der of certificates) {
    const x509 = parseX509(der);
    if (x509 === 0 || OPENSSL_sk_push(stack, x509) === 0) {
      X509_free(x509);
      OSSL_STACK_OF_X509_free(stack);
      return 0;
    }
  }
  return stack;
}

/** Each may be 0. */
function freeParts(leaf: number, key: number, issuers: number): void {
  X509_free(leaf);
  EVP_PKEY_free(key);
  OSSL_STACK_OF_X509_free(issuers);
}
