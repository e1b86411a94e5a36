/**
 * Certificates that a change leaves without a hostname: no frontend of their listener is asked for by any of
 * their names any more. Not those that another certificate for the same names outlasts.
 */
import type { Change } from "../channel.ts";
import { certificateKey } from "../keys.ts";
import type { Certificate, Frontend, Listener } from "../objects.ts";
import type { State } from "../state.ts";

/** What a change took from one listener. */
interface Lost {
  /** Hostnames of frontends, as they were written. */
  readonly hostnames: Set<string>;
  /** The default certificate that it had. */
  defaultCertificate?: string | undefined;
}

/** `state` is as it is after `net`, one change for each object. */
export function findUnusedCertificates(state: State, net: readonly Change[]): Certificate[] {
  const unused: Certificate[] = [];
  for (const [address, lost] of lostOf(state, net)) {
    for (const key of candidatesOf(state, address, lost)) {
      const certificate = state.certificates.get(key);
      if (certificate !== undefined && !isUsed(state, certificate)) unused.push(certificate);
    }
  }
  return unused;
}

function lostOf(state: State, net: readonly Change[]): Map<string, Lost> {
  const all = new Map<string, Lost>();
  const lostBy = (address: string): Lost => {
    const lost = all.get(address) ?? { hostnames: new Set() };
    all.set(address, lost);
    return lost;
  };
  for (const { kind, before, after } of net) {
    if (before === undefined) continue;
    if (kind === "frontend" && after === undefined) {
      const { listener, hostname } = before as Frontend;
      if (state.listeners.get(listener)?.protocol === "https") lostBy(listener).hostnames.add(hostname);
    }
    if (kind === "listener" && after !== undefined) {
      const { address, default_certificate: was } = before as Listener;
      const is = (after as Listener).default_certificate;
      if (was !== undefined && was !== is) lostBy(address).defaultCertificate = was;
    }
  }
  return all;
}

/**
 * The keys of those that a client may have been shown that asked for what was lost. All have to be looked at
 * only where the lost hostname is a wildcard.
 */
function candidatesOf(state: State, address: string, lost: Lost): ReadonlySet<string> {
  const keys = new Set<string>();
  if (lost.defaultCertificate !== undefined)
    keys.add(certificateKey({ listener: address, fingerprint: lost.defaultCertificate }));
  const exact = [...lost.hostnames].filter((hostname) => !hostname.startsWith("*"));
  for (const hostname of exact) {
    for (const name of namesFor(hostname))
      for (const key of state.certificateKeysOfName(address, name)) keys.add(key);
  }
  if (exact.length === lost.hostnames.size) return keys;
  for (const key of state.certificateKeysOfListener(address)) {
    const { names } = state.certificates.get(key)!;
    if (names.some((name) => some(hostnamesFor(name), (hostname) => lost.hostnames.has(hostname))))
      keys.add(key);
  }
  return keys;
}

/** The names of certificates that serve an exact hostname (RFC 6125 section 6.4.3). */
function namesFor(hostname: string): readonly string[] {
  const dot = hostname.indexOf(".");
  return dot === -1 ? [hostname] : [hostname, `*${hostname.slice(dot)}`];
}

function isUsed(state: State, { listener, fingerprint, names }: Certificate): boolean {
  if (state.listeners.get(listener)?.default_certificate === fingerprint) return true;
  return names.some(
    (name) =>
      (name.startsWith("*.") && state.hosts.hasUnder(listener, name.slice(2))) ||
      some(hostnamesFor(name), (hostname) => state.hosts.has(listener, hostname)),
  );
}

/**
 * The hostnames of frontends that take a name; of a certificate's wildcard, those for all that it stands for.
 */
function* hostnamesFor(name: string): Iterable<string> {
  yield name;
  const from = name.startsWith("*.") ? 2 : 1;
  for (let dot = name.indexOf(".", from); dot !== -1; dot = name.indexOf(".", dot + 1))
    yield `*${name.slice(dot)}`;
  yield "*";
}

function some<Value>(values: Iterable<Value>, fits: (value: Value) => boolean): boolean {
  for (const value of values) if (fits(value)) return true;
  return false;
}
