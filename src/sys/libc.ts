/**
 * The system calls, each declared once.
 *
 * Rules of this file:
 *  1. Arguments and results are integers; memory is passed as an address that came from `arena.ts`.
 *  2. A call that fails gives its error number negated, as the kernel itself does. Nothing throws, nothing is
 *     kept.
 *  3. A descriptor is checked here: koffi would make another one of what does not fit (`NaN` and 2^32 become
 *     0), and the call would harm whoever owns that one.
 */
import koffi from "koffi";
import { assert } from "../base/assert.ts";

/** `null`: the symbols of the running Node, its C library among them, so that glibc and musl both work. */
const library = koffi.load(null);

type Call<Arguments extends readonly number[]> = (...values: Arguments) => number;

const DESCRIPTOR_MAX = 0x7fff_ffff;

/** Stops us unless `fd` may be a descriptor, open or not. */
function checked(fd: number): number {
  assert(Number.isInteger(fd) && fd >= 0 && fd <= DESCRIPTOR_MAX, `${fd} is no descriptor`);
  return fd;
}

/** The C library sets errno beside a result of -1; the pair becomes one number. */
function withErrno(result: number): number {
  return result === -1 ? -koffi.errno() : result;
}

type SevenNumbers = [number, number, number, number, number, number, number];
const rawSyscall: Call<SevenNumbers> = library.func(
  "int64_t syscall(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)",
);
const rawMmap: Call<[number, number, number, number, number, number]> = library.func(
  "int64_t mmap(int64_t, int64_t, int, int, int, int64_t)",
);
const rawMadvise: Call<[number, number, number]> = library.func("int madvise(int64_t, int64_t, int)");
const rawSocket: Call<[number, number, number]> = library.func("int socket(int, int, int)");
const rawSocketpair: Call<[number, number, number, number]> = library.func(
  "int socketpair(int, int, int, int64_t)",
);
const rawBind: Call<[number, number, number]> = library.func("int bind(int, int64_t, uint32_t)");
const rawListen: Call<[number, number]> = library.func("int listen(int, int)");
const rawAccept4: Call<[number, number, number, number]> = library.func(
  "int accept4(int, int64_t, int64_t, int)",
);
const rawShutdown: Call<[number, number]> = library.func("int shutdown(int, int)");
const rawClose: Call<[number]> = library.func("int close(int)");
const rawFcntl: Call<[number, number, number]> = library.func("int fcntl(int, int, int)");
const rawSetsockopt: Call<[number, number, number, number, number]> = library.func(
  "int setsockopt(int, int, int, int64_t, uint32_t)",
);
const rawGetsockopt: Call<[number, number, number, number, number]> = library.func(
  "int getsockopt(int, int, int, int64_t, int64_t)",
);
const rawGetsockname: Call<[number, number, number]> = library.func("int getsockname(int, int64_t, int64_t)");
const rawSendmsg: Call<[number, number, number]> = library.func("int64_t sendmsg(int, int64_t, int)");
const rawRecvmsg: Call<[number, number, number]> = library.func("int64_t recvmsg(int, int64_t, int)");
const rawFlock: Call<[number, number]> = library.func("int flock(int, int)");
const rawConnect: Call<[number, number, number]> = library.func("int connect(int, int64_t, uint32_t)");
const rawPoll: Call<[number, number, number]> = library.func("int poll(int64_t, uint64_t, int)");
const rawMemfdCreate: Call<[number, number]> = library.func("int memfd_create(int64_t, uint32_t)");
const rawWaitpid: Call<[number, number, number]> = library.func("int waitpid(int, int64_t, int)");
const rawSigaction: Call<[number, number, number]> = library.func("int sigaction(int, int64_t, int64_t)");
const rawGetrlimit: Call<[number, number]> = library.func("int getrlimit(int, int64_t)");
const rawSetrlimit: Call<[number, number]> = library.func("int setrlimit(int, int64_t)");

/** syscall(2), for calls that have no wrapper in the C library. Unused arguments are 0. */
export function syscall(
  number: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
): number {
  return withErrno(rawSyscall(number, a, b, c, d, e, f));
}

/**
 * mmap(2) where the kernel likes; `fd` is -1 for anonymous memory. The address, or a negated error number.
 */
