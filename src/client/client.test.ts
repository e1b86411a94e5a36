import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection } from "node:net";
import { test } from "node:test";
import { within } from "../../testing/deadline.ts";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { CannotConnectError, Client, ConnectionLostError, OrderRefusedError, connect } from "./client.ts";

const DEADLINE_MS = 10_000;
const OK = { status: "OK", message: "done", revision: 1 };

/** A server that follows `script`, and a client connected to it; both are gone when the test ends. */
async function withClient(script: Script, use: (client: Client, server: FakeCommandServer) => Promise<void>) {
  await using server = await FakeCommandServer.start(script);
  await using client = await connect(server.path);
  await within(DEADLINE_MS, "the end of the conversation", use(client, server));
}

test("an order is answered, and leaves as the protocol page writes it", async () => {
  await withClient(
    (order, connection) => connection.answer(order, OK),
    async (client, server) => {
      const answer = await client.send({ type: "ADD_CLUSTER", data: { cluster_id: "app" }, if_revision: 3 });
      assert.equal(answer.message, "done");
      assert.deepEqual(server.orders, [
        { id: "1", type: "ADD_CLUSTER", data: { cluster_id: "app" }, if_revision: 3 },
      ]);
    },
  );
});

test("orders are sent without waiting, and answers that interleave find their orders", async () => {
  const waiting: (() => void)[] = [];
  await withClient(
    (order, connection) => {
      waiting.push(() => connection.answer(order, { ...OK, message: order.type }));
      if (waiting.length === 3) for (const answer of waiting.reverse()) answer();
    },
    async (client, server) => {
      const answers = await Promise.all(["A", "B", "C"].map((type) => client.send({ type })));
      assert.deepEqual(
        answers.map((answer) => answer.message),
        ["A", "B", "C"],
      );
      assert.deepEqual(
        server.orders.map((order) => order.type),
        ["A", "B", "C"],
      );
    },
  );
});

test("an answer that comes one byte at a time is one answer", async () => {
  await withClient(
    (order, connection) => {
      const frame = new TextEncoder().encode(`${JSON.stringify({ id: order.id, ...OK, message: "竹" })}\0`);
      for (const byte of frame) connection.write(Uint8Array.of(byte));
    },
    async (client) => assert.equal((await client.send({ type: "STATUS" })).message, "竹"),
  );
});

test("a refused order throws the proxy's own code and field", async () => {
  await withClient(
    (order, connection) =>
      connection.answer(order, {
        status: "ERROR",
        message: "no such cluster",
        error: { code: "UNKNOWN_CLUSTER", field: "data.cluster_id" },
      }),
    async (client) => {
      await assert.rejects(client.send({ type: "ADD_BACKEND" }), (error) => {
        assert(error instanceof OrderRefusedError);
        assert.deepEqual(
          [error.code, error.field, error.message],
          ["UNKNOWN_CLUSTER", "data.cluster_id", "no such cluster"],
        );
        return true;
      });
    },
  );
});

test("a drain's progress is read as it comes, then its OK, then nothing", async () => {
  await withClient(
    (order, connection) => {
      for (const connections of [2, 1])
        connection.answer(order, { status: "PROCESSING", message: "drains", data: { connections } });
      connection.answer(order, OK);
    },
    async (client) => {
      const seen: unknown[] = [];
      for await (const answer of client.answers({ type: "REMOVE_BACKEND" }))
        seen.push(answer.data["connections"] ?? answer.status);
      assert.deepEqual(seen, [2, 1, "OK"]);
      const told: unknown[] = [];
      await client.send(
        { type: "REMOVE_BACKEND" },
        { onProgress: (answer) => told.push(answer.data["connections"]) },
      );
      assert.deepEqual(told, [2, 1]);
    },
  );
});

test("an order refused after its progress throws while its answers are read", async () => {
  await withClient(
    (order, connection) => {
      connection.answer(order, { status: "PROCESSING", message: "drains" });
      connection.answer(order, { status: "ERROR", message: "no", error: { code: "WORKER_FAILED" } });
    },
    async (client) => {
      const answers = client.answers({ type: "REMOVE_BACKEND" });
      assert.equal((await answers.next()).value?.status, "PROCESSING");
      await assert.rejects(answers.next(), OrderRefusedError);
    },
  );
});

test("a proxy that goes away in the middle of a drain is a lost connection, for every order in flight", async () => {
  await withClient(
    (order, connection) => {
      connection.answer(order, { status: "PROCESSING", message: "drains" });
      if (order.type === "LAST") connection.end();
    },
    async (client) => {
      const drain = client.answers({ type: "REMOVE_BACKEND" });
      const last = client.send({ type: "LAST" });
      assert.equal((await drain.next()).value?.status, "PROCESSING");
      await assert.rejects(last, ConnectionLostError);
      await assert.rejects(drain.next(), ConnectionLostError);
      await assert.rejects(client.send({ type: "STATUS" }), ConnectionLostError);
    },
  );
});

