/**
 * The chains of certificates, each held once: a hundred thousand certificates come from a few authorities,
 * and the chain is the larger half of what each would hold. What a certificate says is the same before and
 * after.
 */
import { areEqual } from "./equal.ts";
import type { Certificate } from "./objects.ts";

/** Chains that are looked for; with more in use than this, some are held more than once. */
const CHAINS_MAX = 256;

type Chain = Certificate["chain"];

export class SharedChains {
  /** By the first certificate of the chain; the longest unused go first when there are too many. */
  readonly #byFirst: Map<string, Chain> = new Map();

  /** The certificate with its chain from here, if it is here already; else its chain is kept. */
  sharing(certificate: Certificate): Certificate {
    const { chain } = certificate;
    const [first] = chain;
    if (first === undefined) return certificate;
    const known = this.#byFirst.get(first);
    this.#byFirst.delete(first);
    const isKnown = known !== undefined && areEqual(known, chain);
    this.#byFirst.set(first, isKnown ? known : Object.freeze(chain));
    for (const oldest of this.#byFirst.keys()) {
      if (this.#byFirst.size <= CHAINS_MAX) break;
      this.#byFirst.delete(oldest);
    }
    return isKnown && known !== chain ? { ...certificate, chain: known } : certificate;
  }
}
