/**
 * TCP sockets: opening them, and the few calls on them that return at once (socket(2), tcp(7), accept4(2)).
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { EBADF, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";
import {
  AF_INET,
  AF_INET6,
  readSocketName,
  SOCKET_ADDRESS_BYTES,
  type SocketName,
} from "./socket-address.ts";

export const SOCK_STREAM = 1;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x8_0000;
export const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SO_LINGER = 13;
const SHUT_WR = 1;

/** An accepted connection and who made it. */
export interface AcceptedSocket {
  readonly fd: number;
  readonly peer: SocketName;
}

/** A TCP socket, nonblocking and closed on exec. */
export function openStreamSocket(family: 4 | 6): Result<number, SystemFault> {
  const domain = family === 4 ? AF_INET : AF_INET6;
  const fd = libc.socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return fd < 0 ? fail(systemFault(-fd, "socket")) : ok(fd);
}

/** Small writes leave at once (tcp(7) TCP_NODELAY): we gather ourselves. */
export function setNoDelay(fd: number): void {
  scratch.words[0] = 1;
  libc.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, scratch.addressOf(0, 4), 4);
}

/**
 * Closing it will send RST and drop what is unsent (socket(7) SO_LINGER with no time), also when the kernel
 * closes it for a process that died.
 */
export function setResetOnClose(fd: number): void {
  setLinger(fd, 1);
}

/** Undoes `setResetOnClose`: closing it sends FIN after what was written. */
export function clearResetOnClose(fd: number): void {
  setLinger(fd, 0);
}

function setLinger(fd: number, isOn: 0 | 1): void {
  scratch.words[0] = isOn;
  scratch.words[1] = 0;
  libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, scratch.addressOf(0, 8), 8);
}

/**
 * Sends FIN after what was written (shutdown(2)). A peer that is gone already is told by the next receive.
 */
export function shutdownWriting(fd: number): void {
  assert(libc.shutdown(fd, SHUT_WR) !== -EBADF, `shuts down descriptor ${fd}, which is not open`);
}

/** The next connection of a nonblocking listening socket's queue; `EAGAIN` when it is empty. */
export function acceptConnection(listeningFd: number): Result<AcceptedSocket, SystemFault> {
  scratch.words[0] = SOCKET_ADDRESS_BYTES;
  const address = scratch.addressOf(16, SOCKET_ADDRESS_BYTES);
  const fd = libc.accept4(listeningFd, address, scratch.addressOf(0, 4), SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return fail(systemFault(-fd, "accept4"));
  return ok({ fd, peer: readSocketName(scratch.bytes, 16) });
}
