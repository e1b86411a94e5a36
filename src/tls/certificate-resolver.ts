/**
 * Which certificate serves a name on one listener. It knows what certificates say of themselves and keeps the
 * caller's own objects; it reads no certificate, builds no context, and has no clock.
 *
 * Rules of this file:
 *  1. What serves a name by itself or by a wildcard, which stands for one label (RFC 6125 section 6.4.3),
 *     goes before the default certificate.
 *  2. Of several for a name: what the client can use, then what is valid now, then the exact name before the
 *     wildcard, then ECDSA and EdDSA before RSA, which costs us ten times as much, then what lasts longest.
 *     Equal in all that: the smaller fingerprint, so that all workers choose the same.
 *  3. A certificate that no rule prefers is still better than none: an expired one is served if it is alone.
 *  4. To add, replace or remove one costs its names, whatever else is there.
 */
import { assert } from "../base/assert.ts";
import { remembering } from "../base/memo.ts";
import type { CertificateKeyType } from "../model/objects.ts";

/** Of how many names the wildcard is remembered: to make it costs more than all the rest of the choice. */
const WILDCARDS_MAX = 256;

/** What has to be known of a certificate to choose it. */
export interface CertificateFacts {
  /** Lower-case hexadecimal SHA-256 of its DER. */
  readonly fingerprint: string;
  /** Host names that it serves, lower case: exact, or `*.` and a suffix. Each once. */
  readonly names: readonly string[];
  readonly keyKind: CertificateKeyType;
  /** From when to when it is valid, in milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Whether the client can use a certificate with such a key. */
export type CanUse = (key: CertificateKeyType) => boolean;

/** The certificates of one name: most names have one, and then no list is made for it. */
type Bucket<Certificate> = Certificate | Certificate[];

export class CertificateResolver<Certificate extends CertificateFacts> {
  readonly #byFingerprint: Map<string, Certificate> = new Map();
  /** Wildcards stand here as they are written, `*.example.com`. Lists: what lasts longest first. */
  readonly #byName: Map<string, Bucket<Certificate>> = new Map();
  #defaultFingerprint: string | undefined;

  get size(): number {
    return this.#byFingerprint.size;
  }

  /** The fingerprint of the certificate for clients that no other serves; it need not be there yet. */
  setDefault(fingerprint: string | undefined): void {
    this.#defaultFingerprint = fingerprint;
  }

  get(fingerprint: string): Certificate | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** Adds a certificate that is not there yet. */
  add(certificate: Certificate): void {
    const { fingerprint, names } = certificate;
    assert(!this.#byFingerprint.has(fingerprint), "adds a certificate twice");
    this.#byFingerprint.set(fingerprint, certificate);
    for (const name of names) this.#addToName(name, certificate);
  }

  /** Removes a certificate that is there, and gives it back. */
  remove(fingerprint: string): Certificate {
    const certificate = this.#byFingerprint.get(fingerprint);
    assert(certificate !== undefined, "removes a certificate that is not there");
    this.#byFingerprint.delete(fingerprint);
    for (const name of certificate.names) this.#removeFromName(name, certificate);
    return certificate;
  }

  /** Puts a certificate in the place of another, which it gives back. Nobody finds neither or both. */
  replace(oldFingerprint: string, certificate: Certificate): Certificate {
    const old = this.remove(oldFingerprint);
    this.add(certificate);
    return old;
  }

  /**
   * The certificate for a client that asks for `serverName` (lower case, without a dot at its end;
   * `undefined` if it asks for none); `undefined` if nothing serves it, not even a default.
   */
  find(serverName: string | undefined, canUse: CanUse, nowMs: number): Certificate | undefined {
    const named = serverName === undefined ? undefined : this.findNamed(serverName, canUse, nowMs);
    if (named !== undefined || this.#defaultFingerprint === undefined) return named;
    return this.#byFingerprint.get(this.#defaultFingerprint);
  }

  /** The same without the default: `undefined` is what `strict_sni` refuses. */
  findNamed(serverName: string, canUse: CanUse, nowMs: number): Certificate | undefined {
    const exact = this.#byName.get(serverName);
    const usable = choose(exact, canUse, nowMs);
    if (usable !== undefined && isValid(usable, nowMs)) return usable;
    const wildcard = wildcardOf(serverName);
    const others = wildcard === undefined ? undefined : this.#byName.get(wildcard);
    return (
      validFirst(usable, choose(others, canUse, nowMs), nowMs) ??
      validFirst(choose(exact, canUseAll, nowMs), choose(others, canUseAll, nowMs), nowMs)
    );
  }

  /** Whether any certificate speaks for a host, as a request names it (lower case, without its port). */
  serves(host: string): boolean {
    const name = withoutDot(host);
    const wildcard = wildcardOf(name);
    return this.#byName.has(name) || (wildcard !== undefined && this.#byName.has(wildcard));
  }

  #addToName(name: string, certificate: Certificate): void {
    const bucket = this.#byName.get(name);
    if (bucket === undefined) this.#byName.set(name, certificate);
    else if (Array.isArray(bucket)) bucket.splice(placeIn(bucket, certificate), 0, certificate);
    else
      this.#byName.set(
        name,
        lastsLonger(bucket, certificate) ? [bucket, certificate] : [certificate, bucket],
      );
  }

