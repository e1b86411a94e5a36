/**
 * Blocks: what history is kept in. Some hundred records together, compressed, behind a line that says what is
 * in them. The same bytes stand in files and in memory.
 *
 * ```text
 *  {"format":"kakehi-history","version":1,"first":8,"last":207,…,"bytes":9120,"check":"5b1f…"}⏎
 *  9,120 bytes: the records, a line each, compressed by Zstandard (RFC 8878)
 *  {"format":"kakehi-history",…}⏎ …
 * ```
 */
import { createHash } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { fail, ok, type Result } from "../../base/result.ts";
import type { RevisionRecord } from "../../model/history.ts";
import { readRecords } from "./record-text.ts";

/** The version of what stands here. Each that was ever released can be read: `tests/compat/`. */
const FORMAT_VERSION = 1;
const FORMAT = "kakehi-history";
const CHECK_CHARS = 32;
const HEADER_BYTES_MAX = 1_024;
const NEWLINE = 0x0a;

/** What a block says of itself. */
export interface BlockFacts {
  /** The revisions in it, without a hole. */
  readonly first: number;
  readonly last: number;
  /** The configuration's hash before the first, and after the last. */
  readonly hash_before: string;
  readonly hash: string;
  /** What its first record begins with, and what the next block's does. */
  readonly link_before: string;
  readonly link: string;
}

export interface Block extends BlockFacts {
  /** With its header. */
  readonly bytes: Uint8Array;
  /** Where the compressed records begin. */
  readonly dataAt: number;
}

export function sealBlock(facts: BlockFacts, lines: readonly string[]): Block {
  const data = zstdCompressSync(lines.join("\n"));
  const header = { format: FORMAT, version: FORMAT_VERSION, ...facts, bytes: data.length };
  const line = Buffer.from(`${JSON.stringify({ ...header, check: checkOf(header, data) })}\n`);
  return { ...facts, bytes: Buffer.concat([line, data]), dataAt: line.length };
}

/** The records of a block, the oldest first. The error says what is wrong with it. */
export function openBlock({ bytes, dataAt, link_before }: Block): Result<readonly RevisionRecord[], string> {
  try {
    const lines = zstdDecompressSync(bytes.subarray(dataAt)).toString("utf8");
    return readRecords(lines, link_before);
  } catch (error) {
    return fail(`its records cannot be read: ${(error as Error).message}`);
  }
}

/** What was found in bytes: whole blocks, and what stands behind the last of them. */
export interface FoundBlocks {
  readonly blocks: readonly Block[];
  /** Absent: nothing. Else what is wrong at `wholeBytes`. */
  readonly damage?: string;
  readonly wholeBytes: number;
}

/** Splits bytes into blocks, up to the first that is not what was written. */
export function readBlocks(bytes: Uint8Array): FoundBlocks {
  const blocks: Block[] = [];
  let at = 0;
  while (at < bytes.length) {
    const block = readBlock(bytes.subarray(at));
    if (!block.ok) return { blocks, damage: `at byte ${at}: ${block.error}`, wholeBytes: at };
    blocks.push(block.value);
    at += block.value.bytes.length;
  }
  return { blocks, wholeBytes: at };
}

function readBlock(bytes: Uint8Array): Result<Block, string> {
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
  const header = parseHeader(bytes.subarray(0, Math.max(0, end)));
  if (header === undefined) return fail("no block begins here");
  const { format, version, check, bytes: byteLength, ...facts } = header;
  if (version !== FORMAT_VERSION)
    return fail(`a block of format version ${version}; this version knows ${FORMAT_VERSION}`);
  const dataAt = end + 1;
  const data = bytes.subarray(dataAt, dataAt + byteLength);
  if (data.length < byteLength) return fail("the file ends before the block does");
  if (check !== checkOf({ format, version, ...facts, bytes: byteLength }, data))
    return fail("the block is not what was written");
  return ok({ ...facts, bytes: bytes.subarray(0, dataAt + byteLength), dataAt });
}

type Header = BlockFacts & {
  readonly format: string;
  readonly version: number;
  readonly bytes: number;
  readonly check: string;
};

function parseHeader(bytes: Uint8Array): Header | undefined {
  try {
    const header = JSON.parse(Buffer.from(bytes).toString("utf8")) as Partial<Header> | null;
    const { format, bytes: byteLength } = header ?? {};
    return format === FORMAT && Number.isSafeInteger(byteLength) && byteLength! >= 0
      ? (header as Header)
      : undefined;
  } catch {
    return undefined;
  }
}

function checkOf(header: object, data: Uint8Array): string {
  const digest = createHash("sha256").update(JSON.stringify(header)).update("\n").update(data).digest("hex");
  return digest.slice(0, CHECK_CHARS);
}
