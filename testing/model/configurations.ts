/**
 * Random orders for the laws of the model. Few names, so that orders meet: the same key is added, changed,
 * named and removed.
 */
import fc from "fast-check";
import type { Written } from "./orders.ts";

const listener = fc.constantFrom("127.0.0.1:8080", "127.0.0.1:8081", "[::1]:8080");
const cluster_id = fc.constantFrom("a", "b", "c", "d");
const backend_id = fc.constantFrom("one", "two", "three");
const address = fc.constantFrom("127.0.0.1:9001", "127.0.0.1:9002", "10.0.0.1:80");
const hostname = fc.constantFrom("example.com", "*.example.com", "*");
const fixedPath = fc.constantFrom({ prefix: "/" }, { prefix: "/api/" }, { exact: "/login" });
const regexPath = fc.constantFrom("/a+", "/b+", "/c+", "/d+", "/e+").map((regex) => ({ regex }));
const method = fc.constantFrom({}, {}, { method: "GET" });

const onlyHost = { listener: "127.0.0.1:8080", hostname: "*" };

/** Half of the frontends are regexes of one host, so that their order matters. */
const key = fc.oneof(
  fc.record({ listener, hostname, path: fixedPath }),
  regexPath.map((path) => ({ ...onlyHost, path })),
);
const keyWithMethod = fc.tuple(key, method).map(([fields, one]) => ({ ...fields, ...one }));
const end = fc.oneof(
  { weight: 4, arbitrary: fc.record({ cluster_id }) },
  { weight: 1, arbitrary: fc.constant({ deny: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ redirect: { scheme: "https" } }, { redirect: { port: 8443, status: 308 } }),
  },
);
const tags = fc.constantFrom({}, { team: "blue" }, { team: "red", tier: "1" });
const timeout = fc.constantFrom(1_000, 2_000, null);
const sendProxyProtocol = fc.constantFrom("v1", "v2", null);
/** Few, so that backends meet in one; `null` takes it away. */
const stickyId = fc.constantFrom("red", "blue", null);
const loadBalancing = fc.constantFrom("round_robin", "least_loaded");
const healthCheck = fc.constantFrom({ path: "/health" }, { path: "/", status: [204, 200], healthy: 1 });

function ordersOf<Fields extends object>(type: string, data: fc.Arbitrary<Fields>): fc.Arbitrary<Written> {
  return data.map((fields): Written => [type, fields]);
}

/** Certificates as main has read them: the model does not look into their texts. */
const certificateKey = fc.record({
  listener: fc.constantFrom("127.0.0.1:8443", "127.0.0.1:8080"),
  fingerprint: fc.constantFrom("aa".repeat(32), "bb".repeat(32), "cc".repeat(32)),
});
const certificateFields = fc.record({
  certificate: fc.constantFrom("Q0VSVA==", "T1RIRVI="),
  key: fc.constantFrom("S0VZ", "TU9SRQ=="),
  chain: fc.constantFrom([], ["Q0hBSU4="], ["Q0hBSU4=", "Uk9PVA=="]),
  names: fc.constantFrom([], ["a.example"], ["a.example", "*.b.example"]),
  key_type: fc.constantFrom("rsa", "ecdsa-p256"),
  not_before_ms: fc.constant(0),
  not_after_ms: fc.constantFrom(1_000, 2_000),
});
const certificate = fc
  .tuple(certificateKey, certificateFields)
  .map(([key, fields]) => ({ ...key, ...fields }));
const clientAuth = fc.constantFrom(
  { ca: ["Q0E="] },
  { ca: ["Q0E="], mode: "request" },
  { ca: ["Q0E=", "T1RIRVI="], mode: "require" },
);
const httpsListener = fc.record(
  {
    // At one of them, listeners of both protocols meet.
    address: fc.constantFrom("127.0.0.1:8443", "127.0.0.1:8081"),
    protocol: fc.constant("https"),
    strict_sni: fc.boolean(),
    client_auth: clientAuth,
  },
  { requiredKeys: ["address", "protocol", "strict_sni"] },
);

const drainSubject = fc.oneof<fc.Arbitrary<object>[]>(
  fc.record({ address: listener }),
  fc.record({ cluster_id }),
  fc.record({ cluster_id, backend_id }),
);

