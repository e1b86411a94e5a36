/**
 * A client as orders name it: its IP address, with or without its port, in one form. An IPv4 address that is
 * written as IPv6, as an inherited socket at `[::]` may see it, is the IPv4 address.
 */
import { addressOf, formatIp, mappedIpOf, parseAddress, parseIp, unmapped } from "../base/address.ts";
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

/**
 * Whether a client, by its address with its port, is the one that `parseClientAddress` gave. What can be done
 * for all clients at once is done here: a worker asks it of thousands in one turn.
 */
export function clientTest(client: string): (address: string) => boolean {
  const address = parseAddress(client);
  const spellings = spellingsOf(address?.ip ?? parseIp(client) ?? new Uint8Array(0));
  const port = address && `:${address.port}`;
  return (text) => {
    const end = text.lastIndexOf(":");
    if (port !== undefined && text.slice(end) !== port) return false;
    const host = text.slice(0, end);
    return spellings.includes(host.includes("%") ? host.replace(ZONE, "") : host);
  };
}

/** As our own I/O, Node's and PROXY headers' readers write an address that a port follows. */
function spellingsOf(ip: Uint8Array): readonly string[] {
  if (ip.length !== 4) return [`[${formatIp(ip)}]`];
  const mapped = formatIp(mappedIpOf(addressOf(ip, 0)));
  return [formatIp(ip), `[${mapped}]`, `[::ffff:${formatIp(ip)}]`];
}
