/** Runs something while this process may open no more descriptors, as where all are in use. */
import assert from "node:assert/strict";
import { scratch } from "../src/sys/arena.ts";
import * as libc from "../src/sys/libc.ts";

const RLIMIT_NOFILE = 7;

/**
 * Lowers the soft limit below what is open already (getrlimit(2): only new ones are refused). Not to none:
 * fcntl(2) would say that its argument is wrong (EINVAL), where no descriptor is left (EMFILE).
 */
export function withoutDescriptors(body: () => void): void {
  const limits = scratch.addressOf(4_000, 16);
  assert.equal(libc.getrlimit(RLIMIT_NOFILE, limits), 0);
  const soft = scratch.words.slice(1_000, 1_002);
  scratch.words.set([1, 0], 1_000);
  assert.equal(libc.setrlimit(RLIMIT_NOFILE, limits), 0);
  try {
    body();
  } finally {
    scratch.words.set(soft, 1_000);
    assert.equal(libc.setrlimit(RLIMIT_NOFILE, limits), 0);
  }
}
