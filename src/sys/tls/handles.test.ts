import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import koffi from "koffi";
import type { TlsMachine } from "../../tls/machine.ts";
import { HandshakeMill } from "../../../testing/tls/handshake-mill.ts";
import {
  ecdsa,
  freeAll,
  library,
  openCertificate,
  openClient,
  openPair,
  openServer,
  openTicketKeys,
  SESSION_CONTEXT,
  shakeHands,
  ticketKey,
  valueOf,
} from "../../../testing/tls/pair.ts";
import { exchange, feed, memory, take, write } from "../../../testing/tls/wire.ts";

/** struct mallinfo2 (mallinfo2(3)): ten counters, of which `uordblks` is what the allocator has given out. */
const COUNTERS = [
  "arena",
  "ordblks",
  "smblks",
  "hblks",
  "hblkhd",
  "usmblks",
  "fsmblks",
  "uordblks",
  "fordblks",
];
const structure = koffi.struct(Object.fromEntries([...COUNTERS, "keepcost"].map((name) => [name, "size_t"])));
const mallinfo2: () => { readonly uordblks: number } = koffi.load(null).func("mallinfo2", structure, []);
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/**
 * What OpenSSL holds, among others. After the garbage is collected, which takes some turns: buffers of tests
 * are not counted.
 */
