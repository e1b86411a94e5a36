/**
 * Advisory locks on open files (flock(2)): two processes that ask for the same file's lock, one has it. It
 * ends with the process, however that ends, so there is no stale lock.
 */
import * as libc from "./libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** Takes the exclusive lock on an open file, at once or not at all. Kept until the descriptor is closed. */
export function lockDescriptor(fd: number): boolean {
  return libc.flock(fd, LOCK_EX | LOCK_NB) >= 0;
}
