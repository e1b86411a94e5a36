/**
 * When a drain is to be closed, though the main that was asked for it is gone: its workers have kept it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultLog } from "../../testing/clients/faults.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import type { Json } from "../../testing/order-client.ts";
import type { Proxy } from "../../testing/proxy.ts";
import { killMain, withRestarts } from "./restarts.ts";
import { assertNoFaults, TIMEOUT_MS, withBackends } from "./support.ts";

/** Far behind the end of the test. */
const LATER_MS = 600_000;

async function openTunnel(port: number, faults: FaultLog): Promise<WebSocketClient> {
  return WebSocketClient.open({ port, host: "a.example", target: "/websocket", faults });
}

/** A message goes through the tunnel and comes back. */
async function assertEchoes(tunnel: WebSocketClient): Promise<void> {
  tunnel.send();
  await askUntil(TIMEOUT_MS, "an echo", () => tunnel.echoed === tunnel.sent || undefined);
}

/** Of each drain, by its cluster or worker: whether it has a deadline. */
async function deadlinesOf({ orders }: Proxy): Promise<Readonly<Record<string, boolean>>> {
  const { drains } = (await orders.ok("QUERY_DRAINS")).data as {
    readonly drains: readonly {
      readonly object: { readonly kind: string; readonly cluster_id?: string };
      readonly deadline_ms: number | null;
    }[];
  };
  return Object.fromEntries(
    drains.map(({ object, deadline_ms }) => [object.cluster_id ?? object.kind, deadline_ms !== null]),
  );
}

test("kill -9 of main: the next one closes what drains at its deadline, also where connections went to another worker; without a deadline it goes on", async () => {
  await withBackends(3, async (...backends) => {
    await withRestarts(async (start) => {
      const first = await start({ workers: 1 });
      const faults = new FaultLog();
      const broken = new FaultLog();
      const tunnels: WebSocketClient[] = [];
      for (const [index, { address }] of backends.entries()) {
        const port = await first.serve(`app-${index}`, [{ id: "one", address }]);
        tunnels.push(await openTunnel(port, index === 0 ? broken : faults));
      }
      const remove = (index: number, drain: Json): readonly ["REMOVE_BACKEND", Json] => [
        "REMOVE_BACKEND",
        { cluster_id: `app-${index}`, backend_id: "one", drain },
      ];
      await first.orders.ok(...remove(1, { wait: false, deadline_ms: LATER_MS, on_deadline: "close" }));
      await first.orders.ok(...remove(2, { wait: false, deadline_ms: LATER_MS, on_deadline: "keep" }));
      await first.orders.ok(...remove(0, { wait: false }));
      await first.orders.ok("UPGRADE_WORKER", { worker: 0 });
      // It drains already, and only this order has a deadline; its client is there when main is killed.
      await first.orders.send(...remove(0, { deadline_ms: 1_500, on_deadline: "close" })).processing();
      await killMain(first);
      for (const tunnel of tunnels) await assertEchoes(tunnel);

      const second = await start({ workers: 1 });
      await within(TIMEOUT_MS, "the end of the tunnel", tunnels[0]!.closed);
      await askUntil(TIMEOUT_MS, "the drain's end", async () => {
        return !("app-0" in (await deadlinesOf(second))) || undefined;
      });
      assert.deepEqual(await deadlinesOf(second), { "app-1": true, "app-2": false });
      await killMain(second);

      const third = await start({ workers: 1 });
      assert.deepEqual(await deadlinesOf(third), { "app-1": true, "app-2": false });
      for (const tunnel of tunnels.slice(1)) {
        await assertEchoes(tunnel);
        await tunnel.close();
      }
      assertNoFaults(faults);
      await third.stop();
    });
  });
});

test("kill -9 of main: the next one cuts a worker that drains at its deadline, and it goes on draining", async () => {
  await withBackends(1, async ({ address }) => {
    await withRestarts(async (start) => {
      const first = await start();
      const port = await first.serve("app", [{ id: "one", address }]);
      const tunnel = await openTunnel(port, new FaultLog());
      const [{ worker }] = (await first.orders.ok("LIST_CONNECTIONS", { state: "tunnel" })).data.items;
      await first.orders.ok("DRAIN", {
        worker,
        drain: { wait: false, deadline_ms: 1_500, on_deadline: "close" },
      });
      await killMain(first);
      await assertEchoes(tunnel);

      const second = await start();
      await within(TIMEOUT_MS, "the end of the tunnel", tunnel.closed);
      await askUntil(TIMEOUT_MS, "the drain's end", async () => {
        return Object.keys(await deadlinesOf(second)).length === 0 || undefined;
      });
      const { workers } = (await second.orders.ok("STATUS")).data;
      assert.deepEqual(
        workers.map((each: { readonly draining?: true }) => each.draining),
        [0, 1].map((number) => number === worker || undefined),
      );
      await second.stop();
    });
  });
});
