/**
 * What Node's sockets are to the kernel: for the moment before a process becomes another program and takes
 * them along. Node has no public way to it, so the one place that reaches behind its sockets is here; a test
 * beside it fails when Node changes.
 */
import { assert } from "../base/assert.ts";
import type { Server, Socket } from "node:net";

interface Handle {
  readonly fd: number;
  /** Bytes that Node has been given for the kernel, of which the kernel has not taken these. */
  readonly writeQueueSize: number;
}

/** The descriptor of an open socket or server; it stays Node's to close. */
export function descriptorOf(socket: Socket | Server): number {
  const { fd } = handleOf(socket);
  assert(fd >= 0, "a socket without a descriptor");
  return fd;
}

/** Of the last write that Node was given, the bytes that the kernel has not taken. */
export function unwrittenBytes(socket: Socket): number {
  return handleOf(socket).writeQueueSize;
}

function handleOf(socket: Socket | Server): Handle {
  const { _handle: handle } = socket as unknown as { readonly _handle: Handle | null };
  assert(handle !== null, "a socket that is closed");
  return handle;
}
