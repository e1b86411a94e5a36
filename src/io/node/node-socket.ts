/**
 * Sockets of Node's `net` as we need them, and what we know of the native handles beneath. The one place that
 * looks into Node.
 */
import { Socket } from "node:net";
import { formatIp, type Address } from "../../base/address.ts";
import { assert } from "../../base/assert.ts";

/**
 * Where a connection comes from: an address to connect to, an accepted descriptor, or a socket that `net`
 * accepted.
 */
export type Origin = { readonly address: Address } | { readonly fd: number } | { readonly accepted: Socket };

/** The memory that every socket reads into: one read is told and copied before the next. */
const ARRIVAL_BYTES = 65_536;
const arrival: Buffer = Buffer.allocUnsafeSlow(ARRIVAL_BYTES);

/** A socket of Node's, paused, that reads into the shared memory and tells `callback` of it. */
export function openSocket(
  origin: Origin,
  callback: (byteLength: number, bytes: Uint8Array) => boolean,
): Socket {
  const options = { allowHalfOpen: true, onread: { buffer: arrival, callback } };
  if ("accepted" in origin)
    return new Socket({ ...options, ...takeHandle(origin.accepted), pauseOnCreate: true } as object);
  if ("fd" in origin) return new Socket({ ...options, fd: origin.fd, pauseOnCreate: true } as object);
  return new Socket(options);
}

/** Begins to connect. */
export function connectSocket(socket: Socket, address: Address): void {
  socket.setNoDelay(true);
  socket.connect({ host: formatIp(address.ip), port: address.port });
}

/** What we know of Node's native handle. */
interface Handle {
  readonly fd: number;
  /** Bytes that it was given and has not written. */
  readonly writeQueueSize: number;
}

/** The handle beneath a socket of Node's; `null` when it is closed already, or not made yet. */
export function handleOf(socket: Socket): Handle | null {
  return (socket as unknown as { _handle: Handle | null })._handle;
}

/**
 * `net.Server` gives no way to set `onread` on the sockets it accepts, and without it each read allocates 64
 * KiB. So its socket gives up its native handle for one of ours, as Node's own modules do when they pass a
 * connection on.
 */
function takeHandle(accepted: Socket): { handle: unknown } {
  const owner = accepted as unknown as { _handle: unknown };
  const handle = owner._handle;
  assert(handle, "an accepted socket without a handle");
  owner._handle = null;
  return { handle };
}
