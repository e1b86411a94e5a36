/**
 * Unix sockets by raw descriptor (unix(7)): streams that carry descriptors, which Node's own sockets lose,
 * and the datagram by which a service tells its manager how it is.
 */
import { writeSync } from "node:fs";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { ENAMETOOLONG, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, SOL_SOCKET } from "./stream-socket.ts";

export const AF_UNIX = 1;
const SOCK_DGRAM = 2;
/** sun_path; a name in a folder ends in a zero byte. */
const PATH_BYTES_MAX = 108;
const FAMILY_BYTES = 2;
/** struct ucred: process, user and group, 32 bits each. */
const CREDENTIAL_BYTES = 12;
const SO_PEERCRED = 17;
const BACKLOG = 8;
/** All permissions but the owner's to read and write. */
const OTHERS = 0o177;
const utf8 = new TextEncoder();

/**
 * Connects to the stream socket at `path`, at once or not at all. Nonblocking, closed on exec; who calls owns
 * it. `ECONNREFUSED`: nobody listens there any more; `ENOENT`: no such file; `EAGAIN`: its queue is full.
 */
export function connectUnixSocket(path: string): Result<number, SystemFault> {
  return connectTo(path, SOCK_STREAM);
}

/**
 * A stream socket that listens at `path`, where nothing may be yet; only this user may connect, from its
 * first moment. Nonblocking, closed on exec; who calls owns it, and the file. `EADDRINUSE`: something is
 * there.
 */
export function openUnixListener(path: string): Result<number, SystemFault> {
  const address = writeAddress(path);
  if (address === undefined) return fail(systemFault(ENAMETOOLONG, "bind"));
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(systemFault(-fd, "socket"));
  // bind(2) makes the file, with 0777 less the mask.
  const mask = process.umask(OTHERS);
  const bound = libc.bind(fd, scratch.addressOf(0, address), address);
  process.umask(mask);
  const result = bound < 0 ? bound : libc.listen(fd, BACKLOG);
  if (result >= 0) return ok(fd);
  libc.close(fd);
  return fail(systemFault(-result, "bind"));
}

/** The next one who has connected, nonblocking and closed on exec; `EAGAIN`: nobody. */
export function acceptUnixConnection(listeningFd: number): Result<number, SystemFault> {
  const fd = libc.accept4(listeningFd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? fail(systemFault(-fd, "accept4")) : ok(fd);
}

/** Who is at the other end of a Unix socket. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who is at the other end of a connected stream socket, as the kernel knows it (unix(7) SO_PEERCRED): who
 * connected, at that moment, or who listened.
 */
export function peerCredentials(fd: number): Result<PeerCredentials, SystemFault> {
  const { words } = scratch;
  words[0] = CREDENTIAL_BYTES;
  const credentials = scratch.addressOf(16, CREDENTIAL_BYTES);
  const result = libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, scratch.addressOf(0, 4));
  return result < 0
    ? fail(systemFault(-result, "getsockopt"))
    : ok({ pid: words[4]!, uid: words[5]! >>> 0, gid: words[6]! >>> 0 });
}

/**
 * Sends one datagram of text to the socket at `path`, for sd_notify(3). A path that begins with "@" is an
 * abstract name. Never waits: a socket whose queue is full is a fault (`EAGAIN`), as is one that is not
 * there.
 * @public
 */
export function sendUnixDatagram(path: string, text: string): Result<void, SystemFault> {
  const connected = connectTo(path, SOCK_DGRAM);
  if (!connected.ok) return connected;
  try {
    writeSync(connected.value, text);
    return ok(undefined);
  } catch (error) {
    return fail(systemFault(Math.abs((error as NodeJS.ErrnoException).errno ?? 0), "write"));
  } finally {
    libc.close(connected.value);
  }
}

function connectTo(path: string, type: number): Result<number, SystemFault> {
  const length = writeAddress(path);
  if (length === undefined) return fail(systemFault(ENAMETOOLONG, "connect"));
  const fd = libc.socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(systemFault(-fd, "socket"));
  const result = libc.connect(fd, scratch.addressOf(0, length), length);
  if (result >= 0) return ok(fd);
  libc.close(fd);
  return fail(systemFault(-result, "connect"));
}

/** struct sockaddr_un in the scratch page; its length, `undefined` if the path is too long for it. */
function writeAddress(path: string): number | undefined {
  const name = utf8.encode(path);
  const isAbstract = path.startsWith("@");
  const byteLength = name.length + (isAbstract ? 0 : 1);
  if (byteLength > PATH_BYTES_MAX) return undefined;
  const { bytes } = scratch;
  bytes.fill(0, 0, FAMILY_BYTES + PATH_BYTES_MAX);
  bytes[0] = AF_UNIX;
  bytes.set(name, FAMILY_BYTES);
  if (isAbstract) bytes[FAMILY_BYTES] = 0;
  return FAMILY_BYTES + byteLength;
}
