import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { ExplainData } from "../model/answer-data.ts";
import type { Frontend, PathRule } from "../model/objects.ts";
import { BACKENDS_SHOWN_MAX, explainTree, HOSTNAMES_NAMED_MAX } from "./explain-tree.ts";
import { DRAWN, formatTree } from "./tree.ts";

const LISTENER = "127.0.0.1:81";
const REQUEST = { listener: LISTENER, method: "GET", host: "a.test", path: "/api" };

function frontend(hostname: string, path: PathRule, more: Partial<Frontend> = {}): Frontend {
  return { listener: LISTENER, hostname, path, cluster_id: "app", tags: {}, ...more };
}

const BACKEND = {
  backend_id: "app-1",
  address: "127.0.0.1:9001",
  state: "up",
  connections: 1,
  idle: 2,
} as const;
const CLUSTER = {
  cluster_id: "app",
  load_balancing: "round_robin",
  sticky_session: false,
  https_redirect: false,
} as const;
const EXPLAINED: ExplainData = {
  frontend: frontend("a.test", { prefix: "/api" }),
  because: "the longest prefix that takes it goes first",
  tried: [
    { hostname: "a.test", outcome: "chosen" },
    { hostname: "*.test", outcome: "no frontend has this hostname" },
    { hostname: "*", outcome: "not asked any more" },
  ],
  nearly: [
    {
      frontend: frontend("a.test", { exact: "/api" }, { method: "POST" }),
      reason: "it takes the method POST, not GET",
      failed: "method",
    },
    {
      frontend: frontend("*", { prefix: "/" }),
      reason: "it matches, but a more exact hostname goes first",
      failed: "priority",
    },
  ],
  cluster: CLUSTER,
  certificate: null,
  backends: [{ ...BACKEND, weight: 100, backup: false, eligible: true }],
};

function linesOf(more: Partial<ExplainData> = {}): string[] {
  const tree = formatTree(explainTree(REQUEST, { ...EXPLAINED, ...more }), DRAWN);
  return stripVTControlCharacters(tree).split("\n").slice(0, -1);
}

/** The lines of the backends, without what is before them. */
function backendLines(...backends: readonly Partial<ExplainData["backends"][number]>[]): string[] {
  const lines = linesOf({ backends: backends.map((backend) => ({ ...BACKEND, ...backend })) });
  const at = lines.findIndex((line) => line.includes("cluster app, "));
  return lines.slice(at + 1).map((line) => line.slice(6));
}

test("the tree goes from the hostnames over their rules to the backends", () => {
  assert.deepEqual(linesOf(), [
    "GET a.test/api at 127.0.0.1:81: to cluster app",
    "├─ host a.test: chosen",
    "│  ├─ ✓ /api → app: the longest prefix that takes it goes first",
    "│  └─ ✗ POST = /api → app: method: it takes the method POST, not GET",
    "├─ any host: not asked any more",
    "│  └─ ✗ / → app: priority: it matches, but a more exact hostname goes first",
    "├─ no rules for *.test",
    "└─ cluster app, round_robin",
    "   └─ ✓ app-1 127.0.0.1:9001: up, weight 100, 1 connection, 2 idle",
  ]);
});

test("a hostname whose rules were cut is still one that has rules", () => {
  const tried = [...EXPLAINED.tried!, { hostname: "*.cut", outcome: "no path and method match" }];
  assert.ok(linesOf({ tried }).includes("├─ wildcard *.cut: no path and method match"));
});

test("a request that nobody takes shows what its host was near to, and that there were more rules", () => {
  const far = frontend("a.test", { prefix: "/apis" });
  const lines = linesOf({
    frontend: null,
    cluster: null,
    backends: [],
    tried: [{ hostname: "a.test", outcome: "no path and method match" }],
    nearly: [
      { frontend: far, reason: "the path does not begin with /apis", failed: "path" },
      { frontend: frontend("www.a.test", { prefix: "/" }), reason: "its hostname is other", failed: "host" },
    ],
    nearly_cut: true,
  });
  assert.deepEqual(lines, [
    "GET a.test/api at 127.0.0.1:81: no frontend takes it, 404",
    "├─ host a.test: no path and method match",
    "│  └─ ✗ /apis → app: path: the path does not begin with /apis",
    "├─ … and more rules of these hosts",
    "└─ other hosts that are near",
    "   └─ ✗ 127.0.0.1:81 www.a.test / → app: host: its hostname is other",
  ]);
});

