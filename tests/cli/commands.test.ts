import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrder } from "../../src/model/catalogue/parse-order.ts";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { type Ended, KAKEHI, type RunOptions, runCommand } from "../../testing/run-command.ts";

const OK = { status: "OK", message: "done", revision: 7, data: { changed: true } };
const REFUSED = {
  status: "ERROR",
  message: 'cluster "ap" does not exist; did you mean "app"?',
  revision: 7,
  error: { code: "UNKNOWN_CLUSTER", field: "data.cluster_id" },
};

/**
 * Runs one command against a proxy that follows `script`; what it ended with, and the orders without their
 * ids.
 */
async function drive(script: Script | object, args: readonly string[], options: RunOptions = {}) {
  const follow: Script = (order, connection) => connection.answer(order, script);
  await using server = await FakeCommandServer.start(
    typeof script === "function" ? (script as Script) : follow,
  );
  const ended = await runCommand(KAKEHI, args, { ...options, environment: { KAKEHI_SOCKET: server.path } });
  return { ...ended, orders: server.orders.map(({ id: _id, ...order }) => order) };
}

function lines(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

const CHANGES: readonly (readonly [string, object])[] = [
  [
    "listener add 127.0.0.1:81",
    { type: "ADD_LISTENER", data: { address: "127.0.0.1:81", protocol: "http" } },
  ],
  [
    "listener update 127.0.0.1:81 --front-timeout 1.5s --public-address 192.0.2.1:80",
    {
      type: "UPDATE_LISTENER",
      data: { address: "127.0.0.1:81", front_timeout_ms: 1_500, public_address: "192.0.2.1:80" },
    },
  ],
  [
    "listener add 127.0.0.1:81 --accept-proxy-protocol",
    {
      type: "ADD_LISTENER",
      data: { address: "127.0.0.1:81", protocol: "http", accept_proxy_protocol: true },
    },
  ],
  [
    "listener update 127.0.0.1:81 --no-accept-proxy-protocol",
    { type: "UPDATE_LISTENER", data: { address: "127.0.0.1:81", accept_proxy_protocol: false } },
  ],
  [
    "cluster update app --send-proxy-protocol v2",
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", send_proxy_protocol: "v2" } },
  ],
  [
    "cluster update app --reset send-proxy-protocol",
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", send_proxy_protocol: null } },
  ],
  ["listener remove 127.0.0.1:81", { type: "REMOVE_LISTENER", data: { address: "127.0.0.1:81" } }],
  ["cluster add app", { type: "ADD_CLUSTER", data: { cluster_id: "app" } }],
  [
    "cluster update --cluster-id app --load-balancing random --if-revision 7",
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", load_balancing: "random" }, if_revision: 7 },
  ],
  [
    "cluster add app --health-check-path /health?deep --health-check-interval 5s --health-check-status 200,204",
    {
      type: "ADD_CLUSTER",
      data: {
        cluster_id: "app",
        health_check: { path: "/health?deep", interval_ms: 5_000, status: [200, 204] },
      },
    },
  ],
  [
    "cluster update app --health-check-path / --health-check-timeout 1s --health-check-healthy 1 --health-check-unhealthy 2",
    {
      type: "UPDATE_CLUSTER",
      data: { cluster_id: "app", health_check: { path: "/", timeout_ms: 1_000, healthy: 1, unhealthy: 2 } },
    },
  ],
  [
    "cluster update app --reset health-check",
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", health_check: null } },
  ],
  [
    "cluster add app --https-redirect",
    { type: "ADD_CLUSTER", data: { cluster_id: "app", https_redirect: true } },
  ],
  [
    "cluster update app --no-https-redirect",
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", https_redirect: false } },
  ],
  ["cluster remove app --cascade", { type: "REMOVE_CLUSTER", data: { cluster_id: "app", cascade: true } }],
  [
    "frontend add --listener 127.0.0.1:81 --hostname a.test --cluster-id app --tag a=b --tag c=d=e",
    {
      type: "ADD_FRONTEND",
      data: { listener: "127.0.0.1:81", hostname: "a.test", cluster_id: "app", tags: { a: "b", c: "d=e" } },
    },
  ],
  [
    "frontend add --listener 127.0.0.1:81 --hostname * --path-exact /x --redirect-host b.test --redirect-status 308",
    {
      type: "ADD_FRONTEND",
      data: {
        listener: "127.0.0.1:81",
        hostname: "*",
        path: { exact: "/x" },
        redirect: { host: "b.test", status: 308 },
      },
    },
  ],
  [
    "frontend remove --listener 127.0.0.1:81 --hostname a.test --path-prefix /api --method GET --dry-run",
    {
      type: "REMOVE_FRONTEND",
      data: { listener: "127.0.0.1:81", hostname: "a.test", path: { prefix: "/api" }, method: "GET" },
      dry_run: true,
    },
  ],
  [
    "backend add app app-1 127.0.0.1:9001 --weight 50 --backup",
    {
      type: "ADD_BACKEND",
      data: { cluster_id: "app", backend_id: "app-1", address: "127.0.0.1:9001", weight: 50, backup: true },
    },
  ],
  [
    "backend add app app-1 127.0.0.1:9001 --sticky-id red",
    {
      type: "ADD_BACKEND",
      data: { cluster_id: "app", backend_id: "app-1", address: "127.0.0.1:9001", sticky_id: "red" },
    },
  ],
  [
    "backend update app app-1 --reset sticky-id",
    { type: "UPDATE_BACKEND", data: { cluster_id: "app", backend_id: "app-1", sticky_id: null } },
  ],
  [
    "cluster add app --sticky-session",
    { type: "ADD_CLUSTER", data: { cluster_id: "app", sticky_session: true } },
  ],
  [
    "cluster update app --no-sticky-session",
    { type: "UPDATE_CLUSTER", data: { cluster_id: "app", sticky_session: false } },
  ],
  [
    "backend update app app-1 --no-backup --reset weight",
    {
      type: "UPDATE_BACKEND",
      data: { cluster_id: "app", backend_id: "app-1", backup: false, weight: null },
    },
  ],
  [
    "backend remove app app-1 --no-wait",
    { type: "REMOVE_BACKEND", data: { cluster_id: "app", backend_id: "app-1", drain: { wait: false } } },
  ],
  [
    "backend remove app app-1 --deadline 30s --on-deadline close",
    {
      type: "REMOVE_BACKEND",
      data: { cluster_id: "app", backend_id: "app-1", drain: { deadline_ms: 30_000, on_deadline: "close" } },
    },
  ],
  ["workers set 4", { type: "SET_WORKERS", data: { count: 4 } }],
  ["workers restart 0", { type: "RESTART_WORKER", data: { worker: 0 } }],
  ["upgrade", { type: "UPGRADE", data: {} }],
  [
    "upgrade --program /opt/k --program-version 2.0.0 --deadline 1s",
    { type: "UPGRADE", data: { program: "/opt/k", version: "2.0.0", deadline_ms: 1_000 } },
  ],
  ["upgrade main", { type: "UPGRADE_MAIN", data: {} }],
  ["upgrade main --program /opt/k", { type: "UPGRADE_MAIN", data: { program: "/opt/k" } }],
  ["upgrade worker 1", { type: "UPGRADE_WORKER", data: { worker: 1 } }],
  [
    "upgrade worker 1 --program /opt/k --program-version 2.0.0 --deadline 1m",
    { type: "UPGRADE_WORKER", data: { worker: 1, program: "/opt/k", version: "2.0.0", deadline_ms: 60_000 } },
  ],
  ["stop", { type: "SOFT_STOP", data: {} }],
  ["stop --deadline 2m", { type: "SOFT_STOP", data: { deadline_ms: 120_000 } }],
  ["stop --hard", { type: "HARD_STOP" }],
];

for (const [line, order] of CHANGES) {
  test(`kakehi ${line}: sends its order, and says what was done`, async () => {
    const ended = await drive(OK, line.split(" "));
    assert.deepEqual(ended.orders, [order]);
    assert(parseOrder({ id: "1", ...order }).ok);
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "done (revision 7)\n", ""]);
  });
}

