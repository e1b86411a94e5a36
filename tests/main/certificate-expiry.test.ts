/** Main warns of certificates that come near their end: as they are added, and as it starts with them. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createLog } from "../../src/io/log.ts";
import { runMain } from "../../src/main/run-main.ts";
import { OrderClient, type Json } from "../../testing/order-client.ts";
import { freePort } from "../../testing/proxy.ts";
import { CertificateMaker } from "../../testing/tls/make-certificates.ts";

const FAKE_WORKER = fileURLToPath(new URL("../../testing/fake-worker.ts", import.meta.url));

/** What main warns of while it runs, on the one state of the test. */
async function warningsOf(folder: string, use: (orders: OrderClient) => Promise<void>): Promise<string[]> {
  const log: string[] = [];
  const started = await runMain({
    socketPath: join(folder, "command.sock"),
    socketMode: 0o600,
    statePath: join(folder, "kakehi.state"),
    workers: 1,
    io: "auto",
    demo: false,
    version: "0.0.0-test",
    workerEntry: FAKE_WORKER,
    log: createLog({ level: "warning", form: "text", write: (line) => log.push(line), now: () => 0 }),
  });
  assert.ok(started.ok);
  const orders = await OrderClient.connect(join(folder, "command.sock"));
  try {
    await use(orders);
  } finally {
    orders.close();
    started.value.stopHard();
    await started.value.stopped;
  }
  return log.filter((line) => line.includes("certificate"));
}

test("a certificate that ends within two weeks is warned of when it is added, and at each start", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-expiry-"));
  try {
    const maker = new CertificateMaker(folder);
    const listener = `127.0.0.1:${await freePort()}`;
    const whenAdded = await warningsOf(folder, async (orders) => {
      await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
      for (const [name, days] of [
        ["near.example", 13],
        ["far.example", 15],
      ] as const) {
        const made = maker.make({ names: `DNS:${name}`, days });
        await orders.ok("ADD_CERTIFICATE", { listener, ...made } as unknown as Json);
      }
      const { metrics } = (await orders.ok("METRICS")).data;
      assert.deepEqual(metrics.certificates.value, { lasting: 1, expiring: 1, expired: 0 });
      assert.ok(metrics.journal_bytes.value > 2_000, "the journal has two certificates");
      assert.deepEqual(metrics.orders.value, { ok: 3, error: 0 });
    });
    const atStart = await warningsOf(folder, async () => undefined);
    for (const warnings of [whenAdded, atStart]) {
      assert.equal(warnings.length, 1, warnings.join(""));
      assert.match(warnings[0]!, /warning a certificate expires soon .*name=near\.example /);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
