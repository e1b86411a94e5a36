/**
 * Handing open descriptors to another process: one message of one byte that carries them as SCM_RIGHTS
 * (unix(7), cmsg(3)), over a pair of connected Unix sockets. Both ends never block.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { EINTR, EPIPE, EPROTO, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET } from "./stream-socket.ts";
import { AF_UNIX } from "./unix-socket.ts";

/** The most descriptors in one message. The kernel takes 253 (SCM_MAX_FD). */
export const RIGHTS_MAX = 200;

const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x08;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

/**
 * Where each part lies in the scratch page, in bytes: msghdr (56), its iovec (16), one byte, the control
 * message: cmsghdr (16) and the descriptors (4 each).
 */
const MESSAGE = 0;
const VECTOR = 64;
const BYTE = 80;
const CONTROL = 96;
const CONTROL_HEADER_BYTES = 16;
const RIGHTS = CONTROL + CONTROL_HEADER_BYTES;

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
 * Sends duplicates of 1 to `RIGHTS_MAX` descriptors in one message: all of them, or none. Fails at once
 * (`EAGAIN`) when the other process has left some hundred messages unread.
 */
export function sendRights(channelFd: number, fds: readonly number[]): Result<void, SystemFault> {
  assert(fds.length > 0 && fds.length <= RIGHTS_MAX, `${fds.length} descriptors in one message`);
  assert(
    fds.every((fd) => Number.isInteger(fd) && fd >= 0),
    "sends what is no descriptor",
  );
  const controlBytes = CONTROL_HEADER_BYTES + fds.length * 4;
  // The kernel wants room for the padding after the last one, too.
  writeMessage(Math.ceil(controlBytes / 8) * 8);
  const { words } = scratch;
  words[CONTROL / 4] = controlBytes;
  words[CONTROL / 4 + 2] = SOL_SOCKET;
  words[CONTROL / 4 + 3] = SCM_RIGHTS;
  words.set(fds, RIGHTS / 4);
  const result = untilUninterrupted(() =>
    libc.sendmsg(channelFd, scratch.addressOf(MESSAGE, 56), MSG_DONTWAIT | MSG_NOSIGNAL),
  );
  return result < 0 ? fail(systemFault(-result, "sendmsg")) : ok(undefined);
}

/**
 * Takes the descriptors of the next message, at least one and at most `countMax`, closed on exec; who calls
 * owns them. `EAGAIN`: none is there; `EPIPE`: the other end is closed; `EPROTO`: a message with none, or
 * with more (none of which stays open).
 */
export function receiveRights(channelFd: number, countMax: number): Result<readonly number[], SystemFault> {
  assert(countMax > 0 && countMax <= RIGHTS_MAX, `room for ${countMax} descriptors`);
  // No room for padding: it would hold one more, which nobody asked for, and nobody would close.
  writeMessage(CONTROL_HEADER_BYTES + countMax * 4);
  const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  const result = untilUninterrupted(() => libc.recvmsg(channelFd, scratch.addressOf(MESSAGE, 56), flags));
  if (result < 0) return fail(systemFault(-result, "recvmsg"));
  if (result === 0) return fail(systemFault(EPIPE, "recvmsg"));
  const fds = readRights();
  const isTruncated = (scratch.words[(MESSAGE + 48) / 4]! & MSG_CTRUNC) !== 0;
  if (fds.length > 0 && !isTruncated) return ok(fds);
  for (const fd of fds) libc.close(fd);
  return fail(systemFault(EPROTO, "recvmsg"));
}

/**
 * The descriptors that came with the message: where the kernel wrote none, the control part is still zero.
 */
function readRights(): number[] {
  const { words } = scratch;
  const isRights = words[CONTROL / 4 + 2] === SOL_SOCKET && words[CONTROL / 4 + 3] === SCM_RIGHTS;
  const count = isRights ? (words[CONTROL / 4]! - CONTROL_HEADER_BYTES) / 4 : 0;
  return Array.from(words.subarray(RIGHTS / 4, RIGHTS / 4 + count));
}

/** struct msghdr (recvmsg(2)) over one byte and `controlBytes` of control part. */
function writeMessage(controlBytes: number): void {
  const { words } = scratch;
  words.fill(0, MESSAGE / 4, (CONTROL + controlBytes) / 4);
  writeAddress(MESSAGE + 16, scratch.addressOf(VECTOR, 16));
  words[(MESSAGE + 24) / 4] = 1;
  writeAddress(MESSAGE + 32, scratch.addressOf(CONTROL, controlBytes));
  words[(MESSAGE + 40) / 4] = controlBytes;
  writeAddress(VECTOR, scratch.addressOf(BYTE, 1));
  words[(VECTOR + 8) / 4] = 1;
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
