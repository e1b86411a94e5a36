/**
 * Files that exist in memory only (memfd_create(2)): what one process writes and another reads by its
 * descriptor, of any size, without a name in any folder. Read and written as other files, by `node:fs`.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";

const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE: nothing changes any more, this neither. */
const SEALS = 0x0f;
const NAME_BYTES_MAX = 249;

/**
 * An empty file, closed on exec; who calls owns it. `name` (ASCII) is only shown, as in `/proc/self/fd`.
 */
export function openMemoryFile(name: string): Result<number, SystemFault> {
  assert(name.length <= NAME_BYTES_MAX, "a name that is too long for a memory file");
  for (let index = 0; index < name.length; index++) scratch.bytes[index] = name.charCodeAt(index);
  scratch.bytes[name.length] = 0;
  const fd = libc.memfdCreate(scratch.addressOf(0, name.length + 1), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return fd < 0 ? fail(systemFault(-fd, "memfd_create")) : ok(fd);
}

/**
 * From now on nobody can change it, not even we: who is given the descriptor can rely on what it reads. A
 * second time is `EPERM`.
 */
export function sealMemoryFile(fd: number): Result<void, SystemFault> {
  const result = libc.fcntl(fd, F_ADD_SEALS, SEALS);
  return result < 0 ? fail(systemFault(-result, "fcntl")) : ok(undefined);
}
