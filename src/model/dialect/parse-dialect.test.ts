import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dialectAnswer } from "./answer-form.ts";
import { isDialectFrame, parseDialectOrder, parseDialectRecord } from "./parse-dialect.ts";

type Frame = Readonly<Record<string, unknown>>;

const inner = (type: string, data?: unknown): Frame => ({
  id: "ID_TEST",
  version: 0,
  type: "PROXY",
  data: data === undefined ? { type } : { type, data },
});
const outer = (type: string, data?: unknown): Frame => ({
  id: "ID_TEST",
  version: 0,
  type,
  ...(data !== undefined && { data }),
});
const request = (type: string, data: unknown): Frame => ({ request_type: { [type]: data } });

/** What a frame becomes, in short: our orders, or the action, or the refusal. */
function meaningOf(frame: Frame): unknown {
  assert.ok(isDialectFrame(frame));
  const parsed = parseDialectOrder(frame);
  if (!parsed.ok) return `${parsed.error.error.code} ${parsed.error.error.message}`;
  const { action } = parsed.value;
  if (action.kind === "change") return action.orders;
  return action.kind === "order" ? [action.order] : action;
}

const LISTENER = {
  front: "0.0.0.0:8080",
  answer_404: "",
  answer_503: "",
  expect_proxy: true,
  front_timeout: 5,
};
const PEMS = { certificate: "C", certificate_chain: ["D"], key: "K" };
const FINGERPRINT = "ab".repeat(32);
const BACKEND = { backend_id: "xxx-0", address: "127.0.0.1:8080" };
const FRONTEND = { address: "0.0.0.0:8080", hostname: "yyy" };
const front = { listener: "0.0.0.0:8080", hostname: "yyy" };

