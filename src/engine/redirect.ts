/**
 * Where a redirect points: what its rule names, and the rest as it was requested.
 */
import { bytesOf, equalsBytes, textOf } from "../base/bytes.ts";
import type { Head } from "../http/head.ts";
import type { Redirect } from "../model/objects.ts";

const GET = bytesOf("GET");
const HEAD = bytesOf("HEAD");

/**
 * The value of Location: absolute where scheme, host or port are named, else a path (RFC 9110 section
 * 10.2.2).
 */
export function redirectLocation(redirect: Redirect, head: Head): string {
  const path = redirect.path ?? requestedPath(head);
  if (redirect.scheme === undefined && redirect.host === undefined && redirect.port === undefined)
    return path;
  const host = redirect.host ?? textOf(head.bytes, head.authorityStart, head.hostEnd);
  const port = redirect.port ?? requestedPort(redirect, head);
  return `${redirect.scheme ?? "http"}://${host}${port === undefined ? "" : `:${port}`}${path}`;
}

/**
 * The same over TLS, for clusters that are only served so: no port, because an https listener's own cannot be
 * known from here. A request that names no host (HTTP/1.0) is told `fallbackHost`, without its port.
 */
export function httpsLocation(head: Head, fallbackHost: Uint8Array): string {
  const { bytes, authorityStart, hostEnd } = head;
  const named = textOf(bytes, authorityStart, hostEnd);
  const host = named === "" ? textOf(fallbackHost, 0, fallbackHost.length).replace(/:[0-9]+$/, "") : named;
  return `https://${host}${requestedPath(head)}`;
}

/** Permanent; only GET and HEAD may come back as GET (RFC 9110 section 15.4.2), the others as they are. */
export function httpsRedirectStatus(head: Head): 301 | 308 {
  const { bytes, methodStart: start, methodEnd: end } = head;
  return equalsBytes(bytes, start, end, GET) || equalsBytes(bytes, start, end, HEAD) ? 301 : 308;
}

function requestedPath(head: Head): string {
  const { bytes, pathStart, pathEnd, queryStart, targetEnd } = head;
  return textOf(bytes, pathStart, pathEnd) + textOf(bytes, queryStart, targetEnd);
}

/** The requested port goes with the requested scheme and host only. */
function requestedPort(redirect: Redirect, head: Head): number | undefined {
  if (redirect.scheme !== undefined || redirect.host !== undefined) return undefined;
  if (head.hostEnd === head.authorityEnd) return undefined;
  return Number(textOf(head.bytes, head.hostEnd + 1, head.authorityEnd));
}
