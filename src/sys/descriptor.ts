/**
 * What can be done with any open descriptor. Each has one owner, who closes it once.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { EBADF, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";

const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;
const POLLIN = 0x01;
const POLLNVAL = 0x20;

/** Closes a descriptor (close(2)). To close one that is not open is a defect: another owner's may be next. */
export function closeDescriptor(fd: number): void {
  assert(libc.close(fd) !== -EBADF, `closes descriptor ${fd}, which is not open`);
}

/**
 * A second descriptor of the same open file, closed on exec (fcntl(2)): the first free one from `least` on.
 */
export function duplicateDescriptor(fd: number, least = 0): Result<number, SystemFault> {
  const result = libc.fcntl(fd, F_DUPFD_CLOEXEC, least);
  return result < 0 ? fail(systemFault(-result, "fcntl")) : ok(result);
}

/**
 * From now on `fd` stays open when this process becomes another program (execve(2)), and in every child. For
 * the moment before it only: what others spawn meanwhile would have it, too.
 */
export function keepOnExec(fd: number): void {
  setDescriptorFlags(fd, 0);
}

/**
 * From now on `fd` is closed on exec, as all that we open are from their first moment.
 */
export function closeOnExec(fd: number): void {
  setDescriptorFlags(fd, FD_CLOEXEC);
}

/** From now on nothing that is done with `fd` waits, for whoever has it (fcntl(2) O_NONBLOCK). */
export function setNonblocking(fd: number): void {
  const flags = libc.fcntl(fd, F_GETFL, 0);
  assert(flags >= 0 && libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0, `descriptor ${fd} is not open`);
}

/**
 * Whether a read would not block: bytes or descriptors are there, or an end (poll(2)). Of a process handle:
 * whether the process is over (pidfd_open(2)).
 */
export function isReadable(fd: number): boolean {
  assert(Number.isInteger(fd) && fd >= 0, `${fd} is no descriptor`);
  const { words } = scratch;
  words[0] = fd;
  words[1] = POLLIN;
  const count = libc.poll(scratch.addressOf(0, 8), 1, 0);
  const returned = words[1]! >> 16;
  assert((returned & POLLNVAL) === 0, `asks for descriptor ${fd}, which is not open`);
  return count > 0;
}

function setDescriptorFlags(fd: number, flags: number): void {
  assert(libc.fcntl(fd, F_SETFD, flags) >= 0, `sets flags of descriptor ${fd}, which is not open`);
}
