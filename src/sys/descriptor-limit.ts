/**
 * How many descriptors this process may have open (getrlimit(2)): raised to what it is allowed, and told. And
 * room for them in the kernel's table, made before anybody waits for it.
 */
import { scratch } from "./arena.ts";
import { closeDescriptor, duplicateDescriptor } from "./descriptor.ts";
import * as libc from "./libc.ts";

const RLIMIT_NOFILE = 7;
/** Stands for "unlimited" (RLIM_INFINITY) and everything above it: nobody opens more. */
const DESCRIPTORS_MAX = 2 ** 31 - 1;

/** Raises the soft limit to the hard one. Returns the limit that holds now; a refusal leaves the old one. */
export function raiseDescriptorLimit(): number {
  const words = scratch.words;
  const at = scratch.addressOf(0, 16);
  if (libc.getrlimit(RLIMIT_NOFILE, at) < 0) return 0;
  const softLow = words[0]!;
  const softHigh = words[1]!;
  words[0] = words[2]!;
  words[1] = words[3]!;
  const raised = libc.setrlimit(RLIMIT_NOFILE, at) >= 0;
  return raised ? limitOf(words[2]!, words[3]!) : limitOf(softLow, softHigh);
}

/**
 * Makes the kernel's table of our descriptors wide enough for `count` of them. By itself it grows when one
 * too many is opened, twice as wide each time; and whoever opens that one waits until every processor has
 * passed a quiet moment (kernel, fs/file.c: `expand_fdtable` calls `synchronize_rcu` where threads share the
 * table): 15 ms were seen in the midst of a hand-over. The table never shrinks; 16,384 places take 128 KiB of
 * the kernel's memory. A refusal leaves it as it was.
 *
 * @param count of descriptors; what `limit` does not allow is not made room for.
 * @param limit of descriptors that this process may have open.
 */
export function widenDescriptorTable(count: number, limit: number): void {
  const widest = duplicateDescriptor(0, Math.min(count, limit) - 1);
  if (widest.ok) closeDescriptor(widest.value);
}

function limitOf(low: number, high: number): number {
  const limit = (high >>> 0) * 2 ** 32 + (low >>> 0);
  return Math.min(limit, DESCRIPTORS_MAX);
}