export function mmap(
  byteLength: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
): number {
  return withErrno(rawMmap(0, byteLength, protection, flags, fd === -1 ? fd : checked(fd), offset));
}

/** madvise(2). */
export function madvise(address: number, byteLength: number, advice: number): number {
  return withErrno(rawMadvise(address, byteLength, advice));
}

/** The bytes at an address, for as long as they are mapped. Only `arena.ts` may ask. */
export function viewMemory(address: number, byteLength: number): ArrayBuffer {
  return koffi.view(address, byteLength);
}

/** socket(2). */
export function socket(domain: number, type: number, protocol: number): number {
  return withErrno(rawSocket(domain, type, protocol));
}

/** socketpair(2); two 32-bit descriptors are written to `pair`. */
export function socketpair(domain: number, type: number, protocol: number, pair: number): number {
  return withErrno(rawSocketpair(domain, type, protocol, pair));
}

/** bind(2). */
export function bind(fd: number, address: number, byteLength: number): number {
  return withErrno(rawBind(checked(fd), address, byteLength));
}

/** listen(2). */
export function listen(fd: number, backlog: number): number {
  return withErrno(rawListen(checked(fd), backlog));
}

/** accept4(2); `address` and `length` may be 0. */
export function accept4(fd: number, address: number, length: number, flags: number): number {
  return withErrno(rawAccept4(checked(fd), address, length, flags));
}

/** shutdown(2). */
export function shutdown(fd: number, how: number): number {
  return withErrno(rawShutdown(checked(fd), how));
}

/** close(2). The descriptor is gone whatever it gives. */
export function close(fd: number): number {
  return withErrno(rawClose(checked(fd)));
}

/** fcntl(2) with an integer argument. */
export function fcntl(fd: number, command: number, value: number): number {
  return withErrno(rawFcntl(checked(fd), command, value));
}

/** setsockopt(2). */
export function setsockopt(
  fd: number,
  level: number,
  name: number,
  value: number,
  byteLength: number,
): number {
  return withErrno(rawSetsockopt(checked(fd), level, name, value, byteLength));
}

/** getsockopt(2); `length` is the address of a 32-bit number: the room at `value`, then what was written. */
export function getsockopt(fd: number, level: number, name: number, value: number, length: number): number {
  return withErrno(rawGetsockopt(checked(fd), level, name, value, length));
}

/** getsockname(2); `length` as with `getsockopt`. */
export function getsockname(fd: number, address: number, length: number): number {
  return withErrno(rawGetsockname(checked(fd), address, length));
}

/** sendmsg(2). */
export function sendmsg(fd: number, message: number, flags: number): number {
  return withErrno(rawSendmsg(checked(fd), message, flags));
}

/** recvmsg(2). */
export function recvmsg(fd: number, message: number, flags: number): number {
  return withErrno(rawRecvmsg(checked(fd), message, flags));
}

/** flock(2). */
export function flock(fd: number, operation: number): number {
  return withErrno(rawFlock(checked(fd), operation));
}

/** connect(2). */
export function connect(fd: number, address: number, byteLength: number): number {
  return withErrno(rawConnect(checked(fd), address, byteLength));
}

/** poll(2) over `count` entries of 8 bytes each; their descriptors are checked by who wrote them. */
export function poll(entries: number, count: number, timeoutMs: number): number {
  return withErrno(rawPoll(entries, count, timeoutMs));
}

/** memfd_create(2); `name` is the address of text that ends in a zero byte. */
export function memfdCreate(name: number, flags: number): number {
  return withErrno(rawMemfdCreate(name, flags));
}

/** waitpid(2); a 32-bit status is written to `status`. */
export function waitpid(pid: number, status: number, options: number): number {
  return withErrno(rawWaitpid(pid, status, options));
}

/** sigaction(2): the action at `action` replaces one, which is written to `old`. */
export function sigaction(signal: number, action: number, old: number): number {
  return withErrno(rawSigaction(signal, action, old));
}

/** getrlimit(2): two 64-bit numbers, soft and hard, are written to `limits`. */
export function getrlimit(resource: number, limits: number): number {
  return withErrno(rawGetrlimit(resource, limits));
}

/** setrlimit(2). */
export function setrlimit(resource: number, limits: number): number {
  return withErrno(rawSetrlimit(resource, limits));
}
