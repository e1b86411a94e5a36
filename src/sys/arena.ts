/**
 * All memory that the kernel reads or writes while we do something else. Garbage-collected memory may move or
 * go away under an operation that completes later, so it is never given to one.
 *
 * Rules of this file:
 *  1. Addresses are made only here, from a region and checked offsets. A wrong offset is our defect and stops
 *     the process.
 *  2. A region lives as long as the process: nobody can hold a view of memory that is gone.
 *  3. Mapped memory costs nothing until it is touched (`MAP_NORESERVE`), so regions are as large as their
 *     limits allow.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";

const PROT_READ_WRITE = 0x3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;
const MADV_HUGEPAGE = 14;
export const PAGE_BYTES = 4096;

/** Mapped memory: its bytes for us, addresses in it for the kernel. */
export class Region {
  readonly byteLength: number;
  readonly bytes: Uint8Array;
  /** The same memory as 32-bit words. */
  readonly words: Int32Array;
  readonly #address: number;

  /** Not for callers: `mapRegion` and `mapDescriptor` make regions. */
  constructor(address: number, byteLength: number) {
    const memory = libc.viewMemory(address, byteLength);
    this.byteLength = byteLength;
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
    this.#address = address;
  }

  /**
   * The address of `length` bytes that begin at `offset`. User space ends at 2^47, so it is an exact number.
   */
  addressOf(offset: number, length: number): number {
    assert(Number.isInteger(offset) && Number.isInteger(length), "an address between bytes");
    assert(offset >= 0 && length >= 0 && offset + length <= this.byteLength, "an address outside its region");
    return this.#address + offset;
  }
}

/** Maps zeroed private memory of at least `byteLength` bytes, rounded up to pages. */
export function mapRegion(byteLength: number): Result<Region, SystemFault> {
  return map(byteLength, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

/**
 * As `mapRegion`, for what is large and always in use: in huge pages where the system allows them
 * (madvise(2)).
 */
export function mapHugeRegion(byteLength: number): Result<Region, SystemFault> {
  const region = mapRegion(byteLength);
  if (!region.ok) return region;
  const address = region.value.addressOf(0, region.value.byteLength);
  libc.madvise(address, region.value.byteLength, MADV_HUGEPAGE);
  return region;
}

/** Maps what a descriptor shares with us, as io_uring's rings. */
export function mapDescriptor(fd: number, byteLength: number, offset: number): Result<Region, SystemFault> {
  return map(byteLength, MAP_SHARED | MAP_POPULATE, fd, offset);
}

/** Where calls that return at once pass their arguments: each call writes it anew, so one page serves all. */
export const scratch: Region = mapScratch();

function map(byteLength: number, flags: number, fd: number, offset: number): Result<Region, SystemFault> {
  assert(byteLength > 0, "maps at least one byte");
  const rounded = Math.ceil(byteLength / PAGE_BYTES) * PAGE_BYTES;
  const address = libc.mmap(rounded, PROT_READ_WRITE, flags, fd, offset);
  return address < 0 ? fail(systemFault(-address, "mmap")) : ok(new Region(address, rounded));
}

function mapScratch(): Region {
  const region = mapRegion(PAGE_BYTES);
  assert(region.ok, "no memory for one page");
  return region.value;
}
