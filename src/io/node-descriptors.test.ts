import assert from "node:assert/strict";
import { once } from "node:events";
import { fstatSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { descriptorOf, unwrittenBytes } from "./node-descriptors.ts";

test("what a socket has written and its peer has read, and what is unwritten, is all that it was given", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-node-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const server = createServer({ pauseOnConnect: true }).listen(join(folder, "socket"));
  await once(server, "listening");
  assert.ok(fstatSync(descriptorOf(server)).isSocket());
  const client = connect(join(folder, "socket"));
  const accepting = once(server, "connection");
  await once(client, "connect");
  const [accepted] = (await accepting) as [Socket];
  t.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  assert.notEqual(descriptorOf(client), descriptorOf(accepted));
  client.write("small");
  assert.equal(unwrittenBytes(client), 0);
  const bytes = 4 * 1024 * 1024;
  client.write(Buffer.alloc(bytes));
  const unwritten = unwrittenBytes(client);
  assert.ok(unwritten > 0 && unwritten < bytes, `${unwritten}`);
  let read = 0;
  accepted.on("data", (chunk: Buffer) => (read += chunk.length)).resume();
  await once(client, "drain");
  assert.equal(unwrittenBytes(client), 0);
  while (read < 5 + bytes) await once(accepted, "data");
  assert.equal(read, 5 + bytes);
});
