import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";

const LOOKS = 3;

/** Runs a command against a proxy that answers with `dataOf`, and goes away at the fourth order. */
async function watch(dataOf: (look: number) => object, args: readonly string[]) {
  const follow: Script = (order, connection) => {
    const look = server.orders.length;
    if (look > LOOKS) connection.end();
    else connection.answer(order, { status: "OK", message: "", revision: 1, data: dataOf(look) });
  };
  await using server = await FakeCommandServer.start(follow);
  const ended = await runCommand(KAKEHI, args, { environment: { KAKEHI_SOCKET: server.path } });
  return { ...ended, types: server.orders.map(({ type }) => type) };
}

const clusters = (look: number): object => ({ items: [{ cluster_id: `app-${look}` }], next: null });

test("a list is shown again and again, until the proxy goes away", async () => {
  const ended = await watch(clusters, ["cluster", "list", "--watch", "--every", "1ms"]);
  assert.deepEqual([ended.code, ended.types.length], [3, LOOKS + 1]);
  for (let look = 1; look <= LOOKS; look++) assert.match(ended.stdout, new RegExp(`^app-${look} `, "m"));
  assert(!ended.stdout.includes("\u001b"), "nothing steers a terminal that is not there");
});

test("for programs each look is a line of JSON", async () => {
  const ended = await watch(
    (look) => ({ drains: [], look }),
    ["drains", "--watch", "--every", "1ms", "--json"],
  );
  assert.equal(ended.stdout, '{"drains":[]}\n'.repeat(LOOKS));
});

test("so are the workers, and what runs", async () => {
  const status = { version: "1", pid: 1, uptime_ms: 1, revision: 1, hash: "", workers: [] };
  for (const noun of [["status"], ["workers", "list"]]) {
    const ended = await watch(() => status, [...noun, "--watch", "--every", "1ms", "--json"]);
    assert.equal(ended.stdout.trimEnd().split("\n").length, LOOKS, noun.join(" "));
  }
});

test("without --watch there is one look", async () => {
  const ended = await watch(clusters, ["cluster", "list"]);
  assert.deepEqual([ended.code, ended.types], [0, ["LIST_CLUSTERS"]]);
});
