/**
 * One io_uring: the two queues shared with the kernel, read and written as typed arrays (io_uring(7)).
 * What the operations mean is `operations.ts`; who is told is `completions.ts`.
 *
 * ```text
 *  entries      [ 64 bytes | 64 bytes | … ]   we write at the tail, the kernel takes when we enter
 *  completions  [ 16 bytes | 16 bytes | … ]   the kernel writes at the tail, we read from the head
 * ```
 *
 * Rules of this file:
 *  1. One system call submits everything and waits. Completions appear only in it
 *     (IORING_SETUP_DEFER_TASKRUN).
 *  2. Heads and tails are 32-bit counters that wrap; the other side's are read and ours published with
 *     Atomics.
 *  3. After `submit` returns, the kernel no longer reads what entries point to, save the buffers of sends and
 *     receives (IORING_FEAT_SUBMIT_STABLE).
 */
import { assert } from "../../base/assert.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { mapDescriptor, mapRegion, scratch, type Region } from "../../sys/arena.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { EAGAIN, EBUSY, EINTR, EINVAL, ENOMEM, EPERM, ETIME, systemFault } from "../../sys/errno.ts";
import { enterRing, registerWithRing, setupRing } from "../../sys/ring-calls.ts";

/** Told of each completion, in the kernel's order. `userData` is what the entry carried (its low 32 bits). */
export interface CompletionTarget {
  completed(userData: number, result: number, flags: number): void;
}

const SETUP_CQSIZE = 1 << 3;
const SETUP_CLAMP = 1 << 4;
const SETUP_SUBMIT_ALL = 1 << 7;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
const SETUP_NO_SQARRAY = 1 << 16;
const SETUP_NEEDED =
  SETUP_CQSIZE | SETUP_CLAMP | SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
const FEATURE_SINGLE_MMAP = 1 << 0;
const FEATURE_NODROP = 1 << 1;
const FEATURE_SUBMIT_STABLE = 1 << 2;
const FEATURE_EXT_ARG = 1 << 8;
const FEATURES_NEEDED = FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_SUBMIT_STABLE | FEATURE_EXT_ARG;
const OFFSET_ENTRIES = 0x1000_0000;
const ENTER_GETEVENTS = 1 << 0;
const ENTER_EXT_ARG = 1 << 3;

/**
 * A kernel short of memory takes some entries and not others; one that takes none for so long is beyond help.
 */
const SUBMIT_ATTEMPTS_MAX = 1_000;

/** Words of io_uring_params: where the kernel says what lies where. */
const PARAMETERS_BYTES = 120;
const ENTRY_WORDS = 16;
/** Where in `#wait` the timespec lies, in words; before it the io_uring_getevents_arg. */
const TIMESPEC = 8;

interface Offsets {
  readonly entryCount: number;
  readonly completionCount: number;
  readonly entryTail: number;
  readonly entryArray: number;
  readonly completionHead: number;
  readonly completionTail: number;
  readonly completions: number;
}

export class Ring {
  /** The entries as 32-bit words: `next` says where the next one begins. */
  readonly entries: Int32Array;
  readonly #fd: number;
  readonly #words: Int32Array;
  readonly #at: Offsets;
  readonly #wait: Region;
  #tail = 0;
  #submitted = 0;
  #head = 0;

  /** Not for callers: `openRing` makes rings. */
  constructor(fd: number, at: Offsets, shared: Region, entries: Region, wait: Region) {
    this.#fd = fd;
    this.#at = at;
    this.#words = shared.words;
    this.entries = entries.words;
    this.#wait = wait;
    const timespec = wait.addressOf(TIMESPEC * 4, 16);
    wait.words[4] = timespec | 0;
    wait.words[5] = Math.floor(timespec / 2 ** 32);
  }

