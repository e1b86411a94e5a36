/**
 * Handing an open descriptor to another process: one message of one byte that carries it as SCM_RIGHTS
 * (unix(7), cmsg(3)), over a pair of connected Unix sockets. Both ends never block.
 */
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { EINTR, EPIPE, EPROTO, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET } from "./stream-socket.ts";

const AF_UNIX = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x08;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

/**
 * Where each part lies in the scratch page, in bytes: msghdr (56), its iovec (16), the control message (24),
 * one byte.
 */
const MESSAGE = 0;
const VECTOR = 64;
const CONTROL = 96;
const BYTE = 128;
/**
 * cmsghdr (16) and one descriptor (4): what cmsg_len counts. With its padding it takes 24, in which there
 * would be room for a second descriptor: one that nobody asked for, and nobody would close.
 */
const CONTROL_LENGTH = 20;
const CONTROL_SPACE = 24;

/**
 * A connected pair of Unix stream sockets, both closed on exec (a child gets one as its stdio, which
 * duplicates it).
 */
export function openDescriptorPair(): Result<
  { readonly first: number; readonly second: number },
  SystemFault
> {
  const result = libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, scratch.addressOf(0, 8));
  if (result < 0) return fail(systemFault(-result, "socketpair"));
  return ok({ first: scratch.words[0]!, second: scratch.words[1]! });
}

/**
 * Sends a duplicate of `fd`. Fails at once (`EAGAIN`) when the other process has left some hundred unread.
 */
export function sendRights(channelFd: number, fd: number): Result<void, SystemFault> {
  writeMessage(CONTROL_SPACE);
  scratch.words[CONTROL / 4] = CONTROL_LENGTH;
  scratch.words[(CONTROL + 16) / 4] = fd;
  const result = untilUninterrupted(() =>
    libc.sendmsg(channelFd, scratch.addressOf(MESSAGE, 56), MSG_DONTWAIT | MSG_NOSIGNAL),
  );
  return result < 0 ? fail(systemFault(-result, "sendmsg")) : ok(undefined);
}

/**
 * Takes the next descriptor, closed on exec; who calls owns it. `EAGAIN`: none is there; `EPIPE`: the other
 * end is closed; `EPROTO`: a message with no descriptor, or with several (none of which stays open).
 */
export function receiveRights(channelFd: number): Result<number, SystemFault> {
  writeMessage(CONTROL_LENGTH);
  const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  const result = untilUninterrupted(() => libc.recvmsg(channelFd, scratch.addressOf(MESSAGE, 56), flags));
  if (result < 0) return fail(systemFault(-result, "recvmsg"));
  if (result === 0) return fail(systemFault(EPIPE, "recvmsg"));
  const fd = readRights();
  const isTruncated = (scratch.words[(MESSAGE + 48) / 4]! & MSG_CTRUNC) !== 0;
  if (fd !== undefined && !isTruncated) return ok(fd);
  if (fd !== undefined) libc.close(fd);
  return fail(systemFault(EPROTO, "recvmsg"));
}

/** The descriptor that came with the message; the kernel has shortened its control part to what it wrote. */
function readRights(): number | undefined {
  const words = scratch.words;
  const isThere = words[(MESSAGE + 40) / 4] === CONTROL_LENGTH && words[CONTROL / 4] === CONTROL_LENGTH;
  const isRights = words[CONTROL / 4 + 2] === SOL_SOCKET && words[CONTROL / 4 + 3] === SCM_RIGHTS;
  return isThere && isRights ? words[(CONTROL + 16) / 4]! : undefined;
}

/** struct msghdr (recvmsg(2)) over one byte and `controlBytes` of control part. */
function writeMessage(controlBytes: number): void {
  const words = scratch.words;
  words.fill(0, MESSAGE / 4, BYTE / 4 + 1);
  writeAddress(MESSAGE + 16, scratch.addressOf(VECTOR, 16));
  words[(MESSAGE + 24) / 4] = 1;
  writeAddress(MESSAGE + 32, scratch.addressOf(CONTROL, CONTROL_SPACE));
  words[(MESSAGE + 40) / 4] = controlBytes;
  writeAddress(VECTOR, scratch.addressOf(BYTE, 1));
  words[(VECTOR + 8) / 4] = 1;
  words[CONTROL / 4 + 2] = SOL_SOCKET;
  words[CONTROL / 4 + 3] = SCM_RIGHTS;
}

function writeAddress(offset: number, address: number): void {
  scratch.words[offset / 4] = address | 0;
  scratch.words[offset / 4 + 1] = Math.floor(address / 2 ** 32);
}

function untilUninterrupted(call: () => number): number {
  let result = call();
  while (result === -EINTR) result = call();
  return result;
}