async function nativeBytesInUse(): Promise<number> {
  for (let turn = 0; turn < 10; turn++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return mallinfo2().uordblks;
}

/**
 * OpenSSL's own would hold 21 to 28 KB; the issue allows 16 KB for a whole connection, its buffers included.
 */
const RESTING_BYTES_MAX = 4_096;
const RESTING = 500;
const HANDSHAKES = 10_000;
const NOTHING_LIVES = { contexts: 0, certificates: 0, ticketKeys: 0, machines: 0, sessions: 0, bios: 0 };

afterEach(() => {
  assert.deepEqual(freeAll(), NOTHING_LIVES);
});

test("every handle is counted as long as it lives", () => {
  const keys = openTicketKeys(ticketKey(1));
  shakeHands({ server: { ticketKeys: keys } });
  assert.deepEqual(library.living(), {
    contexts: 2,
    certificates: 1,
    ticketKeys: 1,
    machines: 2,
    sessions: 0,
    bios: 0,
  });
});

test("a session of OpenSSL and its BIOs live until the handshake is complete, or given up", () => {
  const machine = valueOf(openClient().connect("a.test"));
  take(machine);
  assert.partialDeepStrictEqual(library.living(), { machines: 1, sessions: 1, bios: 2 });
  machine.free();
  assert.partialDeepStrictEqual(library.living(), { machines: 0, sessions: 0, bios: 0 });
});

test("a machine that was freed cannot be used, and not freed again", () => {
  const clientContext = openClient();
  const machine = valueOf(clientContext.connect("a.test"));
  take(machine);
  machine.free();
  for (const use of [
    () => machine.feed(0, 1),
    () => machine.read(0, 1),
    () => machine.write(0, 1),
    () => machine.take(0, 64),
    () => machine.shutdown(),
    () => machine.free(),
  ]) {
    assert.throws(use, /after they were freed/);
  }
});

test("contexts, certificates and ticket keys that were freed cannot be used, and not freed again", () => {
  const certificate = valueOf(library.openCertificate([ecdsa.der], ecdsa.key));
  const server = valueOf(library.openServerContext({}));
  certificate.free();
  assert.throws(() => {
    server.accept({ certificates: [certificate], sessionContext: SESSION_CONTEXT });
  }, /after they were freed/);
  assert.throws(() => certificate.free(), /after they were freed/);
  server.free();
  assert.throws(
    () => server.accept({ certificates: [], sessionContext: SESSION_CONTEXT }),
    /after they were freed/,
  );
  assert.throws(() => server.free(), /after they were freed/);
  const keys = library.openTicketKeys(ticketKey(1), []);
  keys.free();
  assert.throws(() => keys.rotate(ticketKey(2), []), /after they were freed/);
  assert.throws(() => library.openServerContext({ ticketKeys: keys }), /after they were freed/);
});

test("a machine goes on when its context and certificate are freed before it", () => {
  const certificate = valueOf(library.openCertificate([ecdsa.der], ecdsa.key));
  const server = valueOf(library.openServerContext({}));
  const client = valueOf(openClient().connect("a.test"));
  const hello = take(client);
  const machine = server.accept({ certificates: [certificate], sessionContext: SESSION_CONTEXT });
  server.free();
  certificate.free();
  exchange(client, hello, machine);
  assert.equal(feed(client, write(machine, Buffer.from("still"))).plaintext.toString(), "still");
  machine.free();
  client.free();
});

test("an offset outside the memory stops at once, before OpenSSL sees an address", () => {
  const { client } = shakeHands();
  const end = memory.byteLength;
  for (const [start, stop] of [
    [-1, 10],
    [10, 5],
    [end - 1, end + 1],
    [Number.NaN, 10],
    [end, end + 1],
  ] as const) {
    assert.throws(() => client.feed(start, stop), /outside its region|between bytes/);
    assert.throws(() => client.write(start, stop), /outside its region|between bytes/);
    assert.throws(() => client.read(start, stop - start), /outside its region|between bytes/);
    assert.throws(() => client.take(start, stop - start), /outside its region|between bytes/);
  }
});

test("a machine is not used while another's bytes lie between", () => {
  const clientContext = openClient();
  const first = valueOf(clientContext.connect("a.test"));
  const server = openServer().accept({ certificates: [], sessionContext: SESSION_CONTEXT });
  assert.throws(() => server.feed(0, 10), /before another was read and taken/);
  first.free();
  server.feed(0, 0);
  server.free();
});

test("a machine is not fed before it was read and taken to its end", () => {
  const { server, hello } = openPair();
  memory.bytes.set(hello, 0);
  server.feed(0, hello.length);
  assert.throws(() => server.feed(0, 1), /before all was taken/);
  take(server);
  const open = shakeHands();
  const record = write(open.client, Buffer.from("x"));
  memory.bytes.set(record, 0);
  open.server.feed(0, record.length);
  assert.throws(() => open.server.feed(0, 1), /before all was read/);
  memory.bytes.set([1, 2], 0);
  open.client.write(0, 2);
  assert.throws(() => open.client.write(0, 2), /before all was taken/);
});

test("what a freed machine has left between is not the next one's", () => {
  const clientContext = openClient();
  valueOf(clientContext.connect("a.test")).free();
  const { server, client, hello } = openPair();
  exchange(client, hello, server);
  assert.ok(server.session !== undefined);
});

test("what is written before the handshake is a defect of ours", () => {
  const { server } = openPair();
  assert.throws(() => server.write(0, 1), /before the handshake/);
});

for (const versionMax of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${versionMax}: a connection at rest holds little of the allocator's memory`, async () => {
    const certificate = openCertificate(ecdsa);
    const server = openServer({ versionMax, ticketKeys: openTicketKeys(ticketKey(1)) });
    const client = openClient();
    const shakeOnce = (): TlsMachine => {
      const connecting = valueOf(client.connect("a.test"));
      const accepting = server.accept({ certificates: [certificate], sessionContext: SESSION_CONTEXT });
      exchange(connecting, take(connecting), accepting);
      connecting.free();
      return accepting;
    };
    for (let index = 0; index < RESTING; index++) shakeOnce().free();
    const before = await nativeBytesInUse();
    const resting = Array.from({ length: RESTING }, shakeOnce);
    const held = ((await nativeBytesInUse()) - before) / RESTING;
    for (const machine of resting) machine.free();
    assert.ok(held < RESTING_BYTES_MAX, `${held} bytes`);
  });
}

test(`${HANDSHAKES} handshakes leave nothing, whole ones and broken ones`, async () => {
  const mill = new HandshakeMill();
  for (let index = 0; index < 300; index++) mill.turn();
  const before = await nativeBytesInUse();
  for (let index = 0; index < HANDSHAKES; index++) mill.turn();
  const left = (await nativeBytesInUse()) - before;
  assert.ok(left < HANDSHAKES * 20, `${left} bytes left`);
});
