/**
 * Where a redirect points: what its rule names, and the rest as it was requested.
 */
import { textOf } from "../base/bytes.ts";
import type { Head } from "../http/head.ts";
import type { Redirect } from "../model/objects.ts";

/**
 * The value of Location: absolute where scheme, host or port are named, else a path (RFC 9110 section
 * 10.2.2).
 */
export function redirectLocation(redirect: Redirect, head: Head): string {
  const requestedPath =
    textOf(head.bytes, head.pathStart, head.pathEnd) + textOf(head.bytes, head.queryStart, head.targetEnd);
  const path = redirect.path ?? requestedPath;
  if (redirect.scheme === undefined && redirect.host === undefined && redirect.port === undefined)
    return path;
  const host = redirect.host ?? textOf(head.bytes, head.authorityStart, head.hostEnd);
  const port = redirect.port ?? requestedPort(redirect, head);
  return `${redirect.scheme ?? "http"}://${host}${port === undefined ? "" : `:${port}`}${path}`;
}

/** The requested port goes with the requested scheme and host only. */
function requestedPort(redirect: Redirect, head: Head): number | undefined {
  if (redirect.scheme !== undefined || redirect.host !== undefined) return undefined;
  if (head.hostEnd === head.authorityEnd) return undefined;
  return Number(textOf(head.bytes, head.hostEnd + 1, head.authorityEnd));
}
