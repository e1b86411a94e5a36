/**
 * An object as the hash of a configuration takes it in. Certificates hold thousands of characters each, so
 * their texts are digested first, two characters at a time, and a chain that many of them share once for all.
 */
import { textDigest } from "./hash.ts";
import type { Certificate, ConfigObject, ObjectKind } from "./objects.ts";

const chainDigests = new WeakMap<Certificate["chain"], readonly string[]>();

/** What the hash adds up for an object: the object itself, but for certificates. */
export function factOf(kind: ObjectKind, value: ConfigObject["value"]): object {
  if (kind !== "certificate") return value;
  const certificate = value as Certificate;
  return {
    ...certificate,
    certificate: textDigest(certificate.certificate),
    chain: digestsOf(certificate.chain),
    key: textDigest(certificate.key),
  };
}

function digestsOf(chain: Certificate["chain"]): readonly string[] {
  const known = chainDigests.get(chain);
  if (known !== undefined) return known;
  const digests = chain.map(textDigest);
  chainDigests.set(chain, digests);
  return digests;
}
