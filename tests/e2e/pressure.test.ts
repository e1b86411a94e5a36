import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { test } from "node:test";
import type { HttpBackend } from "../../testing/backends/http-backend.ts";
import { Load } from "../../testing/clients/load.ts";
import { askUntil } from "../../testing/deadline.ts";
import { assertNoFaults, echoRequest, IOS, withBackends, withProxy } from "./support.ts";

/** Clients that do not read. Not so many that the kernel runs out of memory for TCP before we can. */
const STALLED = 120;
const BODY_BYTES = 200_000_000;
const REQUESTS_PER_SECOND = 200;
const REQUESTS = 1_000;
const SENT_WITHIN_MS = 30_000;
/** Looked at so often without a byte more, all sockets on the way are full. */
const LOOKS = 50;
const STILL_WITHIN_MS = 60_000;

for (const io of IOS) {
  test(`${STALLED} downloads that stand still keep no strict client from its answer (${io})`, async () => {
    await withBackends(
      1,
      (backend) =>
        withProxy({ io, workers: 1 }, async (proxy) => {
          const port = await proxy.serve("app", [{ id: "one", address: backend.address }]);
          const stalled = await Promise.all(Array.from({ length: STALLED }, () => stall(port)));
          await standStill(backend);
          const load = new Load({ port, ratePerSecond: REQUESTS_PER_SECOND, request: echoRequest("app") });
          await askUntil(SENT_WITHIN_MS, "all sent", () => load.report.sent >= REQUESTS || undefined);
          const report = await load.stop();
          for (const socket of stalled) socket.destroy();
          assertNoFaults(load.faults);
          assert.equal(report.answered, report.sent);
        }),
      { id: "app" },
    );
  });
}

/**
 * Waits until the backend can write nothing more: what the proxy holds for the stalled ones, it holds now.
 */
async function standStill(backend: HttpBackend): Promise<void> {
  let before = -1;
  let looks = 0;
  await askUntil(STILL_WITHIN_MS, "all downloads stand still", () => {
    const written = backend.connections.reduce((sum, { socket }) => sum + socket.bytesWritten, 0);
    looks = written === before ? looks + 1 : 0;
    before = written;
    return looks === LOOKS ? written : undefined;
  });
}

/** A download whose head has come, and of which no more is read. */
async function stall(port: number): Promise<Socket> {
  const socket = createConnection({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(`GET /bytes/${BODY_BYTES} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  assert.match(first.toString("latin1", 0, 20), /^HTTP\/1\.1 200 /);
  return socket;
}