const STEPS: Script = (order, connection) => {
  const workers = [1, 0].map((worker) => ({ worker, state: worker === 1 ? "running" : "stopping" }));
  if (order.type === "STATUS") return connection.answer(order, { ...OK, data: { workers } });
  if (order.type === "UPGRADE_WORKER") return connection.answer(order, REFUSED);
  connection.answer(order, { status: "PROCESSING", message: "it reads the state", revision: 7, data: {} });
  connection.answer(order, OK);
};

test("an upgrade by hand waits before each step, and ends at the first that is refused or not wanted", async () => {
  const both = await drive(STEPS, ["upgrade", "--step", "--program", "/opt/k"], { input: "\n\n" });
  assert.deepEqual(both.orders.slice(1), [
    { type: "UPGRADE_MAIN", data: { program: "/opt/k" } },
    { type: "UPGRADE_WORKER", data: { worker: 1, program: "/opt/k" } },
  ]);
  assert.equal(both.code, 1);
  assert.match(both.stderr, /1\. upgrade main\? it reads the state\n2\. upgrade worker 1\? error /);
  for (const input of ["\nno\n", "\n"]) {
    const one = await drive(STEPS, ["upgrade", "--step"], { input });
    assert.deepEqual([one.orders.length, one.code], [2, 0]);
    assert.match(one.stderr, /left as it was: worker 1\n$/);
  }
});

