/**
 * Whom we trust: stores of certificates of authorities. The system's is made at the first context that asks
 * for it, and shared, because it holds more than a hundred certificates.
 */
import { getCACertificates } from "node:tls";
import { fail, ok, type Result } from "../../base/result.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import { parseX509, setupFault } from "./certificate.ts";
import {
  X509_free,
  X509_STORE_add_cert,
  X509_STORE_free,
  X509_STORE_new,
  X509_STORE_set_flags,
} from "./crypto-calls.ts";
import { takeError } from "./error-queue.ts";
import { SSL_CTX_add1_to_CA_list, SSL_CTX_set1_cert_store } from "./ssl-calls.ts";

/** Who is listed is trusted, also without the authority above (X509_VERIFY_PARAM_set_flags(3)). */
const X509_V_FLAG_PARTIAL_CHAIN = 0x80000;

let systemStore = 0;

/** Lets a context trust certificates in DER. `asked`: also tells clients of these authorities. */
export function trustCertificates(
  context: number,
  certificates: readonly Uint8Array[],
  asked: boolean,
): Result<void, TlsSetupFault> {
  const store = X509_STORE_new();
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  let fault: TlsSetupFault | undefined;
  for (const der of certificates) {
    const x509 = parseX509(der);
    if (x509 === 0 || X509_STORE_add_cert(store, x509) !== 1) {
      fault ??= setupFault("BAD_CERTIFICATE", "an authority's certificate is no DER");
    } else if (asked) {
      SSL_CTX_add1_to_CA_list(context, x509);
    }
    X509_free(x509);
  }
  SSL_CTX_set1_cert_store(context, store);
  X509_STORE_free(store);
  return fault === undefined ? ok(undefined) : fail(fault);
}

/**
 * Lets a context trust whom Node trusts (its own list, NODE_EXTRA_CA_CERTS, and the system's where asked).
 */
export function trustSystem(context: number): void {
  if (systemStore === 0) systemStore = makeSystemStore();
  SSL_CTX_set1_cert_store(context, systemStore);
}

function makeSystemStore(): number {
  const store = X509_STORE_new();
  for (const pem of getCACertificates("default")) {
    const x509 = parseX509(derOf(pem));
    if (x509 !== 0) X509_STORE_add_cert(store, x509);
    X509_free(x509);
  }
  takeError();
  return store;
}

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replaceAll(/-----[A-Z ]+-----|\s/g, ""), "base64");
}
