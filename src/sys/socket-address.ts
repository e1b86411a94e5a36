/**
 * Socket addresses as the kernel writes them: `sockaddr_in` (ip(7)) and `sockaddr_in6` (ipv6(7)).
 */
import { formatIp, type Address } from "../base/address.ts";
import { assert } from "../base/assert.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;
/** Room for either kind. */
export const SOCKET_ADDRESS_BYTES = 28;

/** The peer's or our own end of a socket. */
export interface SocketName {
  /** Text without brackets. */
  readonly ip: string;
  readonly port: number;
}

/** Writes `address` at `offset`; gives the bytes that it takes (16 or 28). */
export function writeSocketAddress(bytes: Uint8Array, offset: number, address: Address): number {
  assert(offset >= 0 && offset + SOCKET_ADDRESS_BYTES <= bytes.length, "no room for a socket address");
  bytes.fill(0, offset, offset + SOCKET_ADDRESS_BYTES);
  bytes[offset] = address.family === 4 ? AF_INET : AF_INET6;
  bytes[offset + 2] = address.port >> 8;
  bytes[offset + 3] = address.port & 0xff;
  bytes.set(address.ip, offset + (address.family === 4 ? 4 : 8));
  return address.family === 4 ? 16 : 28;
}

/** Reads what the kernel wrote at `offset`. */
export function readSocketName(bytes: Uint8Array, offset: number): SocketName {
  const port = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  if (bytes[offset] === AF_INET) {
    const ip = `${bytes[offset + 4]}.${bytes[offset + 5]}.${bytes[offset + 6]}.${bytes[offset + 7]}`;
    return { ip, port };
  }
  return { ip: formatIp(bytes.subarray(offset + 8, offset + 24)), port };
}
