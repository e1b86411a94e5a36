/** Orders that are as large, or as many, as they may be: short answers, bounded memory, nobody else waits. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { within } from "../../testing/deadline.ts";
import { residentBytesOf } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";

const MEBIBYTE = 1_048_576;
const LARGE_CHARS = 4 * MEBIBYTE;
const FRAME_CHARS = 16 * MEBIBYTE - 1_000;
const ANSWER_CHARS_MAX = 4_096;
const GROWTH_BYTES_MAX = 500 * MEBIBYTE;

let proxy: Proxy;
let hash = "";

before(async () => {
  proxy = await Proxy.start({ workers: 1 });
  await proxy.orders.ok("ADD_CLUSTER", { cluster_id: "app" });
  hash = (await proxy.status()).data.hash;
});
after(() => proxy.stop());

const large = "x".repeat(LARGE_CHARS);

/** Frames of some MiB, below the limit, each of one thing too many or too long. */
const BOMBS: Readonly<Record<string, string>> = {
  "a cluster name nearly as long as a frame": `{"id":"7","type":"ADD_CLUSTER","data":{"cluster_id":"${"x".repeat(FRAME_CHARS)}"}}`,
  "a long id": `{"id":"${large}","type":"STATUS"}`,
  "a long type": `{"id":"7","type":"${large}"}`,
  "a long field": `{"id":"7","type":"ADD_CLUSTER","data":{"cluster_id":"a","${large}":1}}`,
  "a long field beside the data": `{"id":"7","type":"STATUS","${large}":1}`,
  "a number of many digits": `{"id":"7","type":"SET_WORKERS","data":{"count":1${"0".repeat(LARGE_CHARS)}}}`,
  "many escapes": `{"id":"7","type":"ADD_CLUSTER","data":{"cluster_id":"${"\\u0000".repeat(700_000)}"}}`,
  "many fields": `{"id":"7","type":"ADD_CLUSTER","data":{"cluster_id":"a",${numbered((n) => `"f${n}":1`)}}}`,
  "many tags": `{"id":"7","type":"ADD_FRONTEND","data":{"listener":"127.0.0.1:1","hostname":"a","cluster_id":"app","tags":{${numbered((n) => `"t${n}":"v"`)}}}}`,
  "a list of many": `{"id":"7","type":"ADD_CLUSTER","data":{"cluster_id":[${numbered(String)}]}}`,
  "a long host": `{"id":"7","type":"ADD_FRONTEND","data":{"listener":"127.0.0.1:1","hostname":"${"a.".repeat(2_000_000)}a","cluster_id":"app"}}`,
  "a long regex": `{"id":"7","type":"ADD_FRONTEND","data":{"listener":"127.0.0.1:1","hostname":"a","path":{"regex":"${"(a|b)".repeat(800_000)}"},"cluster_id":"app"}}`,
  "a long address": `{"id":"7","type":"ADD_LISTENER","data":{"address":"${"1".repeat(LARGE_CHARS)}","protocol":"http"}}`,
};

function numbered(write: (number: number) => string): string {
  return Array.from({ length: 200_000 }, (_, number) => write(number)).join();
}

for (const [what, frame] of Object.entries(BOMBS)) {
  test(`${what}: a short refusal, and the connection goes on`, async () => {
    const client = await proxy.connect();
    try {
      client.sendRaw(`${frame}\0`);
      const answer = await client.raw("", what === "a long id" ? null : "7");
      assert.equal(answer.status, "ERROR");
      const text = JSON.stringify(answer);
      assert.ok(text.length < ANSWER_CHARS_MAX, `${text.length} characters: ${text.slice(0, 200)}`);
      assert.equal((await client.ok("STATUS")).data.hash, hash);
    } finally {
      client.close();
    }
  });
}

test("large frames of many clients at once do not add up without bound, and another client is served", async () => {
  const memoryBefore = residentBytesOf(proxy.pid);
  const clients = await Promise.all(Array.from({ length: 8 }, () => proxy.connect()));
  const half = `{"id":"7","type":"ADD_CLUSTER","data":{"cluster_id":"${"x".repeat(FRAME_CHARS)}`;
  for (const client of clients) client.sendRaw(half);
  for (let count = 0; count < 20; count++) assert.equal((await proxy.status()).data.hash, hash);
  for (const client of clients) client.close();
  const grown = residentBytesOf(proxy.pid) - memoryBefore;
  assert.ok(grown < GROWTH_BYTES_MAX, `main grew by ${Math.round(grown / MEBIBYTE)} MiB`);
});

test("ten thousand orders in one breath are answered each, and another client is served meanwhile", async () => {
  const client = await proxy.connect();
  try {
    const count = 10_000;
    const pending = Array.from({ length: count / 10 }, () => client.send("STATUS"));
    client.sendRaw('{"id":"s","type":"LIST_NOTHING"}\0'.repeat(count));
    assert.equal((await proxy.status()).data.hash, hash);
    for (const order of pending) assert.equal((await order.final()).status, "OK");
    await within(20_000, "the last answer", client.ok("STATUS"));
    assert.equal(client.strays.length, count);
    assert.ok(client.strays.every(({ error }) => error?.code === "UNKNOWN_ORDER"));
  } finally {
    client.close();
  }
});

test("ten MiB of nothing between orders is nothing", async () => {
  const client = await proxy.connect();
  try {
    client.sendRaw(Buffer.alloc(10 * MEBIBYTE));
    assert.equal((await client.ok("STATUS")).data.hash, hash);
    assert.deepEqual(client.strays, []);
  } finally {
    client.close();
  }
});
