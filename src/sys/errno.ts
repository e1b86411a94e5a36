/**
 * Error numbers of Linux by name and meaning (errno(3)), for those that sockets, memory and io_uring calls
 * give. Values, never exceptions: who called decides what a failure means.
 */

/** A system call that failed. `message` is for people: what failed and why. */
export interface SystemFault {
  readonly errno: number;
  /** The field's name for it, as in `EADDRINUSE`. */
  readonly name: string;
  readonly message: string;
}

export const EPERM = 1;
const ENOENT = 2;
const ESRCH = 3;
export const EINTR = 4;
export const EBADF = 9;
export const ECHILD = 10;
export const EAGAIN = 11;
export const ENOMEM = 12;
const EACCES = 13;
export const EBUSY = 16;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const ENAMETOOLONG = 36;
export const ETIME = 62;
export const EPROTO = 71;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const ECANCELED = 125;

const TABLE: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  [EPERM]: ["EPERM", "not permitted"],
  [ENOENT]: ["ENOENT", "no such file or entry"],
  [ESRCH]: ["ESRCH", "no such process"],
  [EINTR]: ["EINTR", "interrupted by a signal"],
  [EBADF]: ["EBADF", "not an open descriptor"],
  [ECHILD]: ["ECHILD", "no such child process"],
  [EAGAIN]: ["EAGAIN", "would block"],
  [ENOMEM]: ["ENOMEM", "out of memory"],
  [EACCES]: ["EACCES", "permission denied"],
  14: ["EFAULT", "bad address"],
  [EBUSY]: ["EBUSY", "busy"],
  [EINVAL]: ["EINVAL", "invalid argument"],
  [ENFILE]: ["ENFILE", "too many open files in the system"],
  [EMFILE]: ["EMFILE", "too many open files in this process"],
  [EPIPE]: ["EPIPE", "the connection no longer takes bytes"],
  [ENAMETOOLONG]: ["ENAMETOOLONG", "name too long"],
  38: ["ENOSYS", "not offered by this kernel"],
  [ETIME]: ["ETIME", "timer expired"],
  [EPROTO]: ["EPROTO", "protocol error"],
  88: ["ENOTSOCK", "not a socket"],
  95: ["EOPNOTSUPP", "operation not supported"],
  97: ["EAFNOSUPPORT", "address family not supported"],
  91: ["EPROTOTYPE", "wrong type of socket"],
  [EADDRINUSE]: ["EADDRINUSE", "address already in use"],
  [EADDRNOTAVAIL]: ["EADDRNOTAVAIL", "address not available on this machine"],
  100: ["ENETDOWN", "network is down"],
  [ENETUNREACH]: ["ENETUNREACH", "network unreachable"],
  [ECONNABORTED]: ["ECONNABORTED", "connection aborted"],
  [ECONNRESET]: ["ECONNRESET", "connection reset by the peer"],
  [ENOBUFS]: ["ENOBUFS", "no buffer space"],
  106: ["EISCONN", "already connected"],
  107: ["ENOTCONN", "not connected"],
  109: ["ETOOMANYREFS", "too many descriptors on their way"],
  [ETIMEDOUT]: ["ETIMEDOUT", "timed out"],
  [ECONNREFUSED]: ["ECONNREFUSED", "connection refused"],
  112: ["EHOSTDOWN", "host is down"],
  [EHOSTUNREACH]: ["EHOSTUNREACH", "host unreachable"],
  [ECANCELED]: ["ECANCELED", "cancelled"],
};

/** The fault of a call named `call`, as in `systemFault(98, "bind")`. */
export function systemFault(errno: number, call: string): SystemFault {
  const [name, meaning] = TABLE[errno] ?? [`E${errno}`, `error number ${errno}`];
  return { errno, name, message: `${call}: ${meaning} (${name})` };
}
