import assert from "node:assert/strict";
import { test } from "node:test";
import { openNodeIo } from "../io/node/node-io.ts";
import { openTls } from "./open-tls.ts";

const LIMITS = { connectionsMax: 4, buffersMax: 16, bufferBytes: 16_384 };

test("TLS works in the memory of the I/O", async () => {
  const io = openNodeIo(LIMITS, () => undefined);
  const tls = await openTls(io, assert.fail);
  assert.equal(tls?.port.buffers, io.port.buffers);
  assert.equal(tls?.port.connectionsMax, 4);
});

test("without memory that has addresses there is no TLS, and the worker says so once", async () => {
  const io = openNodeIo(LIMITS, () => undefined);
  const warnings: string[] = [];
  const withoutMemory = { ...io, name: io.name, port: io.port, memory: undefined };
  assert.equal(await openTls(withoutMemory as typeof io, (message) => warnings.push(message)), undefined);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /^no TLS: .*https listeners refuse their clients$/);
});
