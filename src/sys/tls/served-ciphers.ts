/**
 * What a list of ciphers never brings into service, whoever wrote it. Main judges lists with it, workers make
 * contexts with it: so what main has accepted, no worker refuses. It loads nothing of OpenSSL.
 */

/**
 * Without a server's certificate, without encryption, by shared secrets or passwords that we do not have, and
 * by finite-field Diffie-Hellman, for which we have no parameters: in OpenSSL's words.
 */
const NEVER_SERVED = "!aNULL:!eNULL:!PSK:!SRP:!kDHE";

/** `ciphers`, in OpenSSL's words, without what is never served. */
export function servedCiphers(ciphers: string): string {
  return `${ciphers}:${NEVER_SERVED}`;
}
