/**
 * Our configuration as records of Sōzu's state files, in the words of 0.11 to 0.13, which all later versions
 * of Kakehi read as well. What those words cannot say has no record: it is named instead.
 *
 * ```text
 *  {"id":"SAVE-0","version":0,"type":"PROXY","data":{"type":"ADD_APPLICATION","data":{…}}}⏎␀
 * ```
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { HTTPS_DEFAULTS } from "../defaults.ts";
import { additionsOf, type Addition } from "../dump.ts";
import { areEqual } from "../equal.ts";
import { certificateKey, objectName } from "../keys.ts";
import type { Backend, Certificate, Cluster, Frontend, Listener } from "../objects.ts";
import type { State } from "../state.ts";
import { STICKY_NAME_DEFAULT } from "./listeners.ts";
import { certificatePem, keyPem } from "./pem-text.ts";

/** One of their orders, as it stands inside of `PROXY`. */
export interface InnerOrder {
  readonly type: string;
  readonly data: object;
}

/** The orders that make `state`, or a sentence on the first object that they cannot. */
export function dialectOrdersOf(state: State): Result<readonly InnerOrder[], string> {
  const orders: InnerOrder[] = [];
  for (const addition of additionsOf(state)) {
    const written = writeAddition(state, addition);
    if (!written.ok) {
      const name = objectName(addition.kind, addition.key);
      return fail(`${written.error} of ${name} has no equivalent in Sōzu`);
    }
    orders.push(...written.value);
  }
  return ok(orders);
}

/** A state file's text: one record for each order. */
export function dialectFileText(orders: readonly InnerOrder[]): string {
  return orders
    .map((data, index) => `${JSON.stringify({ id: `SAVE-${index}`, version: 0, type: "PROXY", data })}\n\0`)
    .join("");
}

/** An application as its order has it. */
export function applicationData(cluster: Cluster): object {
  const { cluster_id: app_id, sticky_session, https_redirect, send_proxy_protocol, load_balancing } = cluster;
  return {
    app_id,
    sticky_session,
    https_redirect,
    ...(send_proxy_protocol !== undefined && { proxy_protocol: "SEND_HEADER" }),
    load_balancing,
  };
}

/** A frontend as its order has it, by its prefix. */
export function frontData({ cluster_id: app_id, listener, hostname, path }: Frontend): object {
  return { app_id, address: listener, hostname, path_begin: "prefix" in path ? path.prefix : "" };
}

/** A backend as its order has it. */
export function backendData(backend: Backend): object {
  const { cluster_id: app_id, backend_id, address, weight, backup, sticky_id } = backend;
  return {
    app_id,
    backend_id,
    address,
    ...(sticky_id !== undefined && { sticky_id }),
    load_balancing_parameters: { weight },
    backup,
  };
}

type Written = Result<readonly InnerOrder[], string>;

function writeAddition(state: State, { kind, after }: Addition): Written {
  if ("draining" in after && after.draining) return fail("draining");
  switch (kind) {
    case "listener":
      return writeListener(state, after as Listener);
    case "cluster":
      return writeCluster(after as Cluster);
    case "backend":
      return ok([{ type: "ADD_BACKEND", data: backendData(after as Backend) }]);
    case "frontend":
      return writeFrontend(state, after as Frontend);
    case "certificate":
      return ok([writeCertificate(state, after as Certificate)]);
  }
}

