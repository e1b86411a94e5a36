/**
 * Where blocks of history are: in memory here, in files in `block-files.ts`. Blocks follow each other without
 * a hole; the oldest are forgotten in groups.
 */
import type { Result } from "../../base/result.ts";
import type { Block, BlockFacts } from "./block.ts";

export interface BlockStore {
  /** What is there, the oldest first. */
  readonly facts: readonly BlockFacts[];
  /** What is taken by all of it, on disk or in memory. */
  readonly bytes: number;
  /** The last revision of the group that would be forgotten next. */
  readonly oldestGroupLast: number;
  /** Adds a block behind all others. */
  add(block: Block): void;
  /** `undefined`: it is forgotten. The error says why it cannot be read. */
  read(facts: BlockFacts): Promise<Result<Block, string> | undefined>;
  forgetOldest(): void;
  forgetAll(): void;
  /** Fulfilled when all that was added is on disk, or when it is known that it cannot be; never rejected. */
  sync(): Promise<void>;
}

export class BlocksInMemory implements BlockStore {
  readonly #blocks: Block[];
  #bytes = 0;

  /** `blocks`: of the program that we were. */
  constructor(blocks: readonly Block[] = []) {
    this.#blocks = [...blocks];
    for (const { bytes } of blocks) this.#bytes += bytes.length;
  }

  get facts(): readonly BlockFacts[] {
    return this.#blocks;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldestGroupLast(): number {
    return this.#blocks[0]?.last ?? Number.POSITIVE_INFINITY;
  }

  /** All blocks, for the next program. */
  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  add(block: Block): void {
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
  }

  read(facts: BlockFacts): Promise<Result<Block, string> | undefined> {
    const value = this.#blocks.find((block) => block === facts);
    return Promise.resolve(value && { ok: true, value });
  }

  forgetOldest(): void {
    this.#bytes -= this.#blocks.shift()?.bytes.length ?? 0;
  }

  forgetAll(): void {
    this.#blocks.length = 0;
    this.#bytes = 0;
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }
}
