/**
 * Socket addresses as orders write them: `"ip:port"` or `"[ip6]:port"`. No names, no resolving.
 */

/** One IP address and port, parsed. `ip` holds 4 or 16 bytes in network order. */
export interface Address {
  /** Canonical text: what `parseAddress` gives for equal addresses is equal, so it serves as a key. */
  readonly text: string;
  readonly family: 4 | 6;
  readonly ip: Uint8Array;
  readonly port: number;
}

const IP4_CHARS_MAX = "255.255.255.255".length;
/** Six groups, and an IPv4 address in the place of the last two. */
const IP6_CHARS_MAX = 6 * "ffff:".length + IP4_CHARS_MAX;
/** `::ffff:0:0/96`. */
const MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Reads `"127.0.0.1:80"` or `"[::1]:80"`; `undefined` for anything else. Port 0 to 65535. */
export function parseAddress(text: string): Address | undefined {
  const colon = text.lastIndexOf(":");
  if (colon <= 0) return undefined;
  const port = parsePort(text.slice(colon + 1));
  if (port === undefined) return undefined;
  const host = text.slice(0, colon);
  if (host.startsWith("[") && host.endsWith("]")) {
    const ip = parseIp6(host.slice(1, -1));
    return ip && addressOf(ip, port);
  }
  const ip = parseIp4(host);
  return ip && addressOf(ip, port);
}

/** The address of `ip` (4 or 16 bytes, kept) and `port`. */
export function addressOf(ip: Uint8Array, port: number): Address {
  const family = ip.length === 4 ? 4 : 6;
  const host = family === 4 ? formatIp(ip) : `[${formatIp6(ip)}]`;
  return { text: `${host}:${port}`, family, ip, port };
}

/** An IPv4 address that is written as IPv6 (RFC 4291 section 2.5.5.2) as IPv4; any other as it is. */
export function unmapped(address: Address): Address {
  const { ip, port } = address;
  const isMapped = ip.length === 16 && MAPPED_PREFIX.every((byte, index) => ip[index] === byte);
  return isMapped ? addressOf(ip.slice(MAPPED_PREFIX.length), port) : address;
}

/** An address as the 16 bytes of IPv6, mapped if it is IPv4. */
export function mappedIpOf({ ip }: Address): Uint8Array {
  return ip.length === 16 ? ip : Uint8Array.from([...MAPPED_PREFIX, ...ip]);
}

/** Writes 4 bytes as `1.2.3.4` and 16 bytes as RFC 5952 text, without brackets. */
export function formatIp(ip: Uint8Array): string {
  return ip.length === 4 ? ip.join(".") : formatIp6(ip);
}

/** Reads `"127.0.0.1"` or `"::1"`: 4 or 16 bytes; `undefined` for anything else. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(":") ? parseIp6(text) : parseIp4(text);
}

function parsePort(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,4})$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

function parseIp4(text: string): Uint8Array | undefined {
  if (text.length > IP4_CHARS_MAX) return undefined;
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const ip = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    ip[index] = Number(part);
  }
  return ip;
}

function parseIp6(text: string): Uint8Array | undefined {
  if (text.length > IP6_CHARS_MAX) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The 16-bit groups of one side of `::`; an IPv4 tail counts as two, and may only stand at the end. */
function parseGroups(text: string, mayEndInIp4: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (mayEndInIp4 && index === parts.length - 1 && part.includes(".")) {
      const ip4 = parseIp4(part);
      if (ip4 === undefined) return undefined;
      groups.push((ip4[0]! << 8) | ip4[1]!, (ip4[2]! << 8) | ip4[3]!);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::`. */
function formatIp6(ip: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((ip[index * 2] ?? 0) << 8) | (ip[index * 2 + 1] ?? 0),
  );
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) [bestStart, bestLength] = [start, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart === -1) return hex.join(":");
  return `${hex.slice(0, bestStart).join(":")}::${hex.slice(bestStart + bestLength).join(":")}`;
}
