import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseOrder } from "../../src/model/catalogue/parse-order.ts";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { Proxy } from "../../testing/proxy.ts";
import { runCommand } from "../../testing/run-command.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const OK = { status: "OK", message: "done", revision: 1, data: { tags: { status: "ERROR" } } };
const missing = ["bash", "socat"].filter((program) => spawnSync(program, ["--help"]).error !== undefined);
const options = { skip: missing.length > 0 && `${missing.join(" and ")} must be installed` };

/** Runs a script in bash, the functions at hand, against a proxy that follows `script`. */
async function drive(script: Script | object, lines: string) {
  const follow: Script = (order, connection) => connection.answer(order, script);
  await using server = await FakeCommandServer.start(
    typeof script === "function" ? (script as Script) : follow,
  );
  const ended = await runCommand("bash", ["-c", `source docs/clients/kakehi.sh\n${lines}`], {
    folder: ROOT,
    environment: { KAKEHI_SOCKET: server.path },
  });
  return { ...ended, orders: server.orders };
}

test("an order is a line of bash, its answers are lines, its end is the exit code", options, async () => {
  const ended = await drive(OK, `kakehi_order ADD_CLUSTER '{"cluster_id":"a b"}'`);
  assert.deepEqual(ended.orders, [{ id: "1", type: "ADD_CLUSTER", data: { cluster_id: "a b" } }]);
  assert.deepEqual([ended.code, ended.stderr], [0, ""]);
  assert.deepEqual(JSON.parse(ended.stdout), { id: "1", version: 1, ...OK });
});

test("a refused order is 1, even where its answer holds an OK of somebody else", options, async () => {
  const refused = {
    status: "ERROR",
    message: 'it says "status":"OK"',
    error: { code: "EXISTS", existing: { status: "OK" } },
  };
  assert.equal((await drive(refused, "kakehi_order STATUS")).code, 1);
});

test("a proxy that goes away, or is not there, is 3", options, async () => {
  const progress = { status: "PROCESSING", message: "drains", data: {} };
  const gone = await drive((order, connection) => {
    connection.answer(order, progress);
    connection.end();
  }, "kakehi_order REMOVE_BACKEND");
  assert.equal(gone.code, 3);
  assert.equal((await drive(OK, "KAKEHI_SOCKET=/nowhere kakehi_order STATUS 2>/dev/null")).code, 3);
});

test("a removal waits for its drain", options, async () => {
  const ended = await drive((order, connection) => {
    for (const connections of [2, 1]) {
      connection.answer(order, { status: "PROCESSING", message: "drains", data: { connections } });
    }
    connection.answer(order, OK);
  }, "kakehi_order REMOVE_BACKEND && echo gone");
  assert.equal(ended.code, 0);
  assert.deepEqual(
    ended.stdout
      .split("\n")
      .map((line) => line.slice(0, 40))
      .slice(-2),
    ["gone", ""],
  );
  assert.equal(ended.stdout.split("\n").length, 5);
});

test("many orders are lines of stdin", options, async () => {
  const many = `for n in {1..500}; do echo "{\\"id\\":\\"$n\\",\\"type\\":\\"STATUS\\"}"; done | kakehi_orders`;
  const ended = await drive(OK, many);
  assert.deepEqual(
    ended.orders.map((order) => order.id),
    Array.from({ length: 500 }, (_, index) => String(index + 1)),
  );
  assert.equal(ended.stdout.split("\n").length, 501);
});

test("the examples of the page can be run as they stand there, and are orders", options, async () => {
  const page = await readFile(join(ROOT, "docs", "clients", "bash.md"), "utf8");
  const examples = [...page.matchAll(/^(?:kakehi_order .*|printf .* socat .*)$/gm)].map(([line]) =>
    line.replace(/ &&$| \| jq .*$/, ""),
  );
  assert(examples.length >= 9);
  const run = examples.join("\n").replaceAll("/run/kakehi/command.sock", '"$KAKEHI_SOCKET"');
  const ended = await drive(OK, `set -e\n${run}`);
  assert.deepEqual([ended.code, ended.stderr], [0, ""]);
  assert.equal(ended.orders.length, examples.length);
  for (const order of ended.orders) assert.deepEqual(parseOrder(order).ok, true, JSON.stringify(order));
});

test("a real proxy says as much: many orders, progress, a refusal", options, async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const script = `source docs/clients/kakehi.sh
for n in {1..300}; do
  printf '{"id":"%d","type":"ADD_CLUSTER","data":{"cluster_id":"c%d"}}\\n' "$n" "$n"
done | kakehi_orders | grep -c '"status":"OK"'
kakehi_order SET_WORKERS '{"count":2}' | grep -o '"status":"[A-Z]*"' | uniq
kakehi_order ADD_CLUSTER '{"name":"c"}' > /dev/null || echo "refused $?"
`;
  const environment = { KAKEHI_SOCKET: proxy.socketPath };
  const ended = await runCommand("bash", ["-c", script], { folder: ROOT, environment });
  const said = ["300", '"status":"PROCESSING"', '"status":"OK"', "refused 1", ""];
  assert.deepEqual([ended.code, ended.stderr, ended.stdout.split("\n")], [0, "", said]);
});
