/**
 * Transactions under traffic, by real processes: each response says which revision decided it, and comes from
 * the backend that its host had at that revision. A million of them are the benchmark's part `transactions`.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Load } from "../../testing/clients/load.ts";
import { valuesOf } from "../../testing/http/head.ts";
import type { Response } from "../../testing/http/response.ts";
import type { Json } from "../../testing/order-client.ts";
import { freePort } from "../../testing/proxy.ts";
import { assertNoFaults, withBackends, withProxy } from "./support.ts";

const HOSTS = Array.from({ length: 50 }, (_, index) => index);
const TRANSACTIONS = 30;
const REQUESTS_PER_SECOND = 600;

test("no response comes from a mixed state: its backend is that of the revision that it tells", async () => {
  await withBackends(2, (even, odd) =>
    withProxy({ workers: 2 }, async ({ orders }) => {
      const port = await freePort();
      const listener = `127.0.0.1:${port}`;
      const made = await orders.ok("ADD_LISTENER", {
        address: listener,
        protocol: "http",
        revision_header: true,
      });
      assert.equal(made.revision, 1);
      const addresses = [even.address, odd.address];
      await orders.ok("TRANSACTION", { orders: HOSTS.flatMap((host) => deal(listener, host, 2, addresses)) });
      const seen = new Set<string>();
      const load = new Load({
        port,
        ratePerSecond: REQUESTS_PER_SECOND,
        request: (number) => ({
          host: `h${number % HOSTS.length}`,
          target: "/",
          check: (response) => checkRevision(response, [even.id, odd.id], seen),
        }),
      });
      for (let revision = 3; revision < 3 + TRANSACTIONS; revision++) {
        const dealt = HOSTS.flatMap((host) => [
          ...undeal(listener, host, revision - 1),
          ...deal(listener, host, revision, addresses),
        ]);
        const done = await orders.ok("TRANSACTION", { orders: dealt });
        assert.equal(done.revision, revision);
      }
      const report = await load.stop();
      assertNoFaults(load.faults);
      assert.equal(report.answered, report.sent);
      assert.ok(seen.size > TRANSACTIONS / 4, `responses told ${seen.size} revisions`);
    }),
  );
});

/** A host's rule and backend at a revision: its cluster is another one at each. */
function deal(listener: string, host: number, revision: number, addresses: readonly string[]): Json[] {
  const cluster_id = `c${host}-${revision}`;
  const backend = { cluster_id, backend_id: "only", address: addresses[revision % 2]! };
  return [
    { type: "ADD_CLUSTER", data: { cluster_id } },
    { type: "ADD_BACKEND", data: backend },
    { type: "ADD_FRONTEND", data: { listener, hostname: `h${host}`, cluster_id } },
  ];
}

function undeal(listener: string, host: number, revision: number): Json[] {
  const cluster_id = `c${host}-${revision}`;
  return [
    { type: "REMOVE_FRONTEND", data: { listener, hostname: `h${host}` } },
    { type: "REMOVE_CLUSTER", data: { cluster_id, drain: { wait: false } } },
  ];
}

function checkRevision(
  { status, head, body }: Response,
  ids: readonly string[],
  seen: Set<string>,
): string | undefined {
  const [revision = ""] = valuesOf(head, "x-kakehi-revision");
  seen.add(revision);
  const wanted = ids[Number(revision) % 2]!;
  const text = body.toString();
  return status === 200 && text.startsWith(wanted)
    ? undefined
    : `status ${status}, revision ${revision}: ${text}`;
}
