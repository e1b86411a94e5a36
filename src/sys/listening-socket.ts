/**
 * Listening sockets, opened once by main and shared by all workers. Not accepting: that is the port's.
 *
 * A listener that is removed must lose no connection that the kernel already took, and closing the socket
 * resets those in its queue. So first new connections are refused entry by a filter, then the queue is
 * emptied, then the socket is closed.
 */
import { parseAddress, type Address } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { closeOnExec, setNonblocking } from "./descriptor.ts";
import { EADDRINUSE, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";
import {
  AF_INET,
  AF_INET6,
  readSocketName,
  SOCKET_ADDRESS_BYTES,
  writeSocketAddress,
} from "./socket-address.ts";
import type { SocketName } from "./socket-address.ts";
import { openStreamSocket, setNoDelay, SOCK_STREAM, SOL_SOCKET } from "./stream-socket.ts";

/** Why a listening socket could not be opened. */
export interface ListenFault {
  readonly code: "ADDRESS_IN_USE" | "ADDRESS_REFUSED";
  readonly message: string;
}

const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;

/** The kernel cuts it to net.core.somaxconn. */
const BACKLOG_DEFAULT = 65_535;

/**
 * Classic BPF (Linux: networking/filter.rst) as (code, jump if true, jump if false, operand). At a listening
 * TCP socket the packet begins at its TCP header; byte 13 holds the flags. Drops those with SYN and without
 * ACK: no new connection begins, while the last ACK of a handshake under way still gets through.
 */
const REFUSE_SYN = [
  [0x30, 0, 0, 13],
  [0x54, 0, 0, 0x12],
  [0x15, 0, 1, 0x02],
  [0x06, 0, 0, 0],
  [0x06, 0, 0, 0xffff_ffff],
] as const;

/**
 * Opens a listening socket: nonblocking, closed on exec, SO_REUSEADDR (never SO_REUSEPORT: it would split the
 * queue), IPv6 without IPv4, TCP_NODELAY (accepted sockets inherit it). Port 0 lets the kernel choose;
 * `socketName` tells.
 */
export function openListeningSocket(
  address: Address,
  options: { backlog?: number } = {},
): Result<number, ListenFault> {
  const opened = openStreamSocket(address.family);
  if (!opened.ok) return fail(listenFault(opened.error, address));
  const fd = opened.value;
  setListeningOptions(fd, address);
  const bytes = writeSocketAddress(scratch.bytes, 0, address);
  let result = libc.bind(fd, scratch.addressOf(0, bytes), bytes);
  if (result >= 0) result = libc.listen(fd, options.backlog ?? BACKLOG_DEFAULT);
  if (result >= 0) return ok(fd);
  libc.close(fd);
  return fail(listenFault(systemFault(-result, "bind"), address));
}

/**
 * Makes a listening socket that another program has opened like one of ours: nonblocking, closed on exec,
 * TCP_NODELAY. Gives its address; `undefined` if the descriptor is no listening TCP socket, or not open. To
 * close it is the caller's.
 */
export function takeListeningSocket(fd: number): Address | undefined {
  if (findOption(fd, SO_ACCEPTCONN) !== 1 || findOption(fd, SO_TYPE) !== SOCK_STREAM) return undefined;
  if (![AF_INET, AF_INET6].includes(findOption(fd, SO_DOMAIN) ?? 0)) return undefined;
  closeOnExec(fd);
  setNonblocking(fd);
  setNoDelay(fd);
  const { ip, port } = socketName(fd);
  return parseAddress(ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`);
}

/**
 * The address that a socket is bound to (getsockname(2)), for who opened it with port 0, as tests do.
 * @public
 */
export function socketName(fd: number): SocketName {
  scratch.words[0] = SOCKET_ADDRESS_BYTES;
  const result = libc.getsockname(fd, scratch.addressOf(16, SOCKET_ADDRESS_BYTES), scratch.addressOf(0, 4));
  assert(result >= 0, `no name for descriptor ${fd}`);
  return readSocketName(scratch.bytes, 16);
}

/**
 * From now on the kernel begins no new connection on this socket, for every process that shares it;
 * connections in its queue, and handshakes under way, stay and can be accepted. A client that tries is not
 * answered, and tries again by itself.
 */
export function refuseNewConnections(fd: number): Result<void, SystemFault> {
  const words = scratch.words;
  for (const [index, [code, jumpTrue, jumpFalse, operand]] of REFUSE_SYN.entries()) {
    words[8 + index * 2] = code | (jumpTrue << 16) | (jumpFalse << 24);
    words[9 + index * 2] = operand | 0;
  }
  const filter = scratch.addressOf(32, REFUSE_SYN.length * 8);
  words[0] = REFUSE_SYN.length;
  words[2] = filter | 0;
  words[3] = Math.floor(filter / 2 ** 32);
  return setOption(fd, SO_ATTACH_FILTER, scratch.addressOf(0, 16), 16);
}

/**
 * Undoes `refuseNewConnections`, so that a listener that comes back loses nothing. Harmless where none was
 * refused.
 */
export function takeNewConnections(fd: number): Result<void, SystemFault> {
  scratch.words[0] = 0;
  const result = setOption(fd, SO_DETACH_FILTER, scratch.addressOf(0, 4), 4);
  const noFilterAttached = !result.ok && result.error.name === "ENOENT";
  return noFilterAttached ? ok(undefined) : result;
}

function setListeningOptions(fd: number, address: Address): void {
  setNoDelay(fd);
  scratch.words[0] = 1;
  libc.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, scratch.addressOf(0, 4), 4);
  if (address.family === 6) libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, scratch.addressOf(0, 4), 4);
}

/** An option that is a number; `undefined` if the descriptor has none, or is not open. */
function findOption(fd: number, name: number): number | undefined {
  scratch.words[0] = 4;
  const result = libc.getsockopt(fd, SOL_SOCKET, name, scratch.addressOf(16, 4), scratch.addressOf(0, 4));
  return result < 0 ? undefined : scratch.words[4];
}

function setOption(fd: number, name: number, value: number, byteLength: number): Result<void, SystemFault> {
  const result = libc.setsockopt(fd, SOL_SOCKET, name, value, byteLength);
  return result < 0 ? fail(systemFault(-result, "setsockopt")) : ok(undefined);
}

function listenFault(fault: SystemFault, address: Address): ListenFault {
  const inUse = fault.errno === EADDRINUSE;
  return { code: inUse ? "ADDRESS_IN_USE" : "ADDRESS_REFUSED", message: `${address.text}: ${fault.message}` };
}
