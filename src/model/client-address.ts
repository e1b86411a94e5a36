/**
 * A client as orders name it: its IP address, with or without its port, in one form. An IPv4 address that is
 * written as IPv6, as a listener at `[::]` sees it, is the IPv4 address.
 */
import { addressOf, formatIp, parseAddress, parseIp, unmapped } from "../base/address.ts";
import { fail, ok, type Result } from "../base/result.ts";

export const CLIENT_TAKES = "an IP address, with or without a port";

/** Of a link-local IPv6 address: the interface that it was seen at. */
const ZONE = /%[^\]]*/;
/** An address and the length of its prefix (RFC 4632 section 3.1). */
const NET = /^(.+)\/\d{1,3}$/;

/**
 * Reads `"192.0.2.7"`, `"192.0.2.7:80"`, `"2001:db8::1"`, `"[2001:db8::1]"` or `"[2001:db8::1]:80"`. The
 * error is the end of a sentence.
 */
export function parseClientAddress(text: string): Result<string, string> {
  const address = parseAddress(text);
  if (address !== undefined) return ok(unmapped(address).text);
  const ip = parseIp(/^\[(.*:.*)\]$/.exec(text)?.[1] ?? text);
  if (ip !== undefined) return ok(formatIp(unmapped(addressOf(ip, 0)).ip));
  const [, net] = NET.exec(text) ?? [];
  const isNet = net !== undefined && parseIp(net) !== undefined;
  return fail(isNet ? "must be one IP address: nets are not taken" : `must be ${CLIENT_TAKES}`);
}

/** Whether the client at `address`, with its port, is the one that `parseClientAddress` gave. */
export function isClientAt(address: string, client: string): boolean {
  if (address === client) return true;
  // IPv4 is written in one way only, and most clients have it.
  if (!address.startsWith("[")) return address.slice(0, address.lastIndexOf(":")) === client;
  const parsed = parseAddress(address.replace(ZONE, ""));
  if (parsed === undefined) return false;
  const { text, ip } = unmapped(parsed);
  return text === client || formatIp(ip) === client;
}
