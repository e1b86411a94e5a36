/**
 * What a cluster's `tls` holds, read once, here: PEM becomes DER in base64, and a certificate that is to be
 * shown to backends is judged as those of listeners are.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../../model/errors.ts";
import type { ClusterTls } from "../../model/objects.ts";
import { readAuthorities, textsOf } from "./read-authorities.ts";
import { readCertificate } from "./read-certificate.ts";

/** `nowMs` is the time of day, in milliseconds since 1970. Errors name fields below `data.tls`. */
export function readClusterTls(tls: ClusterTls, nowMs: number): Result<ClusterTls, OrderError> {
  const ca = tls.ca === undefined ? ok(undefined) : readAuthorities(tls.ca, "data.tls.ca");
  if (!ca.ok) return ca;
  const shown = readShown(tls, nowMs);
  if (!shown.ok) return shown;
  const { server_name: name, verify } = tls;
  return ok({
    ...(name !== undefined && { server_name: name }),
    verify,
    ...(ca.value && { ca: textsOf(ca.value) }),
    ...shown.value,
  });
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