test("whatever is no answer ends the connection, and says what came", async () => {
  const broken: readonly (readonly [string, RegExp])[] = [
    ["{half\0", /malformed answer/],
    ["[]\0", /malformed answer/],
    ['{"status":"OK","message":""}\0', /without an id/],
    ['{"id":"1","status":"OK"}\0', /without a message/],
    ['{"id":"1","status":"FINE","message":""}\0', /unknown status "FINE"/],
    ['{"id":"1","status":"ERROR","message":""}\0', /without a code/],
    ['{"id":"7","status":"OK","message":""}\0', /not in flight \(id "7"\)/],
    ['{"id":null,"status":"ERROR","message":"too long","error":{"code":"FRAME_TOO_LARGE"}}\0', /too long/],
  ];
  for (const [bytes, reason] of broken) {
    await withClient(
      (_order, connection) => connection.write(bytes),
      async (client) => {
        const isReason = (error: unknown): boolean =>
          error instanceof ConnectionLostError && reason.test(error.message);
        await assert.rejects(client.send({ type: "STATUS" }), isReason);
        await new Promise((resolve) => setImmediate(resolve));
        await assert.rejects(client.send({ type: "STATUS" }), isReason, "the reason stays the first one");
      },
    );
  }
});

test("an answer larger than its limit ends the connection", async () => {
  await using server = await FakeCommandServer.start((order, connection) =>
    connection.answer(order, { ...OK, message: "x".repeat(1_000) }),
  );
  await using client = await connect(server.path, { answerBytesMax: 500 });
  await assert.rejects(client.send({ type: "DUMP_STATE" }), /more than 500 bytes/);
});

test("an abort ends the waiting, and the connection goes on", async () => {
  const held: (() => void)[] = [];
  await withClient(
    (order, connection) => {
      if (order.type === "STATUS") held.push(() => connection.answer(order, OK));
      else connection.answer(order, OK);
      if (order.type === "RELEASE") for (const answer of held) answer();
    },
    async (client) => {
      const abort = new AbortController();
      const status = client.send({ type: "STATUS" }, { signal: abort.signal });
      const answers = client.answers({ type: "STATUS" }, { signal: abort.signal });
      abort.abort(new Error("seen enough"));
      await assert.rejects(status, /seen enough/);
      await assert.rejects(answers.next(), /seen enough/);
      await client.send({ type: "RELEASE" });
      assert.equal((await client.send({ type: "LIST" })).status, "OK");
      await assert.rejects(client.send({ type: "STATUS" }, { signal: abort.signal }), /seen enough/);
    },
  );
});

test("who leaves the loop early leaves the order to the proxy, and its later answers disturb nobody", async () => {
  const progress = { status: "PROCESSING", message: "drains".repeat(200) };
  let left: (() => void) | undefined;
  await using server = await FakeCommandServer.start((order, connection) => {
    left?.();
    if (order.type === "REMOVE_BACKEND") {
      connection.answer(order, progress);
      left = () => {
        for (let count = 0; count < 1_000; count++) connection.answer(order, progress);
        connection.answer(order, OK);
      };
    } else {
      left = undefined;
      connection.answer(order, OK);
    }
  });
  await using client = await connect(server.path, { answersUnreadMax: 10 });
  for await (const answer of client.answers({ type: "REMOVE_BACKEND" })) {
    assert.equal(answer.status, "PROCESSING");
    break;
  }
  const status = client.send({ type: "STATUS" });
  assert.equal((await within(DEADLINE_MS, "the answer behind those of the order left", status)).status, "OK");
});

test("answers that nobody reads stop the reading of the socket, and are all there afterwards", async () => {
  const progressCount = 50_000;
  await using server = await FakeCommandServer.start((order, connection) => {
    const answer = { status: "PROCESSING", message: "x".repeat(200) };
    for (let index = 0; index < progressCount; index++)
      connection.answer(order, { ...answer, data: { index } });
    connection.answer(order, OK);
  });
  const socket = createConnection({ path: server.path });
  await once(socket, "connect", { signal: AbortSignal.timeout(DEADLINE_MS) });
  await using client = new Client(socket, { answersUnreadMax: 10 });
  const answers = client.answers({ type: "SUBSCRIBE_EVENTS" });
  await once(socket, "pause", { signal: AbortSignal.timeout(DEADLINE_MS) });
  let read = 0;
  for await (const answer of answers) {
    if (answer.status === "PROCESSING") assert.equal(answer.data["index"], read++);
  }
  assert.equal(read, progressCount);
});

test("what cannot be connected to says why", async () => {
  await using server = await FakeCommandServer.start(() => {});
  await assert.rejects(connect(`${server.path}.absent`), (error) => {
    assert(error instanceof CannotConnectError);
    assert.equal(error.path, `${server.path}.absent`);
    assert.match(error.message, /no such socket/);
    return true;
  });
  await assert.rejects(connect(import.meta.filename), CannotConnectError);
  await assert.rejects(connect(server.path, { signal: AbortSignal.abort(new Error("not now")) }), /not now/);
});

test("closing ends every order in flight", async () => {
  await withClient(
    () => {},
    async (client) => {
      const status = client.send({ type: "STATUS" });
      client.close();
      await assert.rejects(status, /closed on this side/);
    },
  );
});
