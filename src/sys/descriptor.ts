/**
 * What can be done with any open descriptor. Each has one owner, who closes it once.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { EBADF, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";

const F_DUPFD_CLOEXEC = 1030;

/** Closes a descriptor (close(2)). To close one that is not open is a defect: another owner's may be next. */
export function closeDescriptor(fd: number): void {
  assert(libc.close(fd) !== -EBADF, `closes descriptor ${fd}, which is not open`);
}

/** A second descriptor of the same open file, closed on exec (fcntl(2)). */
export function duplicateDescriptor(fd: number): Result<number, SystemFault> {
  const result = libc.fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return result < 0 ? fail(systemFault(-result, "fcntl")) : ok(result);
}