test("state save and load send absolute paths, because the proxy has a folder of its own", async () => {
  for (const verb of ["save", "load"]) {
    const { orders } = await drive(OK, ["state", verb, "here.state"], { folder: import.meta.dirname });
    assert.deepEqual(orders[0]?.["data"], { path: `${import.meta.dirname}/here.state` });
  }
});

test("a refused order ends with 1, and says what is wrong, where, and what to do", async () => {
  const ended = await drive(REFUSED, ["backend", "add", "ap", "app-1", "127.0.0.1:9001"]);
  assert.equal(ended.code, 1);
  assert.equal(ended.stdout, "");
  assert.deepEqual(lines(ended.stderr), [
    'error UNKNOWN_CLUSTER: cluster "ap" does not exist; did you mean "app"?',
    "  field:    data.cluster_id",
    "  remedy:   Add the cluster first, or correct `cluster_id`.",
  ]);
});

test("for programs every answer is a line of JSON, the refusal too", async () => {
  const refused = await drive(REFUSED, ["cluster", "remove", "ap", "--json"]);
  assert.equal(refused.code, 1);
  assert.deepEqual(JSON.parse(refused.stdout), { id: "1", version: 1, ...REFUSED });
  const done = await drive(OK, ["--json", "cluster", "add", "ap"]);
  assert.deepEqual(JSON.parse(done.stdout), { id: "1", version: 1, ...OK });
});

const DRAIN: Script = (order, connection) => {
  for (const connections of [3, 1]) {
    const data = { connections, workers: { 0: connections - 1, 1: 1 } };
    connection.answer(order, {
      status: "PROCESSING",
      message: `${connections} connections remain`,
      revision: 8,
      data,
    });
  }
  connection.answer(order, { ...OK, message: "backend app-1 removed", revision: 8 });
};

test("a drain tells its remaining connections beside the data, and its end in it", async () => {
  const ended = await drive(DRAIN, ["backend", "remove", "app", "app-1"]);
  assert.equal(ended.code, 0);
  assert.deepEqual(lines(ended.stderr), [
    "3 connections remain (worker 0: 2, worker 1: 1)",
    "1 connections remain (worker 1: 1)",
  ]);
  assert.equal(ended.stdout, "backend app-1 removed (revision 8)\n");
});

