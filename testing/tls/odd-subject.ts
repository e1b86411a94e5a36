/**
 * Certificates whose subjects no tool would write: bytes of a made one are replaced by others, and it is
 * signed anew. Its issuer's key must be of P-256.
 */
import { createPrivateKey, sign } from "node:crypto";
import { assert } from "../../src/base/assert.ts";
import { writeBitString, writeSequence } from "../../src/main/certificates/der.ts";
import { makeCertificate, type TestCertificate } from "./certificates.ts";

const UTF8_STRING = 0x0c;

/** A certificate by `issuer` with `commonName`, byte for byte, of the type `tag`. */
export function makeOddCertificate(
  issuer: TestCertificate,
  commonName: Buffer,
  tag: number = UTF8_STRING,
): TestCertificate {
  const placeholder = "~".repeat(commonName.length);
  const made = makeCertificate({ name: placeholder, issuer });
  const der = Buffer.from(made.der);
  const at = der.indexOf(placeholder);
  assert(at !== -1, "the certificate does not hold its name");
  commonName.copy(der, at);
  der[at - 2] = tag;
  const signed = part(der, contentOf(der, 0));
  const algorithm = part(der, signed.end);
  const key = createPrivateKey(issuer.keyPem);
  const signature = writeBitString(sign("sha256", signed.bytes, key));
  return { ...made, der: new Uint8Array(writeSequence(signed.bytes, algorithm.bytes, signature)) };
}

/** The value that begins at `start`, with its tag and length. */
function part(der: Buffer, start: number): { readonly bytes: Buffer; readonly end: number } {
  const first = der[start + 1]!;
  const content = contentOf(der, start);
  const length = first < 0x80 ? first : der.readUIntBE(start + 2, first & 0x7f);
  return { bytes: der.subarray(start, content + length), end: content + length };
}

/** Where the content begins of the value that begins at `start`. */
function contentOf(der: Buffer, start: number): number {
  const first = der[start + 1]!;
  return start + 2 + (first < 0x80 ? 0 : first & 0x7f);
}
