import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { within } from "../../testing/deadline.ts";
import { type Answer, OrderClient } from "../../testing/order-client.ts";
import { residentBytesOf } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import { fetchOnce } from "./support.ts";

const MEBIBYTE = 1_048_576;
const FRAME_BYTES_MAX = 16 * MEBIBYTE;

let proxy: Proxy;
let backend: HttpBackend;
let port = 0;
let hash = "";

before(async () => {
  backend = await HttpBackend.start({ id: "app-1" });
  proxy = await Proxy.start({ workers: 1 });
  port = await proxy.serve("app", [{ id: "app-1", address: backend.address }]);
  hash = (await proxy.status()).data.hash;
});
after(async () => {
  await backend.stop();
  await proxy.stop();
});

/** After whatever was sent: nothing changed, traffic flows, and the next client is served. */
async function assertUnharmed(): Promise<void> {
  const client = await proxy.connect();
  const status = await client.ok("STATUS");
  client.close();
  assert.equal(status.data.hash, hash);
  assert.equal((await fetchOnce(port, "/still-there")).status, 200);
}

/** Sends bytes and a sound order behind them on one connection; gives the answer to the first. */
async function answerTo(bytes: string | Buffer, id: string | null): Promise<Answer> {
  const client = await proxy.connect();
  try {
    const answer = await client.raw(bytes, id);
    assert.equal((await client.order("STATUS")).status, "OK", "the connection goes on");
    return answer;
  } finally {
    client.close();
  }
}

const BACKEND = '"cluster_id":"app","backend_id":"new","address":"127.0.0.1:9001"';

