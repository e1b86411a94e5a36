/** Which suites of TLS 1.2 a context serves, and with what certificates: OpenSSL itself is asked. */
import type { TlsSuites } from "../../tls/machine.ts";
import { OPENSSL_sk_num, OPENSSL_sk_value } from "./crypto-calls.ts";
import { SSL_CIPHER_get_auth_nid, SSL_CIPHER_get_protocol_id, SSL_CTX_get_ciphers } from "./ssl-calls.ts";

/** Kinds of keys (obj_mac.h: NID_auth_rsa, NID_auth_ecdsa). Suites of TLS 1.3 are of any kind. */
const AUTH_RSA = 1046;
const AUTH_ECDSA = 1047;

/** Those of an SSL_CTX. */
export function suitesOf(context: number): TlsSuites {
  const rsa = new Set<number>();
  const ecdsa = new Set<number>();
  const ciphers = SSL_CTX_get_ciphers(context);
  for (let index = 0; index < OPENSSL_sk_num(ciphers); index++) {
    const cipher = OPENSSL_sk_value(ciphers, index);
    const auth = SSL_CIPHER_get_auth_nid(cipher);
    if (auth === AUTH_RSA) rsa.add(SSL_CIPHER_get_protocol_id(cipher));
    if (auth === AUTH_ECDSA) ecdsa.add(SSL_CIPHER_get_protocol_id(cipher));
  }
  return { rsa, ecdsa };
}
