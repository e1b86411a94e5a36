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
import { bytesOf, equalsText } from "../base/bytes.ts";
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

/** What a cookie holds, and who it leads to. Only this file changes one. */
export interface StickyValue<C> {
  readonly text: string;
  /** Made for the first client that is given it. */
  setCookieLine: Uint8Array | undefined;
  /** In the order of rule 2; empty once all were removed. */
  candidates: readonly C[];
}

export class StickyTable<C extends StickyCandidate> {
  readonly #clusterId: string;
  /** By the hash of their bytes: a request's value is known without making a text of it. */
  readonly #values = new Map<number, readonly StickyValue<C>[]>();
  readonly #valueOf = new Map<C, StickyValue<C>>();

  constructor(clusterId: string, candidates: readonly C[]) {
    this.#clusterId = clusterId;
    for (const candidate of candidates) this.add(candidate);
  }

  /** Adds a candidate, or follows a change of one that is there. */
  add(candidate: C): void {
    this.remove(candidate);
    const value = this.#valueFor(candidate.stickyId ?? opaqueTextOf(this.#clusterId, candidate.id));
    value.candidates = [...value.candidates, candidate].sort(compareTurns);
    this.#valueOf.set(candidate, value);
  }

  /** Nobody comes back to it any more. */
  remove(candidate: C): void {
    const value = this.#valueOf.get(candidate);
    if (value === undefined) return;
    this.#valueOf.delete(candidate);
    value.candidates = value.candidates.filter((other) => other !== candidate);
    if (value.candidates.length === 0) this.#forget(value);
  }

  /** The value `bytes[start..end)` of a client's cookie; `undefined` if it stands for no backend. */
  readValue(bytes: Uint8Array, start: number, end: number): StickyValue<C> | undefined {
    if (end - start > STICKY_ID_CHARS_MAX) return undefined;
    const values = this.#values.get(hashOf(bytes, start, end));
    return values?.find(({ text }) => equalsText(bytes, start, end, text));
  }

  /** The backend that a client with this value comes back to, if it may be picked now. */
  find(value: StickyValue<C>, nowMs: number, tried: readonly C[]): C | undefined {
    return value.candidates.find((candidate) => isEligible(candidate, nowMs, tried));
  }

  /** The value that stands for `candidate`; `undefined` if it is not there. */
  valueOf(candidate: C): StickyValue<C> | undefined {
    return this.#valueOf.get(candidate);
  }

  /**
   * What `candidate`'s response says to a client that came with `value`: a whole Set-Cookie line, or nothing
   * if the client has the right one, or if the backend was removed meanwhile.
   */
  linesFor(candidate: C, value: StickyValue<C> | undefined): Uint8Array {
    const own = this.#valueOf.get(candidate);
    if (own === undefined || own === value) return NO_LINES;
    return (own.setCookieLine ??= bytesOf(`Set-Cookie: ${STICKY_COOKIE}=${own.text}; ${ATTRIBUTES}\r\n`));
  }

  /** The value that has this text, perhaps a new one. */
  #valueFor(text: string): StickyValue<C> {
    const bytes = bytesOf(text);
    const present = this.readValue(bytes, 0, bytes.length);
    if (present !== undefined) return present;
    const value = { text, setCookieLine: undefined, candidates: [] };
    const hash = hashOf(bytes, 0, bytes.length);
    this.#values.set(hash, [...(this.#values.get(hash) ?? []), value]);
    return value;
  }

  #forget(value: StickyValue<C>): void {
    const hash = hashOf(bytesOf(value.text), 0, value.text.length);
    const others = this.#values.get(hash)!.filter((other) => other !== value);
    if (others.length > 0) this.#values.set(hash, others);
    else this.#values.delete(hash);
  }
}

/** 32 hexadecimal digits. Clients keep them: another way to make them would scatter all clients once. */
function opaqueTextOf(clusterId: string, backendId: string): string {
  const hash = new ConfigurationHash();
  hash.add("sticky", { cluster_id: clusterId, backend_id: backendId });
  return hash.text();
}

function compareTurns(one: Candidate, other: Candidate): number {
  if (one.backup !== other.backup) return one.backup ? 1 : -1;
  return one.id < other.id ? -1 : 1;
}

/** FNV-1a, in 30 bits: what engines keep as small integers. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5 | 0;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  return (hash >>> 2) ^ (hash & 3);
}