/** An order of theirs, and the type and data of ours that it becomes. Data are compared as far as named. */
const EQUIVALENTS: readonly (readonly [Frame, ...(readonly [string, object])[]])[] = [
  [
    inner("ADD_APPLICATION", { app_id: "xxx", sticky_session: true, proxy_protocol: "SEND_HEADER" }),
    ["ADD_CLUSTER", { cluster_id: "xxx", sticky_session: true, send_proxy_protocol: "v2" }],
  ],
  [
    inner("ADD_APPLICATION", { app_id: "xxx", load_balancing: "least_loaded", https_redirect: true }),
    ["ADD_CLUSTER", { load_balancing: "least_loaded", https_redirect: true, sticky_session: false }],
  ],
  [inner("REMOVE_APPLICATION", "xxx"), ["REMOVE_CLUSTER", { cluster_id: "xxx", cascade: false }]],
  [
    inner("ADD_HTTP_FRONT", { app_id: "xxx", ...FRONTEND, path_begin: "xxx" }),
    ["ADD_FRONTEND", { ...front, cluster_id: "xxx", path: { prefix: "/xxx" } }],
  ],
  [
    inner("ADD_HTTPS_FRONT", { app_id: "xxx", ...FRONTEND }),
    ["ADD_FRONTEND", { ...front, cluster_id: "xxx", path: { prefix: "/" } }],
  ],
  [
    inner("REMOVE_HTTP_FRONT", { app_id: "xxx", ...FRONTEND, path_begin: "/a" }),
    ["REMOVE_FRONTEND", { ...front, path: { prefix: "/a" } }],
  ],
  [inner("REMOVE_HTTPS_FRONT", { app_id: "xxx", ...FRONTEND }), ["REMOVE_FRONTEND", front]],
  [
    inner("ADD_BACKEND", {
      app_id: "xxx",
      ...BACKEND,
      sticky_id: "s",
      load_balancing_parameters: { weight: 0 },
      backup: true,
    }),
    ["ADD_BACKEND", { cluster_id: "xxx", ...BACKEND, sticky_id: "s", weight: 0, backup: true }],
  ],
  [inner("REMOVE_BACKEND", { app_id: "xxx", ...BACKEND }), ["REMOVE_BACKEND", { cluster_id: "xxx" }]],
  [
    inner("ADD_HTTP_LISTENER", LISTENER),
    ["ADD_LISTENER", { address: "0.0.0.0:8080", accept_proxy_protocol: true, front_timeout_ms: 5_000 }],
  ],
  [
    inner("ADD_HTTPS_LISTENER", { front: "0.0.0.0:8443", versions: ["TLSv1.3"], cipher_list: "A", ...PEMS }),
    ["ADD_LISTENER", { address: "0.0.0.0:8443", protocol: "https", tls_versions: ["TLSv1.3"] }],
    ["ADD_CERTIFICATE", { listener: "0.0.0.0:8443", certificate: "C", chain: ["D"], key: "K" }],
  ],
  [
    inner("REMOVE_LISTENER", { front: "0.0.0.0:8080", proxy: "http" }),
    ["REMOVE_LISTENER", { address: "0.0.0.0:8080" }],
  ],
  [inner("ACTIVATE_LISTENER", { front: "0.0.0.0:8080", proxy: "http", from_scm: false })],
  [
    inner("ADD_CERTIFICATE", {
      front: "0.0.0.0:443",
      certificate: { ...PEMS, versions: [] },
      names: ["a.b"],
    }),
    ["ADD_CERTIFICATE", { listener: "0.0.0.0:443", certificate: "C", chain: ["D"], names: ["a.b"] }],
  ],
  [
    inner("REPLACE_CERTIFICATE", {
      front: "0.0.0.0:443",
      new_certificate: { ...PEMS, versions: [] },
      old_fingerprint: FINGERPRINT,
      old_names: [],
      new_names: [],
    }),
    ["REPLACE_CERTIFICATE", { listener: "0.0.0.0:443", old_fingerprint: FINGERPRINT, key: "K" }],
  ],
  [
    inner("REMOVE_CERTIFICATE", { front: "0.0.0.0:443", fingerprint: FINGERPRINT }),
    ["REMOVE_CERTIFICATE", { listener: "0.0.0.0:443", fingerprint: FINGERPRINT }],
  ],
  [inner("SOFT_STOP"), ["SOFT_STOP", {}]],
  [inner("HARD_STOP"), ["HARD_STOP", {}]],
  [outer("UPGRADE_WORKER", 0), ["UPGRADE_WORKER", { worker: 0 }]],
  [inner("ADD_CLUSTER", { cluster_id: "xxx" }), ["ADD_CLUSTER", { cluster_id: "xxx" }]],
  [inner("REMOVE_CLUSTER", { cluster_id: "xxx" }), ["REMOVE_CLUSTER", { cluster_id: "xxx" }]],
  [inner("ADD_BACKEND", { cluster_id: "xxx", ...BACKEND }), ["ADD_BACKEND", { cluster_id: "xxx" }]],
  [
    inner("ADD_HTTP_FRONTEND", {
      route: { CLUSTER_ID: "xxx" },
      ...FRONTEND,
      path: { EQUALS: "/x" },
      method: "GET",
      position: "TREE",
      tags: { a: "1" },
    }),
    ["ADD_FRONTEND", { ...front, cluster_id: "xxx", path: { exact: "/x" }, method: "GET", tags: { a: "1" } }],
  ],
  [
    inner("ADD_HTTPS_FRONTEND", { route: "DENY", ...FRONTEND, path: { REGEX: "^/a/.*$" }, position: "TREE" }),
    ["ADD_FRONTEND", { ...front, deny: true, path: { regex: "^/a/.*$" } }],
  ],
  [
    inner("REMOVE_HTTP_FRONTEND", { route: { CLUSTER_ID: "xxx" }, ...FRONTEND, path: { PREFIX: "x" } }),
    ["REMOVE_FRONTEND", { ...front, path: { prefix: "/x" } }],
  ],
  [
    request("ADD_CLUSTER", { cluster_id: "xxx", proxy_protocol: null, load_balancing: 2, answer_503: null }),
    ["ADD_CLUSTER", { cluster_id: "xxx", load_balancing: "least_loaded" }],
  ],
  [
    request("ADD_HTTP_FRONTEND", {
      cluster_id: "app-1",
      address: { ip: { inner: { V4: 2_130_706_433 } }, port: 80 },
      hostname: "example.com",
      path: { kind: 0, value: "/" },
      method: null,
      position: 2,
      tags: {},
    }),
    ["ADD_FRONTEND", { listener: "127.0.0.1:80", hostname: "example.com", cluster_id: "app-1" }],
  ],
];

test("every change of Sōzu that has an equivalent becomes it", () => {
  for (const [frame, ...expected] of EQUIVALENTS) {
    const orders = meaningOf(frame);
    assert.ok(Array.isArray(orders), `${JSON.stringify(frame)}: ${String(orders)}`);
    assert.equal(orders.length, expected.length, JSON.stringify(frame));
    for (const [index, [type, data]] of expected.entries()) {
      const order = orders[index] as { readonly type: string; readonly data: object };
      assert.equal(order.type, type);
      assert.partialDeepStrictEqual(order.data, data);
    }
  }
});

