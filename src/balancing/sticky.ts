/**
 * Sticky sessions: which backend a client comes back to, by the cookie that it brings, and the cookie that
 * a new client is given. One table per cluster whose sessions are sticky; others have none. Finding the
 * cookie in a head is `http/cookies.ts`, choosing for a new client is the balancer's.
 *
 * Rules of this file:
 *  1. A backend's value is its `sticky_id`; without one, a text made from the ids of cluster and backend:
 *     the same in every worker and after every restart. It does not show the ids; it is no secret either.
 *  2. A value may stand for several backends. The first of them that may be picked is taken: those that are
 *     no backups go first, then the order of their ids, so that all workers agree.
 *  3. Weight does not matter here, nor being a backup: a backend that is set aside takes its own clients.
 */
import { bytesOf, textOf } from "../base/bytes.ts";
import { ConfigurationHash } from "../model/hash.ts";
import { STICKY_ID_CHARS_MAX } from "../model/limits.ts";
import { isEligible, type Candidate } from "./candidate.ts";

const STICKY_COOKIE = "KAKEHI_STICKY";
export const STICKY_COOKIE_NAME: Uint8Array = bytesOf(STICKY_COOKIE);
/** For the browser's session, for the whole host, out of reach of scripts. */
const ATTRIBUTES = "Path=/; HttpOnly; SameSite=Lax";

const NO_LINES = new Uint8Array(0);

export interface StickyCandidate extends Candidate {
  /** What the configuration wants as the cookie's value. */
  readonly stickyId: string | undefined;
}

interface Place {
  readonly value: string;
  readonly setCookieLine: Uint8Array;
}

export class StickyTable<C extends StickyCandidate> {
  readonly #clusterId: string;
  readonly #candidates = new Map<string, readonly C[]>();
  readonly #places = new Map<C, Place>();

  constructor(clusterId: string, candidates: readonly C[]) {
    this.#clusterId = clusterId;
    for (const candidate of candidates) this.add(candidate);
  }

  /** Adds a candidate, or follows a change of one that is there. */
  add(candidate: C): void {
    this.remove(candidate);
    const value = candidate.stickyId ?? opaqueValueOf(this.#clusterId, candidate.id);
    const setCookieLine = bytesOf(`Set-Cookie: ${STICKY_COOKIE}=${value}; ${ATTRIBUTES}\r\n`);
    this.#places.set(candidate, { value, setCookieLine });
    const others = this.#candidates.get(value) ?? [];
    this.#candidates.set(value, [...others, candidate].sort(compareTurns));
  }

  /** Nobody comes back to it any more. */
  remove(candidate: C): void {
    const place = this.#places.get(candidate);
    if (place === undefined) return;
    this.#places.delete(candidate);
    const others = this.#candidates.get(place.value)!.filter((other) => other !== candidate);
    if (others.length > 0) this.#candidates.set(place.value, others);
    else this.#candidates.delete(place.value);
  }

  /** The value `bytes[start..end)` of a client's cookie; `undefined` if it stands for no backend. */
  readonly readValue = (bytes: Uint8Array, start: number, end: number): string | undefined => {
    if (end - start > STICKY_ID_CHARS_MAX) return undefined;
    const value = textOf(bytes, start, end);
    return this.#candidates.has(value) ? value : undefined;
  };

  /** The backend that a client with this value comes back to, if it may be picked now. */
  find(value: string, nowMs: number, tried: readonly C[]): C | undefined {
    return this.#candidates.get(value)?.find((candidate) => isEligible(candidate, nowMs, tried));
  }

  /** The value that stands for `candidate`; `undefined` if it is not there. */
  valueOf(candidate: C): string | undefined {
    return this.#places.get(candidate)?.value;
  }

  /**
   * What `candidate`'s response says to a client that came with `value`: a whole Set-Cookie line, or nothing
   * if the client has the right one, or if the backend was removed meanwhile.
   */
  linesFor(candidate: C, value: string | undefined): Uint8Array {
    const place = this.#places.get(candidate);
    return place === undefined || place.value === value ? NO_LINES : place.setCookieLine;
  }
}

/** 32 hexadecimal digits. Clients keep them: another way to make them would scatter all clients once. */
function opaqueValueOf(clusterId: string, backendId: string): string {
  const hash = new ConfigurationHash();
  hash.add("sticky", { cluster_id: clusterId, backend_id: backendId });
  return hash.text();
}

function compareTurns(one: Candidate, other: Candidate): number {
  if (one.backup !== other.backup) return one.backup ? 1 : -1;
  return one.id < other.id ? -1 : 1;
}
