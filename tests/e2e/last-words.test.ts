/**
 * What a worker says to clients over TLS before it ends, as it goes over the wire: Node's own client takes an
 * end without `close_notify` for the same.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../../testing/deadline.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { connectTls } from "../../testing/clients/tls-client.ts";
import { Relay } from "../../testing/relay.ts";
import { HttpsSetting } from "./https-support.ts";
import { exchangeOn, IOS, TIMEOUT_MS } from "./support.ts";

/** RFC 5246 section 6.2.1, RFC 8446 section 5.1. */
const HEADER_BYTES = 5;
const TYPE_ALERT = 21;
const TYPE_DATA = 23;
/** RFC 8446 section 5.2: two bytes of alert, one of its real type, and the tag of 16. */
const ALERT_1_3_BYTES = 19;

/** The records in these bytes, by type and length; what is left over is no record. */
function recordsOf(bytes: Buffer): readonly { readonly type: number; readonly length: number }[] {
  const records: { type: number; length: number }[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt16BE(at + 3);
    records.push({ type: bytes[at]!, length });
    at += HEADER_BYTES + length;
  }
  assert.equal(at, bytes.length, "the last record is cut");
  return records;
}

for (const io of IOS) {
  test(`HARD_STOP: who has a resting connection over TLS is told its end by an alert before the worker is gone (${io})`, async (t) => {
    const setting = await HttpsSetting.start(io);
    const heard: { version: string; bytes: Buffer[]; ended: Promise<unknown> }[] = [];
    const faults: string[] = [];
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const bytes: Buffer[] = [];
      const ended = Promise.withResolvers<void>();
      const relay = await Relay.start(setting.port, (client, back) => {
        client.pipe(back);
        back.on("data", (piece: Buffer) => bytes.push(piece)).pipe(client);
        back.once("end", ended.resolve).once("error", ended.reject);
      });
      t.after(() => relay.stop());
      ended.promise.catch(() => undefined);
      heard.push({ version, bytes, ended: ended.promise });
      const socket = await connectTls(relay.port, { version }, TIMEOUT_MS);
      assert.equal((await exchangeOn(HttpConnection.over(socket), "/")).status, 200);
      // An alert that is none of an orderly end would be one.
      socket.on("error", (error) => faults.push(`${version}: ${error.message}`));
    }
    await setting.stop();
    for (const { version, bytes, ended } of heard) {
      await within(TIMEOUT_MS, "the end", ended);
      const last = recordsOf(Buffer.concat(bytes)).at(-1)!;
      if (version === "TLSv1.2") assert.equal(last.type, TYPE_ALERT);
      else assert.deepEqual(last, { type: TYPE_DATA, length: ALERT_1_3_BYTES });
    }
    assert.deepEqual(faults, []);
  });
}
