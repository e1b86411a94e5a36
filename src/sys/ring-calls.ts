/**
 * The three system calls of io_uring (io_uring_setup(2), io_uring_enter(2), io_uring_register(2)); they have
 * the same numbers on every architecture. A failure is a negated error number.
 */
import * as libc from "./libc.ts";

const SYS_IO_URING_SETUP = 425;
const SYS_IO_URING_ENTER = 426;
const SYS_IO_URING_REGISTER = 427;

/**
 * Makes a ring; `parameters` is the address of an io_uring_params (120 bytes), read and written. Gives its
 * descriptor.
 */
export function setupRing(entries: number, parameters: number): number {
  return libc.syscall(SYS_IO_URING_SETUP, entries, parameters, 0, 0, 0, 0);
}

/**
 * Submits and waits; `argument` is the address of an io_uring_getevents_arg (24 bytes). Gives how many were
 * submitted.
 */
export function enterRing(fd: number, submit: number, wait: number, flags: number, argument: number): number {
  return libc.syscall(SYS_IO_URING_ENTER, fd, submit, wait, flags, argument, 24);
}

/** Registers something with a ring. */
export function registerWithRing(fd: number, operation: number, argument: number, count: number): number {
  return libc.syscall(SYS_IO_URING_REGISTER, fd, operation, argument, count, 0, 0);
}