test("for programs a drain is one object a line", async () => {
  const ended = await drive(DRAIN, ["backend", "remove", "app", "app-1", "--json"]);
  assert.equal(ended.stderr, "");
  assert.deepEqual(
    lines(ended.stdout).map((line) => (JSON.parse(line) as { status: string }).status),
    ["PROCESSING", "PROCESSING", "OK"],
  );
});

test("a dry run lists what would change", async () => {
  const changes = [
    { action: "add", kind: "backend", key: "app app-2", after: {} },
    {
      action: "update",
      kind: "backend",
      key: "app app-1",
      before: { weight: 100, backup: false },
      after: { weight: 50, backup: false },
    },
  ];
  const ended = await drive({ ...OK, message: "2 objects would change", data: { changed: true, changes } }, [
    "state",
    "load",
    "x",
    "--dry-run",
  ]);
  assert.deepEqual(lines(ended.stdout), [
    "2 objects would change",
    "  + backend app-2 of cluster app",
    "  ~ backend app-1 of cluster app: weight 100 → 50",
  ]);
  const removal = {
    changed: true,
    changes: [{ action: "remove", kind: "cluster", key: "app" }],
    connections: 2,
  };
  const tried = await drive({ ...OK, data: removal }, ["cluster", "remove", "app", "--dry-run"]);
  assert.deepEqual(lines(tried.stdout).slice(-2), ["  - cluster app", "  2 connections use it now"]);
});

test("a dry run says what a change means to requests", async () => {
  const rule = { listener: "127.0.0.1:81", hostname: "a.test", path: { prefix: "/" } };
  const data = {
    changed: true,
    changes: [{ action: "remove", kind: "frontend", key: "k" }],
    moved_requests: { total: 2, items: [{ ...rule, method: "GET", from: { cluster_id: "a" }, to: null }] },
    shadowed: { total: 1, items: [{ key: "k", by: "l" }] },
    unused_certificates: { total: 0, items: [] },
    not_looked_at: 3,
  };
  const args = ["frontend", "remove", "--listener", "127.0.0.1:81", "--hostname", "a.test", "--dry-run"];
  const tried = await drive({ ...OK, data }, args);
  assert.deepEqual(lines(tried.stdout).slice(1), [
    "  - frontend k",
    "  requests would go elsewhere:",
    "    GET a.test prefix /: a → nobody",
    "    … and 1 more",
    "  no request would reach any more:",
    "    k, behind l",
    "  3 rules were too many to look at",
  ]);
});

test("a list is one table or one document, however many pages it has", async () => {
  const backends = ["a", "b", "c"].map((id, index) => ({
    cluster_id: "app",
    backend_id: id.repeat(index + 1),
    address: `127.0.0.1:900${index}`,
    weight: 10 ** index,
    backup: index === 2,
  }));
  const pages: Script = (order, connection) => {
    const after = Number(order.data?.["after"] ?? 0);
    connection.answer(order, {
      ...OK,
      data: { items: [backends[after]], next: after < 2 ? String(after + 1) : null },
    });
  };
  const table = await drive(pages, ["backend", "list", "app"]);
  assert.deepEqual(lines(table.stdout), [
    "CLUSTER  BACKEND  ADDRESS         WEIGHT  BACKUP",
    "app      a        127.0.0.1:9000       1  no",
    "app      bb       127.0.0.1:9001      10  no",
    "app      ccc      127.0.0.1:9002     100  yes",
  ]);
  assert.deepEqual(
    table.orders.map((order) => order["data"]),
    [
      { cluster_id: "app", limit: 10_000 },
      { cluster_id: "app", limit: 10_000, after: "1" },
      { cluster_id: "app", limit: 10_000, after: "2" },
    ],
  );
  const json = await drive(pages, ["backend", "list", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), { items: backends });
  const two = await drive(pages, ["backend", "list", "--limit", "2", "--json"]);
  assert.deepEqual(JSON.parse(two.stdout), { items: backends.slice(0, 2) });
});

