/**
 * Keys: each object's identity as one string, unique within its kind. They name objects in changes, drains
 * and list pages.
 *
 * No part of a key but a regular expression may hold a space, and that one stands last; so keys never meet by
 * accident.
 */
import type { DrainKind, PathRule } from "./objects.ts";
import type { FrontendKey } from "./orders.ts";

/**
 * Stands for the method of a frontend that takes any: parentheses are in no method (RFC 9110 section 5.6.2).
 */
const METHOD_ANY = "(any)";

/** As in `app app-1`. */
export function backendKey(backend: { readonly cluster_id: string; readonly backend_id: string }): string {
  return `${backend.cluster_id} ${backend.backend_id}`;
}

/** As in `127.0.0.1:8080 example.com (any) prefix /`. */
export function frontendKey(frontend: FrontendKey): string {
  const { listener, hostname, method, path } = frontend;
  return `${listener} ${hostname} ${method ?? METHOD_ANY} ${pathKey(path)}`;
}

/** As in `127.0.0.1:443 5b1f…`. */
export function certificateKey(certificate: {
  readonly listener: string;
  readonly fingerprint: string;
}): string {
  return `${certificate.listener} ${certificate.fingerprint}`;
}

/** An object as a sentence names it, from its key: `backend app-1 of cluster app`. */
export function objectName(kind: DrainKind, key: string): string {
  const [owner, name] = splitKey(key);
  if (kind === "certificate") return `certificate ${name} of listener ${owner}`;
  return kind === "backend" ? `backend ${name} of cluster ${owner}` : `${kind} ${key}`;
}

/** The two parts of a backend's or certificate's key: whose it is, and which of them. */
export function splitKey(key: string): readonly [owner: string, name: string] {
  const space = key.indexOf(" ");
  return [key.slice(0, space), key.slice(space + 1)];
}

function pathKey(path: PathRule): string {
  if ("prefix" in path) return `prefix ${path.prefix}`;
  return "exact" in path ? `exact ${path.exact}` : `regex ${path.regex}`;
}