  /**
   * The first word of the next free entry, zero but for its first two words and what no operation of ours
   * uses. Submits what is there when there is none.
   */
  next(): number {
    if (((this.#tail - this.#submitted) | 0) >= this.#at.entryCount) this.submit();
    const index = (this.#tail & (this.#at.entryCount - 1)) * ENTRY_WORDS;
    this.#tail = (this.#tail + 1) | 0;
    const entries = this.entries;
    for (let word = index + 2; word < index + 12; word++) entries[word] = 0;
    return index;
  }

  /** Submits every entry and collects what is complete, without waiting. */
  submit(): void {
    for (let attempt = 0; attempt < SUBMIT_ATTEMPTS_MAX; attempt++) {
      this.#enter(0, 0);
      if (this.#tail === this.#submitted) return;
    }
    assert(false, "the kernel takes no more operations");
  }

  /**
   * Submits, then sleeps until something is complete or `timeoutMs` have passed (at least 0, at most 2^31).
   */
  submitAndWait(timeoutMs: number): void {
    const wait = this.#wait.words;
    const seconds = Math.floor(timeoutMs / 1000);
    wait[TIMESPEC] = seconds;
    wait[TIMESPEC + 2] = Math.ceil((timeoutMs - seconds * 1000) * 1e6);
    this.#enter(1, ENTER_EXT_ARG);
  }

  /**
   * Tells `target` of every completion that is there now; those that come meanwhile are next time's. Gives
   * whether there were any.
   */
  drain(target: CompletionTarget): boolean {
    const words = this.#words;
    const { completions, completionCount, completionTail, completionHead } = this.#at;
    const mask = completionCount - 1;
    const tail = Atomics.load(words, completionTail);
    const hasAny = this.#head !== tail;
    while (this.#head !== tail) {
      const at = completions + ((this.#head & mask) << 2);
      const userData = words[at]!;
      const result = words[at + 2]!;
      const flags = words[at + 3]!;
      this.#head = (this.#head + 1) | 0;
      target.completed(userData, result, flags);
    }
    Atomics.store(words, completionHead, this.#head);
    return hasAny;
  }

  /** io_uring_register(2) on this ring: 0 or more, or a negated error number. */
  register(operation: number, argument: number, count: number): number {
    return registerWithRing(this.#fd, operation, argument, count);
  }

  /**
   * Closes it. The kernel cancels what is under way by itself, some time later: mapped memory stays mapped.
   */
  close(): void {
    closeDescriptor(this.#fd);
  }

  #enter(waitFor: number, flags: number): void {
    Atomics.store(this.#words, this.#at.completionHead, this.#head);
    Atomics.store(this.#words, this.#at.entryTail, this.#tail);
    const entryCount = (this.#tail - this.#submitted) | 0;
    const argument = flags === 0 ? 0 : this.#wait.addressOf(0, 24);
    const result = enterRing(this.#fd, entryCount, waitFor, flags | ENTER_GETEVENTS, argument);
    if (result >= 0) this.#submitted = (this.#submitted + result) | 0;
    else assert(isPassing(-result), systemFault(-result, "io_uring_enter").message);
  }
}

/** Signals, the end of the wait, and a kernel short of memory or with a full queue: the next turn goes on. */
function isPassing(errno: number): boolean {
  return errno === ETIME || errno === EINTR || errno === EBUSY || errno === EAGAIN || errno === ENOMEM;
}

/**
 * Makes a ring, or says in words for the operator why there can be none. Needs Linux 6.1. Before 6.6 the
 * kernel wants an array of entry numbers, which a test may have `always`.
 */
export function openRing(
  sizes: { entryCount: number; completionCount: number },
  entryArray: "if needed" | "always" = "if needed",
): Result<Ring, string> {
  let hasEntryArray = entryArray === "always";
  let fd = hasEntryArray ? -EINVAL : setup(sizes, SETUP_NEEDED | SETUP_NO_SQARRAY);
  if (fd === -EINVAL) {
    hasEntryArray = true;
    fd = setup(sizes, SETUP_NEEDED);
  }
  if (fd < 0) return fail(whyNot(-fd));
  const words = scratch.words;
  if ((words[5]! & FEATURES_NEEDED) !== FEATURES_NEEDED) {
    closeDescriptor(fd);
    return fail("this kernel's io_uring lacks features of Linux 6.1");
  }
  return mapRing(fd, offsetsOf(words, hasEntryArray), hasEntryArray);
}

function setup(sizes: { entryCount: number; completionCount: number }, flags: number): number {
  const words = scratch.words;
  words.fill(0, 0, PARAMETERS_BYTES / 4);
  words[1] = sizes.completionCount;
  words[2] = flags;
  return setupRing(sizes.entryCount, scratch.addressOf(0, PARAMETERS_BYTES));
}

/**
 * The words of io_sqring_offsets begin at 10, those of io_cqring_offsets at 20; they count bytes, ours count
 * words.
 */
function offsetsOf(words: Int32Array, hasEntryArray: boolean): Offsets {
  return {
    entryCount: words[0]!,
    completionCount: words[1]!,
    entryTail: words[11]! / 4,
    entryArray: hasEntryArray ? words[16]! / 4 : 0,
    completionHead: words[20]! / 4,
    completionTail: words[21]! / 4,
    completions: words[25]! / 4,
  };
}

function mapRing(fd: number, at: Offsets, hasEntryArray: boolean): Result<Ring, string> {
  const sharedWords = Math.max(at.completions + at.completionCount * 4, at.entryArray + at.entryCount);
  const shared = mapDescriptor(fd, sharedWords * 4, 0);
  const entries = mapDescriptor(fd, at.entryCount * ENTRY_WORDS * 4, OFFSET_ENTRIES);
  const wait = mapRegion(64);
  if (!shared.ok || !entries.ok || !wait.ok) {
    closeDescriptor(fd);
    return fail("no memory for the rings of io_uring");
  }
  for (let index = 0; hasEntryArray && index < at.entryCount; index++)
    shared.value.words[at.entryArray + index] = index;
  return ok(new Ring(fd, at, shared.value, entries.value, wait.value));
}

function whyNot(errno: number): string {
  if (errno === EPERM)
    return "io_uring is forbidden here (kernel.io_uring_disabled, or a container's seccomp profile)";
  if (errno === EINVAL) return "this kernel's io_uring is older than Linux 6.1";
  return systemFault(errno, "io_uring_setup").message;
}