test("an empty list is its titles, and a word beside them", async () => {
  const ended = await drive({ ...OK, data: { items: [], next: null } }, ["cluster", "list"]);
  assert.deepEqual(
    [ended.code, ended.stdout, ended.stderr],
    [0, "CLUSTER  LOAD BALANCING  STICKY  HTTPS ONLY  SENDS PROXY  TLS  HEALTH CHECK\n", "no clusters\n"],
  );
});

const STATUS = {
  version: "0.1.0",
  pid: 41,
  uptime_ms: 192_000,
  revision: 7,
  hash: "5f3a0123456789ab",
  workers: [
    {
      worker: 0,
      pid: 42,
      state: "running",
      revision: 7,
      hash: "5f3a0123456789ab",
      connections: 12,
      io: "uring",
      io_reason: "io_uring works",
      version: "0.1.0",
    },
  ],
};

test("a list that is empty because of a mistyped name suggests one that is there", async () => {
  const backends = [{ cluster_id: "app", backend_id: "app-1" }];
  const items: Readonly<Record<string, readonly object[]>> = {
    LIST_CLUSTERS: [{ cluster_id: "app" }],
    LIST_CERTIFICATES: [{ fingerprint: "ab".repeat(32) }],
  };
  const script: Script = (order, connection) => {
    const { cluster_id, backend_id, fingerprint } = order.data as Record<string, unknown>;
    const isFiltered = [backend_id, fingerprint].some((id) => id !== undefined);
    const all = order.type === "LIST_BACKENDS" && cluster_id === "app" ? backends : items[order.type];
    const found = isFiltered || (order.type === "LIST_CLUSTERS" && cluster_id !== undefined) ? [] : all;
    connection.answer(order, {
      status: "OK",
      message: "",
      revision: 1,
      data: { items: found ?? [], next: null },
    });
  };
  const suggestions: readonly (readonly [string, string])[] = [
    ["cluster list ap", 'no clusters; did you mean "app"?\n'],
    ["cluster list other", "no clusters\n"],
    ["backend list ap app-1", 'no backends; did you mean "app"?\n'],
    ["backend list app app-", 'no backends; did you mean "app-1"?\n'],
    ["connections list --cluster-id appp", 'no connections; did you mean "app"?\n'],
    ["connections list --cluster-id app", "no connections\n"],
  ];
  for (const [line, said] of suggestions) {
    assert.equal((await drive(script, line.split(" "))).stderr, said, line);
  }
  const near = await drive(script, ["certificate", "show", `ac${"ab".repeat(31)}`]);
  assert.equal(near.code, 2);
  assert.match(near.stderr, /no certificate has this fingerprint; did you mean "(ab){32}"\?/);
});

test("status is a few lines for people and the proxy's own document for programs", async () => {
  const people = await drive({ ...OK, data: STATUS }, ["status"]);
  assert.deepEqual(lines(people.stdout), [
    "kakehi 0.1.0, process 41, up 3m 12s",
    "revision 7, configuration 5f3a01234567",
    "",
    "WORKER  PID  STATE    REVISION  HASH          CONNECTIONS  IO     VERSION",
    "     0   42  running         7  5f3a01234567           12  uring  0.1.0",
    "io: io_uring works",
  ]);
  const programs = await drive({ ...OK, data: STATUS }, ["status", "--json"]);
  assert.deepEqual(JSON.parse(programs.stdout), STATUS);
});