test("its questions and its orders to the processes are understood", () => {
  const cases: readonly (readonly [Frame, object])[] = [
    [outer("SAVE_STATE", { path: "./a.json" }), { kind: "save-state", path: "./a.json" }],
    [outer("LOAD_STATE", { path: "./a.json" }), { kind: "load-state", path: "./a.json" }],
    [outer("DUMP_STATE"), { kind: "dump-state" }],
    [outer("LIST_WORKERS"), { kind: "workers", answer: "WORKERS" }],
    [outer("STATUS"), { kind: "workers", answer: "STATUS" }],
    [outer("LAUNCH_WORKER", "tag"), { kind: "launch-worker" }],
    [outer("SUBSCRIBE_EVENTS"), { kind: "events" }],
    [inner("STATUS"), { kind: "alive" }],
    [inner("METRICS"), { kind: "metrics" }],
    [
      inner("QUERY", { type: "APPLICATIONS", data: { type: "APP_ID", data: "xxx" } }),
      { kind: "applications", question: { by: "id", clusterId: "xxx" } },
    ],
    [
      inner("QUERY", {
        type: "APPLICATIONS",
        data: { type: "DOMAIN", data: { hostname: "a.b", path_begin: null } },
      }),
      { kind: "applications", question: { by: "domain", hostname: "a.b", pathBegin: undefined } },
    ],
    [
      outer("LIST_FRONTENDS", { http: true, https: false, tcp: false, domain: "a.b" }),
      { kind: "frontends", filter: { http: true, https: false, domain: "a.b" } },
    ],
    [request("LIST_WORKERS", {}), { kind: "workers", answer: "WORKERS" }],
  ];
  for (const [frame, action] of cases) assert.deepEqual(meaningOf(frame), action, JSON.stringify(frame));
});

test("what has no equivalent is refused, and the refusal says so", () => {
  const tcp = { app_id: "xxx", address: "0.0.0.0:1" };
  const rule = { route: { CLUSTER_ID: "x" }, ...FRONTEND };
  for (const frame of [
    inner("DEACTIVATE_LISTENER", { front: "0.0.0.0:8080", proxy: "http", to_scm: false }),
    inner("ADD_TCP_FRONT", tcp),
    inner("ADD_APPLICATION", { app_id: "xxx", proxy_protocol: "EXPECT_HEADER" }),
    inner("ADD_APPLICATION", { app_id: "xxx", proxy_protocol: "RELAY_HEADER" }),
    inner("QUERY", { type: "APPLICATIONS_HASHES" }),
    inner("QUERY", { type: "CERTIFICATES", data: { type: "ALL" } }),
    inner("RETURN_LISTEN_SOCKETS"),
    inner("LOGGING", "info"),
    outer("RELOAD_CONFIGURATION", { path: null }),
    outer("CONFIGURE_METRICS", 1),
    inner("ADD_HTTP_FRONTEND", { ...rule, path: { PREFIX: "/" }, position: "PRE" }),
    inner("ADD_HTTP_FRONTEND", { ...rule, path: { REGEX: "a|b" } }),
    inner("ADD_HTTP_FRONTEND", { ...rule, path: { REGEX: "^/a|/b$" } }),
    { ...inner("ADD_APPLICATION", { app_id: "xxx" }), worker_id: 0 },
    { ...inner("SOFT_STOP"), worker_id: 0 },
  ]) {
    assert.match(
      String(meaningOf(frame)),
      /^NOT_SUPPORTED .* has no equivalent in Kakehi/,
      JSON.stringify(frame),
    );
  }
  assert.match(
    String(meaningOf(inner("ADD_TCP_LISTENER", { front: "0.0.0.0:1", expect_proxy: false }))),
    /not served by this version/,
  );
});