/** What, the frame, the id of its answer, the code. */
const BAD_FRAMES: readonly (readonly [
  what: string,
  frame: string | Buffer,
  id: string | null,
  code: string,
  field?: string,
])[] = [
  ["half an object", '{"id":"7","type":"STATUS"', "7", "BAD_FRAME"],
  ["half an object without an id", '{"type":', null, "BAD_FRAME"],
  ["an array", "[1,2]", null, "BAD_FRAME"],
  ["a number", "7", null, "BAD_FRAME"],
  ["null", "null", null, "BAD_FRAME"],
  ["two objects in one frame", '{"id":"7","type":"STATUS"}{"id":"8","type":"STATUS"}', "7", "BAD_FRAME"],
  ["no UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), null, "BAD_FRAME"],
  ["a hundred thousand brackets", "[".repeat(100_000), null, "BAD_FRAME"],
  ["an order without a type", '{"id":"7"}', "7", "BAD_ORDER"],
  ["an order without an id", '{"type":"STATUS"}', null, "BAD_ORDER"],
  ["an id that is a number", '{"id":7,"type":"STATUS"}', null, "BAD_ORDER"],
  ["an id that is too long", `{"id":"${"i".repeat(257)}","type":"STATUS"}`, null, "BAD_ORDER"],
  ["an unknown order", '{"id":"7","type":"ADD_BACKENDS"}', "7", "UNKNOWN_ORDER"],
  ["a type from Object's prototype", '{"id":"7","type":"constructor"}', "7", "UNKNOWN_ORDER"],
  ["a later version", '{"id":"7","type":"STATUS","version":2}', "7", "UNSUPPORTED_VERSION"],
  [
    "an unknown field beside the data",
    '{"id":"7","type":"STATUS","verison":1}',
    "7",
    "UNKNOWN_FIELD",
    "verison",
  ],
  [
    "a typo in the data",
    `{"id":"7","type":"ADD_BACKEND","data":{${BACKEND},"wieght":1}}`,
    "7",
    "UNKNOWN_FIELD",
    "data.wieght",
  ],
  [
    "__proto__ in the data",
    `{"id":"7","type":"ADD_BACKEND","data":{${BACKEND},"__proto__":{"weight":7}}}`,
    "7",
    "UNKNOWN_FIELD",
    "data.__proto__",
  ],
  [
    "__proto__ beside the data",
    '{"id":"7","type":"STATUS","__proto__":{"dry_run":true}}',
    "7",
    "UNKNOWN_FIELD",
    "__proto__",
  ],
  [
    "a weight beyond numbers",
    `{"id":"7","type":"ADD_BACKEND","data":{${BACKEND},"weight":1e400}}`,
    "7",
    "INVALID_FIELD",
    "data.weight",
  ],
  [
    "a weight that is text",
    `{"id":"7","type":"ADD_BACKEND","data":{${BACKEND},"weight":"10"}}`,
    "7",
    "INVALID_FIELD",
    "data.weight",
  ],
  [
    "a weight with a fraction",
    `{"id":"7","type":"ADD_BACKEND","data":{${BACKEND},"weight":1.5}}`,
    "7",
    "INVALID_FIELD",
    "data.weight",
  ],
  [
    "a weight below zero",
    `{"id":"7","type":"ADD_BACKEND","data":{${BACKEND},"weight":-1}}`,
    "7",
    "INVALID_FIELD",
    "data.weight",
  ],
  ["data that is a list", '{"id":"7","type":"STATUS","data":[]}', "7", "INVALID_FIELD", "data"],
  ["a missing field", '{"id":"7","type":"ADD_BACKEND","data":{"cluster_id":"app"}}', "7", "INVALID_FIELD"],
  [
    "an address that is a name",
    '{"id":"7","type":"ADD_BACKEND","data":{"cluster_id":"app","backend_id":"n","address":"localhost:80"}}',
    "7",
    "INVALID_FIELD",
    "data.address",
  ],
  [
    "a path that is deeply nested",
    `{"id":"7","type":"ADD_FRONTEND","data":${'{"path":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
    "7",
    "UNKNOWN_FIELD",
  ],
  [
    "a regex that explodes",
    `{"id":"7","type":"ADD_FRONTEND","data":{"listener":"127.0.0.1:1","hostname":"a","path":{"regex":"(a+)+b"},"cluster_id":"app"}}`,
    "7",
    "INVALID_FIELD",
  ],
  [
    "a cluster that is not there",
    '{"id":"7","type":"ADD_BACKEND","data":{"cluster_id":"ap","backend_id":"n","address":"127.0.0.1:1"}}',
    "7",
    "UNKNOWN_CLUSTER",
    "data.cluster_id",
  ],
  [
    "something that is not there",
    '{"id":"7","type":"REMOVE_CLUSTER","data":{"cluster_id":"nobody"}}',
    "7",
    "NOT_FOUND",
  ],
  ["a cluster in use", '{"id":"7","type":"REMOVE_CLUSTER","data":{"cluster_id":"app"}}', "7", "IN_USE"],
  [
    "another revision than it is",
    '{"id":"7","type":"ADD_CLUSTER","if_revision":1,"data":{"cluster_id":"x"}}',
    "7",
    "CONFLICT",
  ],
];

for (const [what, frame, id, code, field] of BAD_FRAMES) {
  test(`${what}: ${code}, and the connection goes on`, async () => {
    const bytes = Buffer.concat([Buffer.from(frame), Buffer.of(0)]);
    const answer = await answerTo(bytes, id);
    assert.deepEqual([answer.status, answer.error?.code], ["ERROR", code], answer.message);
    if (field !== undefined) assert.equal(answer.error?.field, field);
    assert.ok(answer.message.length > 5, "a message for a person");
    assert.equal(({} as { weight?: number }).weight, undefined);
    await assertUnharmed();
  });
}

test("two orders in a packet, and one order a byte at a time, are answered each", async () => {
  const client = await proxy.connect();
  const second = client.raw("", "b");
  const first = await client.raw('\n{"id":"a","type":"STATUS"}\0\0 \n{"id":"b","type":"STATUS"}\0', "a");
  assert.deepEqual([first.status, (await second).status], ["OK", "OK"]);
  const slow = client.raw("", "c");
  for (const byte of '{"id":"c","type":"STATUS"}\0') client.sendRaw(byte);
  assert.equal((await slow).status, "OK");
  client.close();
});

test("an id that is in flight already is refused, and the first order goes on", async () => {
  const client = await proxy.connect();
  const waiting = client.send("STATUS", {}, { id: "same" });
  client.sendRaw('{"id":"same","type":"STATUS"}\0');
  const answers = [await waiting.final(), await client.stray()];
  client.close();
  // Whether the first was answered before the second came is nobody's promise; one of two things happened.
  const codes = answers.map((answer) => answer.error?.code ?? answer.status).toSorted();
  assert.ok(["DUPLICATE_ID,OK", "OK,OK"].includes(codes.join()), codes.join());
});

test("a hundred MiB without a zero byte: FRAME_TOO_LARGE, the end, and little memory", async () => {
  const client = await proxy.connect();
  const memoryBefore = residentBytesOf(proxy.pid);
  const piece = Buffer.alloc(MEBIBYTE, "x");
  for (let count = 0; count < 100; count++) client.sendRaw(piece);
  const answer = await client.stray();
  assert.deepEqual([answer.id, answer.error?.code], [null, "FRAME_TOO_LARGE"]);
  await within(10_000, "the end of the connection", client.closed);
  const grown = residentBytesOf(proxy.pid) - memoryBefore;
  assert.ok(grown < 6 * FRAME_BYTES_MAX, `main grew by ${Math.round(grown / MEBIBYTE)} MiB`);
  await assertUnharmed();
});

test("a client that does not read its answers is bounded, and nobody else waits for it", async () => {
  const deaf = await proxy.connect();
  const memoryBefore = residentBytesOf(proxy.pid);
  deaf.pauseReading();
  const orders = '{"id":"x","type":"DUMP_STATE"}\0'.repeat(20_000);
  for (let count = 0; count < 20; count++) deaf.sendRaw(orders);
  for (let count = 0; count < 50; count++) await assertUnharmed();
  const grown = residentBytesOf(proxy.pid) - memoryBefore;
  assert.ok(grown < 150 * MEBIBYTE, `main grew by ${Math.round(grown / MEBIBYTE)} MiB`);
  assert.ok(deaf.unsentBytes > 0, "its orders are not read any more");
  deaf.close();
  await assertUnharmed();
});

test("clients that connect and say nothing, or half an order and go, harm nobody", async () => {
  const clients = await Promise.all(Array.from({ length: 50 }, () => OrderClient.connect(proxy.socketPath)));
  for (const client of clients) client.sendRaw('{"id":"1","type":"ADD_CLUSTER","data":{"cluster_id":"half"');
  await assertUnharmed();
  for (const client of clients) client.close();
  await assertUnharmed();
});

test("a dry run says what would change, and changes nothing", async () => {
  const answer = await proxy.orders.order(
    "REMOVE_CLUSTER",
    { cluster_id: "app", cascade: true },
    { dry_run: true },
  );
  assert.equal(answer.status, "OK");
  assert.equal(answer.data.connections, 0);
  await assertUnharmed();
});
