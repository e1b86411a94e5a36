/**
 * An object as the hash of a configuration takes it in. Certificates hold thousands of characters each and
 * come by the hundred thousand, so one is taken in as the digest of one text, and a chain that many of them
 * share is digested once for all.
 */
import { textDigest } from "./hash.ts";
import type { Certificate, ConfigObject, ObjectKind } from "./objects.ts";

const chainDigests = new WeakMap<Certificate["chain"], string>();

/** What the hash adds up for an object: the object itself, but for certificates. */
export function factOf(kind: ObjectKind, value: ConfigObject["value"]): unknown {
  return kind === "certificate" ? textDigest(textOf(value as Certificate)) : value;
}

/** All that a certificate says. No field holds a newline, and no name a space: so no two run together. */
function textOf(certificate: Certificate): string {
  const { listener, fingerprint, names, key_type, not_before_ms, not_after_ms } = certificate;
  const facts = [listener, fingerprint, names.join(" "), key_type, not_before_ms, not_after_ms];
  return [...facts, digestOf(certificate.chain), certificate.certificate, certificate.key].join("\n");
}

function digestOf(chain: Certificate["chain"]): string {
  const known = chainDigests.get(chain);
  if (known !== undefined) return known;
  const digest = textDigest(chain.join("\n"));
  chainDigests.set(chain, digest);
  return digest;
}