function writeListener(state: State, listener: Listener): Written {
  const { address: front, protocol, public_address, accept_proxy_protocol: expect_proxy } = listener;
  const shown = findDefaultCertificate(state, listener);
  const unsaid = unsaidOf(listener, shown);
  if (unsaid !== undefined) return fail(unsaid);
  const data = {
    front,
    ...(public_address !== undefined && { public_address }),
    answer_404: "",
    answer_503: "",
    expect_proxy,
    sticky_name: STICKY_NAME_DEFAULT,
    front_timeout: listener.front_timeout_ms / 1_000,
    back_timeout: listener.back_timeout_ms / 1_000,
    connect_timeout: listener.connect_timeout_ms / 1_000,
    request_timeout: listener.request_timeout_ms / 1_000,
    ...(protocol === "https" && {
      versions: listener.tls_versions,
      cipher_list: listener.cipher_list ?? "",
      rustls_cipher_list: [],
      tls_provider: "openssl",
      certificate_chain: [],
      ...(shown && pemsOf(shown)),
    }),
  };
  return ok([
    { type: protocol === "https" ? "ADD_HTTPS_LISTENER" : "ADD_HTTP_LISTENER", data },
    { type: "ACTIVATE_LISTENER", data: { front, proxy: protocol, from_scm: false } },
  ]);
}

/** The first field that has no word there. */
function unsaidOf(listener: Listener, shown: Certificate | undefined): string | undefined {
  for (const name of ["front", "back", "connect", "request"] as const) {
    const field = `${name}_timeout_ms` as const;
    if (listener[field] % 1_000 !== 0) return `${field} ${listener[field]}`;
  }
  if (listener.protocol === "tcp") return "protocol tcp";
  if (listener.protocol === "http") return undefined;
  if (!areEqual(listener.alpn, HTTPS_DEFAULTS.alpn)) return "alpn";
  if (listener.strict_sni === true) return "strict_sni";
  if (listener.default_certificate !== undefined && shown === undefined) return "default_certificate";
  if (listener.client_auth !== undefined) return "client_auth";
  return listener.groups === undefined ? undefined : "groups";
}

function writeCluster(cluster: Cluster): Written {
  const { load_balancing, send_proxy_protocol, health_check, tls } = cluster;
  if (load_balancing === "hash") return fail("load_balancing hash");
  if (send_proxy_protocol === "v1") return fail("send_proxy_protocol v1");
  if (health_check !== undefined) return fail("health_check");
  if (tls !== undefined) return fail("tls");
  return ok([{ type: "ADD_APPLICATION", data: applicationData(cluster) }]);
}

function writeFrontend(state: State, frontend: Frontend): Written {
  const { listener, path, method, deny, redirect, tags } = frontend;
  if (!("prefix" in path)) return fail("the path rule");
  if (method !== undefined) return fail("method");
  if (deny !== undefined) return fail("deny");
  if (redirect !== undefined) return fail("redirect");
  if (Object.keys(tags).length > 0) return fail("tags");
  const isSecured = state.listeners.get(listener)?.protocol === "https";
  return ok([{ type: isSecured ? "ADD_HTTPS_FRONT" : "ADD_HTTP_FRONT", data: frontData(frontend) }]);
}

/** That of a listener comes with the listener; what remains to be said of it is its names. */
function writeCertificate(state: State, certificate: Certificate): InnerOrder {
  const { listener: front, fingerprint, names } = certificate;
  const sent = { ...pemsOf(certificate), versions: [] };
  if (state.listeners.get(front)?.default_certificate !== fingerprint)
    return { type: "ADD_CERTIFICATE", data: { front, certificate: sent, names } };
  const data = {
    front,
    new_certificate: sent,
    old_fingerprint: fingerprint,
    old_names: [],
    new_names: names,
  };
  return { type: "REPLACE_CERTIFICATE", data };
}

function findDefaultCertificate(state: State, listener: Listener): Certificate | undefined {
  const { address, default_certificate: fingerprint } = listener;
  if (fingerprint === undefined) return undefined;
  return state.certificates.get(certificateKey({ listener: address, fingerprint }));
}

function pemsOf({ certificate, chain, key }: Certificate): {
  readonly certificate: string;
  readonly certificate_chain: readonly string[];
  readonly key: string;
} {
  return {
    certificate: certificatePem(certificate),
    certificate_chain: chain.map(certificatePem),
    key: keyPem(key),
  };
}
