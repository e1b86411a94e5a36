/**
 * Candidates among which a policy picks, with what policies remember of each. All members of a group are
 * equally wanted: which group comes first is decided by `Balancer`. A change costs the size of the group.
 */
import { assert } from "../base/assert.ts";
import type { Candidate } from "./candidate.ts";

export interface Member<C extends Candidate> {
  readonly candidate: C;
  /** As policies count it: at least 1. */
  weight: number;
  /** For picking smoothly by weight: how much it has coming. */
  credit: number;
  /** For the hash policy: 32 bits that stand for its id. */
  readonly idHash: number;
}

export class Group<C extends Candidate> {
  /**
   * Replaced by each change: a list of just the right size, because most clusters have few backends, and
   * there are many. `concat` makes one; `[...list, item]` leaves room for 16 more, 130 bytes.
   */
  members: readonly Member<C>[] = [];
  /** For picking in turn: the index of the member whose turn is next. */
  cursor = 0;
  weightMax = 1;
  hasEqualWeights = true;

  /** Puts a candidate behind the others, with nothing coming yet. */
  add(candidate: C): void {
    const member = { candidate, weight: weightOf(candidate), credit: 0, idHash: hashOf(candidate.id) };
    this.members = this.members.concat([member]);
    this.#weigh();
  }

  /** Takes a candidate out; whose turn is next stays so. */
  remove(candidate: C): void {
    const index = this.#indexOf(candidate);
    this.members = this.members.toSpliced(index, 1);
    if (index < this.cursor) this.cursor--;
    if (this.cursor === this.members.length) this.cursor = 0;
    this.#weigh();
  }

  /**
   * Takes over a candidate's new weight. What it has coming changes in proportion: it neither gains nor waits
   * by it.
   */
  reweigh(candidate: C): void {
    const member = this.members[this.#indexOf(candidate)]!;
    const weight = weightOf(candidate);
    member.credit = Math.trunc((member.credit * weight) / member.weight);
    member.weight = weight;
    this.#weigh();
  }

  has(candidate: C): boolean {
    return this.members.some((member) => member.candidate === candidate);
  }

  #indexOf(candidate: C): number {
    const index = this.members.findIndex((member) => member.candidate === candidate);
    assert(index !== -1, "changes a candidate that is not in its group");
    return index;
  }

  #weigh(): void {
    this.weightMax = 1;
    this.hasEqualWeights = true;
    for (const { weight } of this.members) {
      this.weightMax = Math.max(this.weightMax, weight);
      this.hasEqualWeights &&= weight === this.members[0]!.weight;
    }
  }
}

/** Below 0: `one` has less in use, relative to its weight, than `other`. */
export function compareLoads<C extends Candidate>(one: Member<C>, other: Member<C>): number {
  return one.candidate.connections * other.weight - other.candidate.connections * one.weight;
}

/**
 * Spreads 32 bits over 32 bits, one to one (the finalizer of MurmurHash3, public domain). As a signed number.
 */
export function mix32(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

/** Where all have weight 0, all have the same. */
function weightOf(candidate: Candidate): number {
  return Math.max(1, candidate.weight);
}

/** FNV-1a over the characters; `mix32` comes when a key is put to it. */
function hashOf(id: string): number {
  let hash = 0x811c_9dc5 | 0;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x0100_0193);
  return hash;
}
