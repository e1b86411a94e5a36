/**
 * The orders that come in their hundred thousands, checked by hand: what a state file is made of, in the
 * plain form that nearly all of it has. A shortcut for the catalogue's schemas, not another law: it takes an
 * order only if the schema would, with the same result, and leaves every doubt to it.
 */
import { BACKEND_DEFAULTS, CLUSTER_DEFAULTS, PATH_DEFAULT, TAGS_DEFAULT } from "../defaults.ts";
import { parseCertificateName, parseHostnamePattern } from "../hostname.ts";
import { CERTIFICATE_NAMES_MAX, CHAIN_CERTIFICATES_MAX, WEIGHT_MAX } from "../limits.ts";
import type { Backend, Cluster, Frontend, PathRule } from "../objects.ts";
import type { ChangeOrder, OrderData } from "../orders.ts";
import { parsePathText } from "../path-rule.ts";
import { isCertificateKeyType, isTimeMs } from "./certificate-orders.ts";
import { canonicalAddress, isObjectId } from "./fields.ts";
import { isFingerprint } from "./fingerprint-field.ts";
import { isPemSized } from "./pem-field.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What is known here; any other field is the schema's. */
const CLUSTER_FIELDS = new Set(["cluster_id", "load_balancing", "sticky_session", "https_redirect"]);
const BACKEND_FIELDS = new Set(["cluster_id", "backend_id", "address", "weight", "backup"]);
const FRONTEND_FIELDS = new Set(["listener", "hostname", "cluster_id", "path", "tags"]);
/** All that a certificate has: one that lacks what main finds out comes from a client, and they are few. */
const CERTIFICATE_FIELDS = new Set([
  "listener",
  "certificate",
  "chain",
  "key",
  "names",
  "reject_expired",
  "fingerprint",
  "key_type",
  "not_before_ms",
  "not_after_ms",
]);

/** The order as the catalogue gives it; `undefined` for what its schema has to look at. */
export function parseCommonOrder(type: string, data: unknown): ChangeOrder | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  switch (type) {
    case "ADD_CLUSTER": {
      const cluster = parseCluster(data as Fields);
      return cluster && { type, data: cluster };
    }
    case "ADD_BACKEND": {
      const backend = parseBackend(data as Fields);
      return backend && { type, data: backend };
    }
    case "ADD_FRONTEND": {
      const frontend = parseFrontend(data as Fields);
      return frontend && { type, data: frontend };
    }
    case "ADD_CERTIFICATE": {
      const certificate = parseCertificate(data as Fields);
      return certificate && { type, data: certificate };
    }
    default:
      return undefined;
  }
}

function parseCluster(data: Fields): Cluster | undefined {
  if (!hasOnly(data, CLUSTER_FIELDS)) return undefined;
  const given = { ...CLUSTER_DEFAULTS, ...data } as { readonly [Name in keyof Cluster]: unknown };
  const { cluster_id, load_balancing, sticky_session, https_redirect } = given;
  if (!isId(cluster_id) || load_balancing !== CLUSTER_DEFAULTS.load_balancing) return undefined;
  if (sticky_session !== false || https_redirect !== false) return undefined;
  return { cluster_id, load_balancing: CLUSTER_DEFAULTS.load_balancing, sticky_session, https_redirect };
}

function parseBackend(data: Fields): Backend | undefined {
  if (!hasOnly(data, BACKEND_FIELDS)) return undefined;
  const { cluster_id, backend_id, address } = data;
  const { weight = BACKEND_DEFAULTS.weight, backup = BACKEND_DEFAULTS.backup } = data;
  if (!isId(cluster_id) || !isId(backend_id) || !isAddress(address)) return undefined;
  if (!Number.isInteger(weight) || typeof backup !== "boolean") return undefined;
  const share = weight as number;
  if (share < 0 || share > WEIGHT_MAX) return undefined;
  return { cluster_id, backend_id, address, weight: share, backup };
}

function parseFrontend(data: Fields): Frontend | undefined {
  if (!hasOnly(data, FRONTEND_FIELDS)) return undefined;
  const { listener, hostname, cluster_id } = data;
  if (!isAddress(listener) || !isHostnamePattern(hostname) || !isId(cluster_id)) return undefined;
  const path = "path" in data ? parsePath(data["path"]) : PATH_DEFAULT;
  if (path === undefined || ("tags" in data && !isEmptyObject(data["tags"]))) return undefined;
  return { listener, hostname, path, cluster_id, tags: TAGS_DEFAULT };
}

function parseCertificate(data: Fields): OrderData["ADD_CERTIFICATE"] | undefined {
  if (!hasOnly(data, CERTIFICATE_FIELDS)) return undefined;
  const { listener, certificate, chain, key, names, reject_expired = false } = data;
  const { fingerprint, key_type, not_before_ms, not_after_ms } = data;
  if (!isAddress(listener) || !isPemSized(certificate) || !isPemSized(key)) return undefined;
  if (!isListOf(chain, CHAIN_CERTIFICATES_MAX, isPemSized)) return undefined;
  if (!isListOf(names, CERTIFICATE_NAMES_MAX, isCertificateName)) return undefined;
  if (new Set(names).size < names.length || typeof reject_expired !== "boolean") return undefined;
  if (typeof fingerprint !== "string" || !isFingerprint(fingerprint)) return undefined;
  if (!isCertificateKeyType(key_type) || !isTimeMs(not_before_ms) || !isTimeMs(not_after_ms))
    return undefined;
  const sent = { listener, certificate, chain, key, names, reject_expired };
  return { ...sent, fingerprint, key_type, not_before_ms, not_after_ms };
}

/** A prefix or an exact path; the one that most have is shared. */
function parsePath(value: unknown): PathRule | undefined {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return undefined;
  const { prefix, exact } = value as Fields;
  if (prefix === "/") return PATH_DEFAULT;
  if (typeof prefix === "string") return parsePathText(prefix).ok ? { prefix } : undefined;
  return typeof exact === "string" && parsePathText(exact).ok ? { exact } : undefined;
}

/** Also that none is `undefined`, which the schema tells from one that is not there. */
function hasOnly(data: Fields, names: ReadonlySet<string>): boolean {
  for (const name in data) {
    if (data[name] === undefined || !names.has(name)) return false;
  }
  return true;
}

function isId(value: unknown): value is string {
  return typeof value === "string" && isObjectId(value);
}

function isAddress(value: unknown): value is string {
  return typeof value === "string" && canonicalAddress(value) === value;
}

function isHostnamePattern(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const parsed = parseHostnamePattern(value);
  return parsed.ok && parsed.value === value;
}

function isCertificateName(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const parsed = parseCertificateName(value);
  return parsed.ok && parsed.value === value;
}

function isListOf(
  value: unknown,
  max: number,
  isOne: (item: unknown) => item is string,
): value is readonly string[] {
  return Array.isArray(value) && value.length <= max && value.every(isOne);
}

function isEmptyObject(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}
