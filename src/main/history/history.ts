/**
 * The history of the configuration: what was changed, by whom, and how it is taken back. The newest records
 * are lines in memory; when there are some hundred they become a block (`block.ts`), and blocks are kept in
 * memory or in files.
 *
 * ```text
 *  oldest ┌────────┬────────┬────────┐ lines  last
 *     ────┤ block  │ block  │ block  ├─┼─┼─┼─┤
 *  forgotten: files of blocks          accepted, kept or not yet
 * ```
 *
 * Rules of this file:
 *  1. A change is staged when it is accepted, and settled when it is kept; what is staged may be taken back.
 *  2. It is bounded: by revisions, and by the bytes of its blocks. The oldest are forgotten first.
 *  3. A change too large to be kept ends what can be gone back to: history begins anew behind it.
 */
import { assert } from "../../base/assert.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { AcceptedChange, RevisionRecord } from "../../model/history.ts";
import { openBlock, sealBlock } from "./block.ts";
import type { BlockStore } from "./block-store.ts";
import { CHAIN_START, linkOf, readRecords, writeRecord } from "./record-text.ts";

/** Lines with more characters than this together become a block. */
const BLOCK_CHARS = 128 * 1024;

export interface HistoryLimits {
  /** So many revisions can be gone back. */
  readonly revisionsMax: number;
  /** All blocks together, on disk or in memory. */
  readonly bytesMax: number;
  /** A change that needs more characters as JSON is not kept. */
  readonly recordCharsMax: number;
}

/** Why a revision cannot be read: it is forgotten, or (a sentence) what is kept of it is damaged. */
export type ReadFault = { readonly kind: "gone" } | { readonly kind: "damaged"; readonly reason: string };

/** Records that follow each other, the oldest first, with the configuration's hash before the first. */
export interface ReadRecords {
  readonly records: readonly RevisionRecord[];
  readonly hashBefore: string;
}

interface Line {
  readonly revision: number;
  readonly hash: string;
  readonly text: string;
}

export class History {
  readonly #store: BlockStore;
  readonly #limits: HistoryLimits;
  #lines: Line[] = [];
  #chars = 0;
  /** What stands before the lines. */
  #before: { readonly revision: number; readonly hash: string; readonly link: string };
  /** The last change that was too large to be kept. */
  #tooLarge: { readonly revision: number; readonly hash: string } | undefined;

  /** Goes on with what `store` has; `start` is where it begins if that is nothing. */
  constructor(
    store: BlockStore,
    limits: HistoryLimits,
    start: { readonly revision: number; readonly hash: string },
  ) {
    this.#store = store;
    this.#limits = limits;
    const newest = store.facts.at(-1);
    this.#before =
      newest === undefined
        ? { ...start, link: CHAIN_START }
        : { revision: newest.last, hash: newest.hash, link: newest.link };
  }

  /** The oldest revision that can be gone back to. */
  get oldest(): number {
    const first = this.#store.facts[0]?.first;
    const kept = first === undefined ? this.#before.revision : first - 1;
    return Math.max(kept, this.last - this.#limits.revisionsMax, this.#tooLarge?.revision ?? 0);
  }

  /** The revision that it has reached, and the hash of its configuration. */
  get reached(): { readonly revision: number; readonly hash: string } {
    return this.#lines.at(-1) ?? this.#before;
  }

  get last(): number {
    return this.reached.revision;
  }

  /** What its blocks take. */
  get bytes(): number {
    return this.#store.bytes;
  }

  /** Takes in an accepted change, the next one. */
  stage(change: AcceptedChange): void {
    const { revision, hash } = change;
    assert(revision === this.last + 1, `history takes revision ${revision} after ${this.last}`);
    const link = this.#lines.length === 0 ? this.#before.link : linkOf(this.#lines.at(-1)!.text);
    const text = writeRecord(change, link, this.#limits.recordCharsMax);
    if (text === undefined) this.#tooLarge = { revision, hash };
    this.#lines.push({ revision, hash, text: text ?? "" });
    this.#chars += text?.length ?? 0;
  }

  /** What was staged is kept. */
  settle(): void {
    if (this.#tooLarge !== undefined) this.#restartBehind(this.#tooLarge);
    if (this.#chars > BLOCK_CHARS) this.#seal();
    const { revisionsMax, bytesMax } = this.#limits;
    const isTooMuch = (): boolean =>
      this.#store.bytes > bytesMax || this.last - this.#store.oldestGroupLast >= revisionsMax;
    while (this.#store.bytes > 0 && isTooMuch()) this.#store.forgetOldest();
  }

  /** What was staged after `revision` is not kept. */
  takeBack(revision: number): void {
    while (this.last > revision) {
      const line = this.#lines.pop();
      assert(line !== undefined, `history takes back revision ${this.last}, which was kept`);
      this.#chars -= line.text.length;
      if (line.revision === this.#tooLarge?.revision) this.#tooLarge = undefined;
    }
  }

  /** Begins anew: nothing before `start` can be gone back to. */
  restart(start: { readonly revision: number; readonly hash: string }): void {
    this.#store.forgetAll();
    this.#lines = [];
    this.#chars = 0;
    this.#tooLarge = undefined;
    this.#before = { revision: start.revision, hash: start.hash, link: CHAIN_START };
  }

  /** Fulfilled when all of it, what is staged too, is on disk, if it is kept there. */
  sync(): Promise<void> {
    if (this.#tooLarge === undefined) this.#seal();
    return this.#store.sync();
  }

  /**
   * The records of some revisions around this one: of its block. It may have been forgotten, or damaged.
   */
  async read(revision: number): Promise<Result<ReadRecords, ReadFault>> {
    const lines = this.readNewest(revision - 1);
    if (lines !== undefined) return ok(lines);
    const facts = this.#store.facts.find(({ first, last }) => first <= revision && revision <= last);
    const block = facts && (await this.#store.read(facts));
    if (block === undefined) return fail({ kind: "gone" });
    const records = block.ok ? openBlock(block.value) : block;
    if (!records.ok) return fail({ kind: "damaged", reason: records.error });
    return ok({ records: records.value, hashBefore: facts!.hash_before });
  }

  /** All records after this revision; `undefined` where they are not at hand. */
  readNewest(revision: number): ReadRecords | undefined {
    if (revision < this.#before.revision || revision >= this.last) return undefined;
    const lines = this.#tooLarge === undefined ? this.#lines.map(({ text }) => text).join("\n") : "";
    const read = readRecords(lines, this.#before.link);
    return read.ok ? { records: read.value, hashBefore: this.#before.hash } : undefined;
  }

  #seal(): void {
    const newest = this.#lines.at(-1);
    if (newest === undefined) return;
    const { hash: hash_before, link: link_before, revision } = this.#before;
    const link = linkOf(newest.text);
    const span = { first: revision + 1, last: newest.revision };
    const facts = { ...span, hash_before, hash: newest.hash, link_before, link };
    this.#store.add(
      sealBlock(
        facts,
        this.#lines.map(({ text }) => text),
      ),
    );
    this.#before = { revision: newest.revision, hash: newest.hash, link };
    this.#lines = [];
    this.#chars = 0;
  }

  #restartBehind(start: { readonly revision: number; readonly hash: string }): void {
    const rest = this.#lines.filter(({ revision }) => revision > start.revision);
    this.restart(start);
    // The first of them follows nothing that is there: its link is where the chain begins.
    this.#before = { ...this.#before, link: linkOf("") };
    this.#lines = rest;
    for (const { text } of rest) this.#chars += text.length;
  }
}