test("workers and drains are tables too", async () => {
  const workers = await drive({ ...OK, data: STATUS }, ["workers"]);
  assert.match(workers.stdout, /^WORKER .*\n +0 +42 +running/);
  const drain = {
    order: "REMOVE_BACKEND",
    object: { kind: "backend", key: "app app-1" },
    connections: 3,
    workers: { 0: 1, 1: 2 },
    since_ms: 4_000,
    deadline_ms: null,
  };
  const drains = await drive({ ...OK, data: { drains: [drain] } }, ["drains"]);
  assert.match(
    lines(drains.stdout)[1]!,
    /^backend app-1 of cluster app +3 +0: 1, 1: 2 +4s +- +REMOVE_BACKEND$/,
  );
});

const EXPLAINED = {
  frontend: {
    listener: "127.0.0.1:81",
    hostname: "a.test",
    path: { prefix: "/api" },
    cluster_id: "app",
    tags: {},
  },
  nearly: [
    {
      frontend: { listener: "127.0.0.1:81", hostname: "*", path: { prefix: "/" }, deny: true, tags: {} },
      reason: "a less exact hostname",
    },
  ],
  cluster: { cluster_id: "app", load_balancing: "round_robin", sticky_session: false, https_redirect: false },
  certificate: null,
  backends: [{ backend_id: "app-1", address: "127.0.0.1:9001", state: "up", connections: 1, idle: 2 }],
};
const EXPLAIN: Script = explainAt("127.0.0.1:81");

function explainAt(...addresses: readonly string[]): Script {
  const items = addresses.map((address) => ({ address }));
  return (order, connection) =>
    connection.answer(order, { ...OK, data: order.type === "EXPLAIN" ? EXPLAINED : { items, next: null } });
}

test("explain takes a URL, finds the only listener, and tells the way of the request", async () => {
  const ended = await drive(EXPLAIN, ["explain", "a.test/api/users?x=1", "--method", "POST"]);
  assert.deepEqual(ended.orders.at(-1), {
    type: "EXPLAIN",
    data: { listener: "127.0.0.1:81", method: "POST", host: "a.test", path: "/api/users" },
  });
  assert.deepEqual(lines(ended.stdout), [
    "POST a.test/api/users at 127.0.0.1:81: to cluster app",
    "|- host a.test",
    "|  `- [x] /api -> app",
    "|- any host",
    "|  `- [ ] / -> (deny): a less exact hostname",
    "`- cluster app, round_robin",
    "   `- app-1 127.0.0.1:9001: up, 1 connection, 2 idle",
  ]);
});

test("explain finds the listener at the URL's port where there are several, or asks", async () => {
  const several = explainAt("127.0.0.1:80", "127.0.0.1:443", "127.0.0.1:81", "127.0.0.2:82", "127.0.0.3:82");
  const at81 = await drive(several, ["explain", "http://a.test:81/"]);
  assert.equal(at81.orders.at(-1)?.data?.["listener"], "127.0.0.1:81");
  const at80 = await drive(several, ["explain", "a.test"]);
  assert.equal(at80.orders.at(-1)?.data?.["listener"], "127.0.0.1:80");
  const at443 = await drive(several, ["explain", "https://a.test/"]);
  assert.equal(at443.orders.at(-1)?.data?.["listener"], "127.0.0.1:443");
  for (const url of ["a.test:82", "a.test:83"]) {
    const unclear = await drive(several, ["explain", url]);
    assert.equal(unclear.code, 2, url);
    assert.match(unclear.stderr, /at which listener\?/);
  }
});

test("explain with --json is the answer as it came", async () => {
  const { stdout } = await drive(EXPLAIN, ["explain", "a.test/api", "--json"]);
  assert.deepEqual(JSON.parse(stdout), EXPLAINED);
});

test("a dump is orders that can be given back, one a line", async () => {
  const orders = [
    { type: "ADD_CLUSTER", data: { cluster_id: "app" } },
    { type: "ADD_CLUSTER", data: { cluster_id: "b" } },
  ];
  const dump = await drive({ ...OK, data: { orders } }, ["state", "dump"]);
  assert.deepEqual(
    lines(dump.stdout).map((line) => JSON.parse(line) as unknown),
    orders,
  );
  const again = await drive(OK, ["order"], { input: dump.stdout });
  assert.deepEqual(again.orders, orders);
});