/** Orders that add objects. */
const addition: fc.Arbitrary<Written> = fc.oneof(
  ordersOf("ADD_LISTENER", fc.record({ address: listener, protocol: fc.constant("http") })),
  ordersOf("ADD_LISTENER", httpsListener),
  { weight: 2, arbitrary: ordersOf("ADD_CERTIFICATE", certificate) },
  ordersOf("ADD_CLUSTER", fc.record({ cluster_id, load_balancing: loadBalancing })),
  ordersOf("ADD_CLUSTER", fc.record({ cluster_id, health_check: healthCheck })),
  ordersOf("ADD_BACKEND", fc.record({ cluster_id, backend_id, address })),
  {
    weight: 3,
    arbitrary: ordersOf(
      "ADD_FRONTEND",
      fc.tuple(keyWithMethod, end, tags).map(([k, e, t]) => ({ ...k, ...e, tags: t })),
    ),
  },
);

/** Regexes that differ in nothing but their order. */
const plainRegex = ordersOf(
  "ADD_FRONTEND",
  regexPath.map((path) => ({ ...onlyHost, path, deny: true })),
);

/** Orders that change or remove objects. */
const alteration: fc.Arbitrary<Written> = fc.oneof(
  ordersOf("UPDATE_LISTENER", fc.record({ address: listener, front_timeout_ms: timeout })),
  ordersOf("UPDATE_LISTENER", fc.record({ address: listener, public_address: fc.option(address) })),
  ordersOf("UPDATE_CLUSTER", fc.record({ cluster_id, load_balancing: fc.option(loadBalancing) })),
  ordersOf("UPDATE_LISTENER", fc.record({ address: listener, accept_proxy_protocol: fc.boolean() })),
  ordersOf("UPDATE_CLUSTER", fc.record({ cluster_id, send_proxy_protocol: sendProxyProtocol })),
  ordersOf("UPDATE_CLUSTER", fc.record({ cluster_id, health_check: fc.option(healthCheck) })),
  ordersOf("UPDATE_BACKEND", fc.record({ cluster_id, backend_id, weight: fc.constantFrom(0, 50, null) })),
  ordersOf("UPDATE_BACKEND", fc.record({ cluster_id, backend_id, address })),
  ordersOf("UPDATE_BACKEND", fc.record({ cluster_id, backend_id, sticky_id: stickyId })),
  ordersOf("UPDATE_CLUSTER", fc.record({ cluster_id, sticky_session: fc.constantFrom(true, false, null) })),
  ordersOf("REMOVE_LISTENER", fc.record({ address: listener })),
  ordersOf("REMOVE_CLUSTER", fc.record({ cluster_id, cascade: fc.boolean() })),
  ordersOf("REMOVE_FRONTEND", keyWithMethod),
  ordersOf("REMOVE_CERTIFICATE", certificateKey),
  ordersOf(
    "REPLACE_CERTIFICATE",
    fc
      .tuple(certificate, certificateKey)
      .map(([one, { fingerprint }]) => ({ ...one, old_fingerprint: fingerprint })),
  ),
  ordersOf(
    "UPDATE_LISTENER",
    fc.record({ address: fc.constant("127.0.0.1:8443"), strict_sni: fc.option(fc.boolean()) }),
  ),
  ordersOf(
    "UPDATE_LISTENER",
    fc.record({ address: fc.constant("127.0.0.1:8443"), client_auth: fc.option(clientAuth) }),
  ),
  ordersOf(
    "UPDATE_LISTENER",
    fc.record({ address: fc.constant("127.0.0.1:8443"), groups: fc.option(fc.constant(["X25519"])) }),
  ),
  ordersOf("DRAIN", drainSubject),
  ordersOf("UNDRAIN", drainSubject),
  ordersOf("REMOVE_LISTENER", fc.record({ address: fc.constant("127.0.0.1:8443") })),
  ordersOf("REMOVE_BACKEND", fc.record({ cluster_id, backend_id })),
);

/** Orders of every kind that changes objects; many will be refused, which is meant. */
export const orderList: fc.Arbitrary<Written[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: addition },
    { weight: 1, arbitrary: plainRegex },
    { weight: 1, arbitrary: alteration },
  ),
  { maxLength: 60, size: "max" },
);
