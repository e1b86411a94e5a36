import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OrderClient } from "./order-client.ts";

/** A command socket that does what `serve` says with each connection. */
async function withSocket(
  serve: (socket: Socket) => void,
  body: (client: OrderClient) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-orders-"));
  const path = join(folder, "socket");
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = await OrderClient.connect(path);
  try {
    await body(client);
  } finally {
    client.close();
    server.close();
    await rm(folder, { recursive: true });
  }
}

function answer(id: string | null, status: string, more: object = {}): string {
  return `${JSON.stringify({ id, version: 1, status, message: "m", revision: 1, ...more })}\0`;
}

test("answers find their orders by id, in pieces and in any order, progress before the end", async () => {
  const serve = (socket: Socket): void => {
    socket.once("data", () => {
      const text =
        answer("2", "OK") +
        answer("1", "PROCESSING", { data: { connections: 3 } }) +
        answer("1", "OK", { data: {} });
      for (const byte of Buffer.from(text)) socket.write(Buffer.of(byte));
    });
  };
  await withSocket(serve, async (client) => {
    const first = client.send("REMOVE_BACKEND");
    const second = client.send("STATUS");
    assert.equal((await first.processing()).data.connections, 3);
    assert.deepEqual([(await first.final()).status, (await second.final()).status], ["OK", "OK"]);
    assert.equal(first.progress.length, 1);
  });
});

test("an answer to nobody is kept as a stray; a PROCESSING that never comes, and a lost connection, are errors", async () => {
  const serve = (socket: Socket): void => {
    socket.once("data", () =>
      socket.end(answer(null, "ERROR", { error: { code: "BAD_FRAME" } }) + answer("1", "OK")),
    );
  };
  await withSocket(serve, async (client) => {
    const first = client.send("STATUS");
    const second = client.send("STATUS");
    assert.equal((await client.stray()).error?.code, "BAD_FRAME");
    await assert.rejects(first.processing(), /without such a PROCESSING/);
    await assert.rejects(second.final(), /closed before the answer/);
  });
});
