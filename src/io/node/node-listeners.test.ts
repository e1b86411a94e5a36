import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { parseAddress } from "../../base/address.ts";
import { openListeningSocket, socketName } from "../../sys/listening-socket.ts";
import type { Io } from "../io.ts";
import { openNodeIo } from "./node-io.ts";

/** More than Node's own backlog, and less than the kernel's bound for one. */
const CLIENTS = 700;
const LIMITS = { connectionsMax: 16, buffersMax: 16, bufferBytes: 16_384 };

/**
 * Connects so many clients, and prints how many have been taken by the kernel when all are, or time is up.
 */
const CONNECT = `
const { connect } = require("node:net");
const [port, count] = process.argv.slice(1).map(Number);
let connected = 0;
const end = () => { process.stdout.write(String(connected)); process.exit(); };
setTimeout(end, 10_000);
for (let index = 0; index < count; index++)
  connect(port, "127.0.0.1", () => { if (++connected === count) end(); }).on("error", () => undefined);
`;

interface Accepting {
  readonly io: Io;
  readonly listener: number;
  readonly port: number;
  readonly accepted: EventEmitter;
  count: number;
}

function openAccepting(): Accepting {
  const io = openNodeIo(LIMITS, () => undefined);
  const socket = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(socket.ok);
  const { port } = socketName(socket.value);
  const accepting: Accepting = {
    io,
    listener: io.adoptListener(socket.value),
    port,
    accepted: new EventEmitter(),
    count: 0,
  };
  io.run({
    turnStarts: () => undefined,
    accepted: (_, connection) => {
      accepting.count++;
      io.port.close(connection);
      accepting.accepted.emit("one");
    },
    acceptingStopped: () => undefined,
    connected: () => undefined,
    received: () => undefined,
    sent: () => undefined,
    ended: () => undefined,
    failed: () => undefined,
    detached: () => undefined,
    turnEnds: () => Infinity,
  });
  return accepting;
}

test("many clients that wait are accepted in one turn of Node's loop, and not one in each", async (t) => {
  const accepting = openAccepting();
  const { io, listener, port, accepted } = accepting;
  t.after(() => io.stop());
  // They are in the kernel's queue, and stay there when they have ended.
  spawnSync(process.execPath, ["-e", CONNECT, String(port), "40"]);
  io.perform(() => io.port.accept(listener));
  await once(accepted, "one");
  await setImmediate();
  assert.ok(accepting.count > 1 && accepting.count < 40, `${accepting.count} were accepted`);
});

test("accepting leaves the kernel's queue as long as it was: clients wait in it and are not turned away", () => {
  const { io, listener, port } = openAccepting();
  io.perform(() => io.port.accept(listener));
  // While this process waits for the other one, nothing is accepted.
  const clients = spawnSync(process.execPath, ["-e", CONNECT, String(port), String(CLIENTS)]);
  io.stop();
  assert.equal(clients.stdout.toString(), String(CLIENTS));
});
