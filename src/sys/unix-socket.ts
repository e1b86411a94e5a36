/**
 * Unix sockets by raw descriptor (unix(7)): streams that carry descriptors, which Node's own sockets lose,
 * and the datagram by which a service tells its manager how it is.
 */
import { writeSync } from "node:fs";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { ENAMETOOLONG, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from "./stream-socket.ts";

export const AF_UNIX = 1;
const SOCK_DGRAM = 2;
/** sun_path; a name in a folder ends in a zero byte. */
const PATH_BYTES_MAX = 108;
const FAMILY_BYTES = 2;
const utf8 = new TextEncoder();

/**
 * Connects to the stream socket at `path`, at once or not at all. Nonblocking, closed on exec; who calls owns
 * it. `ECONNREFUSED`: nobody listens there any more; `ENOENT`: no such file; `EAGAIN`: its queue is full.
 * @public
 */
export function connectUnixSocket(path: string): Result<number, SystemFault> {
  return connectTo(path, SOCK_STREAM);
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
  const name = utf8.encode(path);
  const isAbstract = path.startsWith("@");
  const byteLength = name.length + (isAbstract ? 0 : 1);
  if (byteLength > PATH_BYTES_MAX) return fail(systemFault(ENAMETOOLONG, "connect"));
  const fd = libc.socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(systemFault(-fd, "socket"));
  const { bytes } = scratch;
  bytes.fill(0, 0, FAMILY_BYTES + PATH_BYTES_MAX);
  bytes[0] = AF_UNIX;
  bytes.set(name, FAMILY_BYTES);
  if (isAbstract) bytes[FAMILY_BYTES] = 0;
  const length = FAMILY_BYTES + byteLength;
  const result = libc.connect(fd, scratch.addressOf(0, length), length);
  if (result >= 0) return ok(fd);
  libc.close(fd);
  return fail(systemFault(-result, "connect"));
}