test("a transaction's orders come from a file or stdin, one after another or as a list", async () => {
  const orders = [
    { type: "ADD_CLUSTER", data: { cluster_id: "a" } },
    { type: "REMOVE_CLUSTER", data: { cluster_id: "b" } },
  ];
  const row = orders.map((order) => JSON.stringify(order)).join("\n");
  for (const input of [row, JSON.stringify({ orders })]) {
    const sent = await drive(OK, ["transaction", "-", "--dry-run", "--if-revision", "3"], { input });
    const order = { type: "TRANSACTION", data: { orders }, if_revision: 3, dry_run: true };
    assert.deepEqual([sent.code, sent.orders], [0, [order]]);
  }
  for (const input of ['{"orders":[],"dry_run":true}', "{}", "[]", '{"type":', "", "\n"]) {
    const wrong = await drive(OK, ["transaction", "-"], { input });
    assert.deepEqual([wrong.code, wrong.orders], [2, []], input);
  }
  const missing = await drive(OK, ["transaction", "nothing.json"]);
  assert.match(missing.stderr, /nothing\.json cannot be read: ENOENT/);
});

test("no order at all is wrong use: an empty pipe is what a program leaves that failed", async () => {
  for (const input of ["", " \n\0"]) {
    const { code, stderr } = await drive(OK, ["order"], { input });
    assert.equal(code, 2);
    assert.match(stderr, /no order was given/);
  }
});

test("raw orders come from the argument or from stdin, and their answers keep their ids", async () => {
  const script: Script = (order, connection) => connection.answer(order, order.type === "BAD" ? REFUSED : OK);
  const argument = await drive(script, ["order", '{"id":"mine","type":"STATUS","version":1}']);
  assert.deepEqual(argument.orders, [{ type: "STATUS", version: 1 }]);
  assert.equal((JSON.parse(argument.stdout) as { id: string }).id, "mine");
  const input = '{"type":"A"}\0{"id":"b","type":"BAD"}\n{\n "type":"C"}';
  const stdin = await drive(script, ["order", "-"], { input });
  assert.equal(stdin.code, 1);
  assert.deepEqual(
    stdin.orders.map((order) => order["type"]),
    ["A", "BAD", "C"],
  );
  const answers = lines(stdin.stdout).map((line) => JSON.parse(line) as { id: string; status: string });
  assert.deepEqual(
    answers.map(({ id, status }) => [id, status]),
    [
      ["1", "OK"],
      ["b", "ERROR"],
      ["3", "OK"],
    ],
  );
});

test("many orders in a row are all answered, and never too many are in flight", async () => {
  const ordersInFlightMax = 256;
  const input = Array.from(
    { length: 10 * ordersInFlightMax },
    (_, index) => `{"id":"n${index}","type":"STATUS"}`,
  );
  const held: (() => void)[] = [];
  let heldMost = 0;
  const answerInBatches: Script = (order, connection) => {
    heldMost = Math.max(
      heldMost,
      held.push(() => connection.answer(order, OK)),
    );
    if (held.length !== ordersInFlightMax) return;
    setImmediate(() => {
      for (const answer of held.splice(0)) answer();
    });
  };
  const ended = await drive(answerInBatches, ["order"], { input: input.join("\n") });
  assert.equal(ended.code, 0);
  assert.equal(heldMost, ordersInFlightMax);
  const ids = lines(ended.stdout).map((line) => (JSON.parse(line) as { id: string }).id);
  assert.equal(new Set(ids).size, input.length);
});