  #removeFromName(name: string, certificate: Certificate): void {
    const bucket = this.#byName.get(name);
    if (!Array.isArray(bucket)) {
      assert(bucket === certificate, "a certificate is not under its name");
      this.#byName.delete(name);
      return;
    }
    const place = placeIn(bucket, certificate);
    assert(bucket[place] === certificate, "a certificate is not in its place");
    bucket.splice(place, 1);
    if (bucket.length === 1) this.#byName.set(name, bucket[0]!);
  }
}

/**
 * Whether a certificate with these names may speak for a host, as a request names it (lower case, without its
 * port): a request for another gets 421 (RFC 9110 section 15.5.20).
 */
export function coversHost(certificate: Pick<CertificateFacts, "names">, host: string): boolean {
  const name = withoutDot(host);
  if (certificate.names.includes(name)) return true;
  const wildcard = wildcardOf(name);
  return wildcard !== undefined && certificate.names.includes(wildcard);
}

function withoutDot(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/** `*.example.com` for `www.example.com`; `undefined` for a name that no wildcard can stand for. */
const wildcardOf = remembering(WILDCARDS_MAX, (name) => {
  const dot = name.indexOf(".");
  return dot <= 0 || name.startsWith("*") ? undefined : `*${name.slice(dot)}`;
});

/** The exact one, unless only the one of the wildcard is valid. */
function validFirst<Certificate extends CertificateFacts>(
  exact: Certificate | undefined,
  other: Certificate | undefined,
  nowMs: number,
): Certificate | undefined {
  if (exact === undefined || other === undefined) return exact ?? other;
  return isValid(exact, nowMs) || !isValid(other, nowMs) ? exact : other;
}

function choose<Certificate extends CertificateFacts>(
  bucket: Bucket<Certificate> | undefined,
  canUse: CanUse,
  nowMs: number,
): Certificate | undefined {
  if (bucket === undefined) return undefined;
  if (!Array.isArray(bucket)) return canUse(bucket.keyKind) ? bucket : undefined;
  let best: Certificate | undefined;
  let bestRank = 0;
  // What lasts longest comes first, so the first of a rank is the best of it.
  for (const certificate of bucket) {
    const rank = rankOf(certificate, nowMs);
    if (rank <= bestRank || !canUse(certificate.keyKind)) continue;
    best = certificate;
    bestRank = rank;
    if (rank === RANK_MAX) break;
  }
  return best;
}

const RANK_MAX = 4;

/** Valid before not valid, and in each ECDSA and EdDSA before RSA. */
function rankOf(certificate: CertificateFacts, nowMs: number): number {
  return (isValid(certificate, nowMs) ? 3 : 1) + (certificate.keyKind === "rsa" ? 0 : 1);
}

function isValid({ notBeforeMs, notAfterMs }: CertificateFacts, nowMs: number): boolean {
  return notBeforeMs <= nowMs && nowMs <= notAfterMs;
}

function canUseAll(): boolean {
  return true;
}

/** Where a certificate stands, or would stand, in a list of those that last longest first. */
function placeIn(list: readonly CertificateFacts[], certificate: CertificateFacts): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lastsLonger(list[middle]!, certificate)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lastsLonger(one: CertificateFacts, other: CertificateFacts): boolean {
  if (one.notAfterMs !== other.notAfterMs) return one.notAfterMs > other.notAfterMs;
  return one.fingerprint < other.fingerprint;
}
