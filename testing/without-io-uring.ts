/**
 * Runs a program in which io_uring_setup(2) fails as in a container that forbids it, or on a kernel without
 * it: a seccomp filter (seccomp(2)) gives the error number that it is told, for this process and all that it
 * starts.
 *
 *     node testing/without-io-uring.ts ERRNO PROGRAM ARGUMENTS…
 */
import assert from "node:assert/strict";
import { env, execve } from "node:process";
import { scratch } from "../src/sys/arena.ts";
import * as libc from "../src/sys/libc.ts";

const IO_URING_SETUP = 425;
const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_RET_ERRNO = 0x0005_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
/** The numbers of prctl(2) and seccomp(2). */
const NUMBERS: Readonly<Record<string, readonly [prctl: number, seccomp: number]>> = {
  x64: [157, 317],
  arm64: [167, 277],
};

const [errno = "", program = "", ...args] = process.argv.slice(2);
refuseIoUring(Number(errno));
assert.ok(execve !== undefined, "this Node cannot become another program");
execve(program, [program, ...args], env);

/** Classic BPF over struct seccomp_data, whose first word is the number of the call. */
function refuseIoUring(refusal: number): void {
  const numbers = NUMBERS[process.arch];
  assert.ok(numbers !== undefined, `no numbers of system calls for ${process.arch}`);
  const filter = [
    [0x20, 0],
    [0x15 | (1 << 24), IO_URING_SETUP],
    [0x06, SECCOMP_RET_ERRNO | refusal],
    [0x06, SECCOMP_RET_ALLOW],
  ];
  const { words } = scratch;
  words.set(filter.flat(), 8);
  const address = scratch.addressOf(32, filter.length * 8);
  words.set([filter.length, 0, address | 0, Math.floor(address / 2 ** 32)], 0);
  const [prctl, seccomp] = numbers;
  assert.equal(libc.syscall(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0), 0);
  assert.equal(libc.syscall(seccomp, SECCOMP_SET_MODE_FILTER, 0, scratch.addressOf(0, 16), 0, 0, 0), 0);
}