test("the first line says what becomes of the request", () => {
  const outcomeOf = (more: Partial<ExplainData>): string => linesOf(more)[0]!.split(": ").at(-1)!;
  const leading = (more: Partial<Frontend>): Frontend => {
    const { cluster_id: _cluster, ...rest } = frontend("a.test", { prefix: "/" });
    return { ...rest, ...more };
  };
  assert.equal(outcomeOf({ frontend: leading({ deny: true }), cluster: null }), "denied, 403");
  const redirect = { status: 308 } as const;
  assert.equal(outcomeOf({ frontend: leading({ redirect }), cluster: null }), "redirected, 308");
  assert.equal(outcomeOf({ cluster: null }), "to cluster app, which does not exist, 503");
  assert.equal(outcomeOf({ backends: [] }), "to cluster app, which has no backends, 503");
  const drains = { ...CLUSTER, draining: true } as const;
  assert.equal(outcomeOf({ cluster: drains }), "to cluster app, which drains, 503");
  assert.match(linesOf({ at: 41 })[0]!, /^GET a\.test\/api at 127\.0\.0\.1:81 at revision 41: /);
});

test("a cluster says how its clients come back, and that they are redirected", () => {
  const cluster = { ...CLUSTER, sticky_session: true, https_redirect: true };
  assert.ok(
    linesOf({ cluster }).includes("└─ cluster app, round_robin, sticky, requests without TLS are redirected"),
  );
});

test("each backend says how it is, and why it is not chosen", () => {
  const lines = backendLines(
    { eligible: false, state: "draining", weight: 1 },
    { eligible: false, state: "down", reason: "status 500" },
    { eligible: false, weight: 0 },
    { eligible: false, weight: 9, backup: true },
    { eligible: true, weight: 1, sticky_id: "red", workers: { "0": "up", "1": "resting" } },
    { state: "past" },
  );
  assert.deepEqual(lines, [
    "✓ app-1 127.0.0.1:9001: up, weight 1, 1 connection, 2 idle, sticky id red, resting in worker 1",
    "✗ app-1 127.0.0.1:9001: draining, weight 1, 1 connection, 2 idle",
    "✗ app-1 127.0.0.1:9001: down (status 500), 1 connection, 2 idle",
    "✗ app-1 127.0.0.1:9001: up, weight 0, 1 connection, 2 idle, set aside",
    "✗ app-1 127.0.0.1:9001: up, weight 9, backup, 1 connection, 2 idle, others go first",
    "app-1 127.0.0.1:9001: past",
  ]);
});

test("of very many backends and hostnames only some are shown, those first that may be chosen", () => {
  const backends = Array.from({ length: BACKENDS_SHOWN_MAX + 2 }, (_, index) => ({
    eligible: index === BACKENDS_SHOWN_MAX,
  }));
  const lines = backendLines(...backends);
  assert.equal(lines.length, BACKENDS_SHOWN_MAX + 1);
  assert.match(lines[0]!, /^✓/);
  assert.equal(lines.at(-1), "… and 2 more backends: --json shows all");
  const outcome = "no frontend has this hostname";
  const tried = Array.from({ length: HOSTNAMES_NAMED_MAX + 1 }, (_, index) => ({
    hostname: `h${index}`,
    outcome,
  }));
  assert.ok(linesOf({ tried }).includes("├─ no rules for h0, h1, h2, h3, h4 and 1 more"));
});

test("the certificate that clients of the host are shown stands last, with what is wrong with it", () => {
  const configured = {
    choice: "name",
    covers_host: true,
    fingerprint: "a3".repeat(32),
    names: ["a.test", "b.test"],
    not_after_ms: Date.UTC(2126, 0, 31),
  } as const;
  const lineOf = (certificate: ExplainData["certificate"]): string => linesOf({ certificate }).at(-1)!;
  assert.equal(lineOf(configured), "└─ certificate a3a3a3a3a3a3a3a3… for a.test b.test, until 2126-01-31");
  const other = { ...configured, choice: "default", covers_host: false, not_after_ms: 0 } as const;
  assert.match(lineOf(other), /until 1970-01-01 \(expired\), the default, does not speak for this host$/);
  assert.match(lineOf({ choice: "own" }), /the proxy's own is shown, signed by itself$/);
  assert.match(lineOf({ choice: "none" }), /the handshake is refused \(strict_sni\)$/);
});
