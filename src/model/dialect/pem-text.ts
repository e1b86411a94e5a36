/**
 * DER in base64 as PEM text (RFC 7468): lines of 64 characters in a frame. Writing only; reading is main's.
 */

const LINE = /.{1,64}/g;

export function certificatePem(base64: string): string {
  return framed("CERTIFICATE", base64);
}

/** Of a key in PKCS #8. */
export function keyPem(base64: string): string {
  return framed("PRIVATE KEY", base64);
}

function framed(label: string, base64: string): string {
  const lines = base64.match(LINE) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