test("an order with both forms mixed is refused, and the refusal names what does not fit", () => {
  const cases: readonly (readonly [Frame, RegExp])[] = [
    [inner("ADD_BACKEND", { app_id: "a", cluster_id: "a", ...BACKEND }), /app_id and cluster_id/],
    [inner("ADD_BACKEND", { app_id: "a", ...BACKEND, weight: 3 }), /no field data\.weight/],
    [inner("ADD_APPLICATION", { cluster_id: "a" }), /no field data\.cluster_id/],
    [inner("ADD_HTTP_FRONT", { app_id: "a", ...FRONTEND, path: { PREFIX: "/" } }), /no field data\.path/],
    [inner("ADD_HTTP_LISTENER", { front: "0.0.0.0:1", address: "0.0.0.0:1" }), /front and address/],
    [
      inner("ADD_HTTP_FRONTEND", { route: { CLUSTER_ID: "a" }, cluster_id: "b", ...FRONTEND }),
      /route and cluster_id/,
    ],
    [{ ...inner("SOFT_STOP"), if_revision: 3 }, /version 0 and if_revision do not go together/],
    [{ ...inner("SOFT_STOP"), dry_run: true }, /version 0 and dry_run do not go together/],
    [{ ...outer("LIST_WORKERS"), request_type: { LIST_WORKERS: {} } }, /request_type and type/],
    [outer("ADD_LISTENER", { address: "0.0.0.0:1", protocol: "http" }), /is an order of version 1/],
    [outer("ADD_BACKEND", { cluster_id: "a", ...BACKEND }), /stands inside of PROXY/],
    [inner("ADD_FRONTEND", {}), /is an order of version 1/],
    [request("ADD_CLUSTER", { app_id: "a" }), /INVALID_FIELD|UNKNOWN_FIELD/],
    [{ request_type: { ADD_CLUSTER: {}, ADD_BACKEND: {} } }, /the name of one order/],
    [{ ...inner("SOFT_STOP"), proxy_id: 0 }, /no field proxy_id/],
    [{ ...inner("SOFT_STOP"), id: 7 }, /id must be/],
  ];
  for (const [frame, expected] of cases) assert.match(String(meaningOf(frame)), expected);
  assert.ok(!isDialectFrame({ id: "a", version: 1, request_type: {} }), "version 1 is ours");
});

test("fields that change nothing here are told, not refused", () => {
  const parsed = parseDialectOrder(
    inner("ADD_HTTP_LISTENER", { ...LISTENER, answer_404: "<p>", sticky_name: "MINE" }),
  );
  assert.ok(parsed.ok && parsed.value.action.kind === "change");
  assert.deepEqual(parsed.value.action.leftOut, ["answer_404", "sticky_name"]);
});

test("answers stand in the field that the order's words ask for", () => {
  const fieldsOf = (frame: Frame): string[] => {
    const parsed = parseDialectOrder(frame);
    const { form } = parsed.ok ? parsed.value : parsed.error;
    const answer = { id: "", version: 1, status: "OK", message: "", revision: 1, data: [] } as const;
    return Object.keys(dialectAnswer(form, answer));
  };
  const head = ["id", "version", "status", "message"];
  assert.deepEqual(fieldsOf(inner("REMOVE_APPLICATION", "x")), [...head, "data"]);
  assert.deepEqual(fieldsOf(inner("ADD_CLUSTER", { cluster_id: "x" })), [...head, "content"]);
  assert.deepEqual(fieldsOf(outer("LIST_WORKERS")), [...head, "data", "content"]);
  assert.deepEqual(fieldsOf(request("LIST_WORKERS", {})), ["status", "message", "content"]);
});

test("records of state files are read in each of their forms, and only those that change objects", () => {
  const data = { type: "ADD_APPLICATION", data: { app_id: "x" } };
  assert.ok(parseDialectRecord({ id: "SAVE-0", version: 0, type: "PROXY", data }).ok);
  const newer = { request_type: { ADD_CLUSTER: { cluster_id: "x", load_balancing: 0, load_metric: 0 } } };
  assert.ok(parseDialectRecord({ id: "SAVE-0", content: newer }).ok);
  assert.ok(!parseDialectRecord({ id: "SAVE-0", version: 0, type: "LIST_WORKERS" }).ok);
  assert.ok(!parseDialectRecord({ id: "SAVE-0", version: 1, type: "PROXY", data }).ok);
  assert.ok(!parseDialectRecord({ id: "SAVE-0", type: "PROXY", data, content: newer }).ok);
});

test("whatever is sent as version 0 is understood or refused, and never throws", () => {
  const types = fc.constantFrom("PROXY", "LIST_WORKERS", "LAUNCH_WORKER", "__proto__", "STATUS", 3, null);
  const innerTypes = fc.constantFrom(
    "ADD_APPLICATION",
    "QUERY",
    "ADD_BACKEND",
    "ADD_CERTIFICATE",
    "toString",
  );
  const data = fc.oneof(fc.jsonValue(), fc.record({ type: innerTypes, data: fc.jsonValue() }));
  fc.assert(
    fc.property(types, data, (type, value) => {
      const parsed = parseDialectOrder({ id: "a", version: 0, type, data: value });
      if (!parsed.ok) assert.ok(parsed.error.error.message.length > 0);
      parseDialectRecord({ version: 0, type, data: value, content: value });
      parseDialectOrder({ request_type: value });
    }),
    { numRuns: 300 },
  );
});
