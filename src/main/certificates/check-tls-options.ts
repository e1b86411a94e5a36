/**
 * Whether OpenSSL knows the ciphers and groups that a listener names. It is asked here, once, so that no
 * worker meets a name that it cannot use.
 */
import { createSecureContext } from "node:tls";
import type { OrderError } from "../../model/errors.ts";

export interface TlsOptions {
  readonly cipher_list?: string | null;
  readonly groups?: readonly string[] | null;
}

/** What is wrong with a listener's ciphers or groups, if anything is. */
export function findTlsOptionFault({ cipher_list: ciphers, groups }: TlsOptions): OrderError | undefined {
  if (ciphers && !isAccepted({ ciphers, maxVersion: "TLSv1.2" })) {
    const message = "data.cipher_list holds no cipher that OpenSSL knows for TLS 1.2";
    return { code: "INVALID_FIELD", message, field: "data.cipher_list" };
  }
  const unknown = groups?.find((group) => !isAccepted({ ecdhCurve: group }));
  if (unknown === undefined) return undefined;
  const message = `data.groups names ${unknown}, which OpenSSL does not know`;
  return { code: "INVALID_FIELD", message, field: "data.groups" };
}

function isAccepted(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}