test("after what is no order nothing more is sent", async () => {
  const ended = await drive(OK, ["order"], { input: '{"type":"A"}\n{half\n{"type":"C"}\n' });
  assert.equal(ended.code, 2);
  assert.deepEqual(
    ended.orders.map((order) => order["type"]),
    ["A"],
  );
  assert.match(ended.stderr, /^error: object 2 is/);
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ["backend add app", /<backend-id> and <address> must be given, as in: kakehi backend add app app-1/],
  ["backend add app a 127.0.0.1:1 --address 127.0.0.1:2", /address is given twice/],
  ["backend add app a 127.0.0.1:1 --weight heavy", /It must be a whole number/],
  ["backend add app a 127.0.0.1:1 --wieght 1", /unknown option '--wieght'.*did you mean --weight/],
  ["backend remove app a --deadline 30", /a duration such as 500ms, 10s or 2m/],
  ["backend remove app a --on-deadline explode", /Allowed choices are close, keep/],
  ["backnd list", /unknown command 'backnd' \(did you mean backend\?\)/],
  ["backend lst", /unknown command 'lst' \(did you mean list\?\)/],
  ["stop --hard --deadline 1s", /--hard does not wait/],
  ["explain", /Give a URL/],
  ["order [1]", /object 1 does not begin with \{/],
  ["status now", /too many arguments/],
  ["workers set", /<count> must be given/],
  ["connections list --limit 0", /at least 1/],
  ["history --limit 0", /at least 1/],
  ["cluster list --watch --every 0s", /from 1ms to 24d/],
  ["status --timeout 25d", /from 1ms to 24d/],
  [`status --socket ${"x".repeat(200)}`, /at most 107 bytes/],
];

for (const [line, complaint] of WRONG) {
  test(`kakehi ${line.slice(0, 60)}: is a wrong command line, and nothing is sent`, async () => {
    const ended = await drive(OK, line.split(" "));
    assert.equal(ended.code, 2);
    assert.match(ended.stderr, complaint);
    assert.equal(ended.stdout, "");
    assert.deepEqual(ended.orders, []);
  });
}

async function end(...args: readonly string[]): Promise<Ended> {
  return runCommand(KAKEHI, args);
}

test("a proxy that is not there ends with 3, and so does one that goes away", async () => {
  const absent = await end("status", "--socket", `${import.meta.dirname}/absent.sock`);
  assert.deepEqual([absent.code, absent.stdout], [3, ""]);
  assert.match(
    absent.stderr,
    /^error: cannot reach a proxy at .*absent\.sock: there is no such socket; is it running\?\n$/,
  );
  const gone = await drive((_order, connection) => connection.end(), ["status"]);
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /^error: the connection to the proxy was lost/);
});

test("a proxy that says nothing ends with 3 after the given time", async () => {
  const ended = await drive(() => {}, ["status", "--timeout", "50ms"]);
  assert.equal(ended.code, 3);
  assert.match(ended.stderr, /gave no answer within 50ms/);
});

test("a reader that leaves early is no error", async () => {
  const items = Array.from({ length: 20_000 }, (_, index) => ({
    cluster_id: `cluster-${index}`,
    load_balancing: "hash",
  }));
  await using server = await FakeCommandServer.start((order, connection) =>
    connection.answer(order, { ...OK, data: { items, next: null } }),
  );
  const ended = await runCommand("/bin/sh", ["-c", '"$0" cluster list; echo "$?" >&2', KAKEHI].concat(), {
    environment: { KAKEHI_SOCKET: server.path },
  });
  assert.equal(ended.stderr, "0\n");
  const cut = await runCommand(
    "/bin/sh",
    ["-c", '{ "$0" cluster list; echo "$?" >&2; } | head -n 1', KAKEHI],
    {
      environment: { KAKEHI_SOCKET: server.path },
    },
  );
  assert.equal(cut.stderr, "0\n");
  assert.equal(
    cut.stdout,
    "CLUSTER        LOAD BALANCING  STICKY  HTTPS ONLY  SENDS PROXY  TLS  HEALTH CHECK\n",
  );
});
