import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectTcp, createServer, type AddressInfo } from "node:net";
import { connect } from "node:tls";
import { test } from "node:test";
import { ALERT_RECORD_BYTES, ALERTS, writeFatalAlert } from "./alert.ts";

test("an alert is one record of seven bytes, written where it is told to", () => {
  const target = new Uint8Array(10).fill(0xee);
  assert.equal(writeFatalAlert(target, 1, "unrecognized_name"), 1 + ALERT_RECORD_BYTES);
  assert.deepEqual([...target], [0xee, 21, 3, 3, 0, 2, 2, 112, 0xee, 0xee]);
});

test("a real client understands each alert", { timeout: 10_000 }, async (t) => {
  const record = new Uint8Array(ALERT_RECORD_BYTES);
  const server = createServer((socket) =>
    socket.on("error", () => undefined).once("data", () => socket.end(record)),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const [name, number] of Object.entries(ALERTS)) {
    writeFatalAlert(record, 0, name as keyof typeof ALERTS);
    const client = connect({ socket: connectTcp(port, "127.0.0.1"), rejectUnauthorized: false });
    const [error] = (await once(client, "error").catch((fault: unknown) => [fault])) as [Error];
    assert.match(error.message, new RegExp(`SSL alert number ${number}\\b`), name);
    client.destroy();
  }
});
