/**
 * Candidates among which a policy picks, with what policies remember of them, in arrays beside each other. All candidates of
 * a group are equally wanted: which group comes first is decided by `Balancer`. A change costs the size of the group.
 */
import { assert } from "../base/assert.ts";
import type { Candidate } from "./candidate.ts";

export class Group<C extends Candidate> {
  readonly members: C[] = [];
  /** Weights as policies count them: at least 1. */
  readonly weights: number[] = [];
  /** For picking smoothly by weight: how much each member has coming. */
  readonly credits: number[] = [];
  /** For the hash policy: 32 bits that stand for each member's id. */
  readonly idHashes: number[] = [];
  /** For picking in turn: the index of the member whose turn is next. */
  cursor = 0;
  weightMax = 1;
  hasEqualWeights = true;

  /** Puts a candidate behind the others, with nothing coming yet. */
  add(candidate: C): void {
    this.members.push(candidate);
    this.weights.push(weightOf(candidate));
    this.credits.push(0);
    this.idHashes.push(hashOf(candidate.id));
    this.#weigh();
  }

  /** Takes a candidate out; whose turn is next stays so. */
  remove(candidate: C): void {
    const index = this.#indexOf(candidate);
    for (const list of [this.members, this.weights, this.credits, this.idHashes]) list.splice(index, 1);
    if (index < this.cursor) this.cursor--;
    if (this.cursor === this.members.length) this.cursor = 0;
    this.#weigh();
  }

  /** Takes over a member's new weight. What it has coming changes in proportion, so that it neither gains nor waits. */
  reweigh(candidate: C): void {
    const index = this.#indexOf(candidate);
    const weight = weightOf(candidate);
    this.credits[index] = Math.trunc((this.credits[index]! * weight) / this.weights[index]!);
    this.weights[index] = weight;
    this.#weigh();
  }

  /** Below 0: the member at `one` has less in use, relative to its weight, than the one at `other`. */
  compareLoads(one: number, other: number): number {
    return (
      this.members[one]!.connections * this.weights[other]! -
      this.members[other]!.connections * this.weights[one]!
    );
  }

  #indexOf(candidate: C): number {
    const index = this.members.indexOf(candidate);
    assert(index !== -1, "changes a candidate that is not in its group");
    return index;
  }

  #weigh(): void {
    this.weightMax = 1;
    for (const weight of this.weights) this.weightMax = Math.max(this.weightMax, weight);
    this.hasEqualWeights = this.weights.every((weight) => weight === this.weights[0]);
  }
}

/** Where all have weight 0, all have the same. */
function weightOf(candidate: Candidate): number {
  return Math.max(1, candidate.weight);
}

/** FNV-1a over the characters, then mixed: ids that differ in their last character only must not be neighbours. */
function hashOf(id: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x0100_0193);
  return mix32(hash);
}

/** Spreads 32 bits over 32 bits, one to one (the finalizer of MurmurHash3, public domain). 0 to 2^32 - 1. */
export function mix32(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
