/**
 * What a cluster's `tls` holds, read once, here: PEM becomes DER in base64, and a certificate that is to be
 * shown to backends is judged as those of listeners are.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../../model/errors.ts";
import type { ClusterTls } from "../../model/objects.ts";
import { parseCertificates, readCertificate } from "./read-certificate.ts";

/** `nowMs` is the time of day, in milliseconds since 1970. Errors name fields below `data.tls`. */
export function readClusterTls(tls: ClusterTls, nowMs: number): Result<ClusterTls, OrderError> {
  const ca = readAuthorities(tls.ca);
  if (!ca.ok) return ca;
  const shown = readShown(tls, nowMs);
  if (!shown.ok) return shown;
  const { server_name: name, verify } = tls;
  return ok({
    ...(name !== undefined && { server_name: name }),
    verify,
    ...(ca.value && { ca: ca.value }),
    ...shown.value,
  });
}

/** Each text may hold several certificates, as bundles do. */
function readAuthorities(
  texts: readonly string[] | undefined,
): Result<readonly string[] | undefined, OrderError> {
  if (texts === undefined) return ok(undefined);
  const authorities: Set<string> = new Set();
  for (const [index, text] of texts.entries()) {
    const read = parseCertificates(text);
    if (!read.ok) {
      const field = `data.tls.ca.${index}`;
      return fail({ code: "INVALID_CERTIFICATE", message: `${field} ${read.error}`, field });
    }
    for (const certificate of read.value) authorities.add(certificate.raw.toString("base64"));
  }
  return ok([...authorities]);
}

function readShown(
  { certificate, chain = [], key }: ClusterTls,
  nowMs: number,
): Result<Pick<ClusterTls, "certificate" | "chain" | "key">, OrderError> {
  if (certificate === undefined || key === undefined) return ok({});
  const read = readCertificate(
    { listener: "", certificate, chain, key, names: [], reject_expired: false },
    nowMs,
  );
  if (!read.ok) return fail(ofTls(read.error));
  const { certificate: shown } = read.value;
  return ok({
    certificate: shown.certificate,
    ...(shown.chain.length > 0 && { chain: shown.chain }),
    key: shown.key,
  });
}

/** The same error, of a field that lies one deeper. */
function ofTls(error: OrderError): OrderError {
  const deeper = (text: string): string => text.replace(/^data\./, "data.tls.");
  return {
    ...error,
    message: deeper(error.message),
    ...(error.field !== undefined && { field: deeper(error.field) }),
  };
}
