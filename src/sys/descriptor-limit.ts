/**
 * How many descriptors this process may have open (getrlimit(2)): raised to what it is allowed, and told.
 */
import { scratch } from "./arena.ts";
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

function limitOf(low: number, high: number): number {
  const limit = (high >>> 0) * 2 ** 32 + (low >>> 0);
  return Math.min(limit, DESCRIPTORS_MAX);
}
