import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Answer } from "../../model/answers.ts";
import type { ReceivedOrder } from "../../model/orders.ts";
import { MAIN_LIMITS, type MainLimits } from "../limits.ts";
import { CommandServer } from "./command-server.ts";
import type { OrderExecutor } from "./order-executor.ts";
import type { Reply } from "./reply.ts";
import { claimSocketPath } from "./socket-path.ts";
import { Turns } from "./turns.ts";

const WAIT_MS = 10_000;
const status = (id: string): string => `${JSON.stringify({ id, type: "STATUS" })}\0`;

/** A client that collects answers. */
class Client {
  readonly socket: Socket;
  readonly answers: Answer[] = [];
  #text = "";
  #changed = (): void => undefined;
  ended = false;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.setEncoding("utf8").on("data", (text: string) => {
      const frames = (this.#text + text).split("\0");
      this.#text = frames.pop() ?? "";
      this.answers.push(...frames.map((frame) => JSON.parse(frame) as Answer));
      this.#changed();
    });
    this.socket.on("end", () => {
      this.ended = true;
      this.#changed();
    });
    this.socket.on("error", () => undefined);
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  /** Waits, with a deadline, until the condition holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => reject(new Error(`not in time: ${JSON.stringify(this.answers)}`)),
        WAIT_MS,
      );
      this.#changed = () => {
        if (!condition()) return;
        clearTimeout(deadline);
        resolve();
      };
      this.#changed();
    });
  }

  async get(count: number): Promise<readonly Answer[]> {
    await this.until(() => this.answers.length >= count);
    return this.answers;
  }
}

interface Served {
  readonly path: string;
  readonly executed: string[];
  readonly client: () => Client;
  /** Waits until so many orders were executed. */
  readonly untilExecuted: (count: number) => Promise<void>;
}

/** A server whose executor does what `execute` does, and writes down the ids. */
async function serve(
  t: TestContext,
  execute: (received: ReceivedOrder, reply: Reply) => Promise<void> | undefined | void,
  limits: Partial<MainLimits> = {},
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-socket-"));
  const path = join(folder, "command.sock");
  const executed: string[] = [];
  const happened = new EventEmitter();
  const executor: OrderExecutor = {
    revision: 3,
    admits: () => true,
    answered: () => undefined,
    execute: (received, reply) => {
      executed.push(received.id);
      const effect = execute(received, reply) ?? undefined;
      happened.emit("executed");
      return effect;
    },
    executeDialect: (_, reply) => {
      reply.ok("", { type: "WORKERS", data: [] }, 3);
      return undefined;
    },
  };
  const untilExecuted = async (count: number): Promise<void> => {
    const signal = AbortSignal.timeout(WAIT_MS);
    while (executed.length < count) await once(happened, "executed", { signal });
  };
  const turns = new Turns({
    nextTurn: (turn) => setImmediate(turn),
    roundEnds: () => undefined,
    roundMsMax: { ...MAIN_LIMITS, ...limits }.roundMsMax,
    now: () => performance.now(),
  });
  const server = new CommandServer({ executor, limits: { ...MAIN_LIMITS, ...limits }, turns });
  await server.listen(path, 0o600);
  const clients: Client[] = [];
  t.after(async () => {
    for (const client of clients) client.socket.destroy();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const client = (): Client => {
    clients.push(new Client(path));
    return clients.at(-1)!;
  };
  return { path, executed, client, untilExecuted };
}

const answerAtOnce = (received: ReceivedOrder, reply: Reply): void => reply.ok(`did ${received.id}`, {}, 3);

test("the socket has its mode from the first moment, whatever the umask", async (t) => {
  const before = process.umask(0);
  const { path } = await serve(t, answerAtOnce);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(process.umask(before), 0, "and the umask is as it was");
});

test("pipelined orders are executed in the order sent, and each is answered by its id", async (t) => {
  const { client, executed } = await serve(t, answerAtOnce);
  const ids = Array.from({ length: 1_000 }, (_, index) => `order ${index}`);
  const answers = await client().send(ids.map(status).join("")).get(1_000);
  assert.deepEqual(executed, ids);
  assert.deepEqual(
    answers.map((answer) => answer.id),
    ids,
  );
});

test("where the time of a round is over, the next order has to wait for another turn of the loop", async (t) => {
  for (const [roundMsMax, turns] of [
    [0, 5],
    [10_000, 1],
  ] as const) {
    let turn = 0;
    const seen = new Set<number>();
    const { client } = await serve(
      t,
      (received, reply) => {
        seen.add(turn);
        setImmediate(() => turn++);
        reply.ok(received.id, {}, 3);
      },
      { roundMsMax },
    );
    await client().send(["a", "b", "c", "d", "e"].map(status).join("")).get(5);
    assert.equal(seen.size, turns);
  }
});

test("orders that come one byte at a time are orders", async (t) => {
  const { client } = await serve(t, answerAtOnce);
  const slow = client();
  for (const byte of status("a")) slow.send(byte);
  assert.equal((await slow.get(1))[0]?.status, "OK");
});

test("what is no order is answered, and the connection goes on", async (t) => {
  const { client } = await serve(t, answerAtOnce);
  const answers = await client()
    .send(`{half\0{"id":"a","type":"NOPE"}\0${status("b")}`)
    .get(3);
  assert.deepEqual(
    answers.map((answer) => (answer.status === "ERROR" ? answer.error.code : answer.status)),
    ["BAD_FRAME", "UNKNOWN_ORDER", "OK"],
  );
});

test("an order of version 0 is answered in its form, beside orders of ours", async (t) => {
  const { client } = await serve(t, answerAtOnce);
  const list = JSON.stringify({ id: "a", version: 0, type: "LIST_WORKERS" });
  const wrong = JSON.stringify({ id: "b", version: 0, type: "PROXY", data: { type: "ADD_CLUSTRE" } });
  const answers: readonly unknown[] = await client()
    .send(`${list}\0${wrong}\0${status("c")}`)
    .get(3);
  const data = { type: "WORKERS", data: [] };
  assert.deepEqual(answers[0], { id: "a", version: 0, status: "OK", message: "", data, content: data });
  assert.match(JSON.stringify(answers[1]), /^{"id":"b","version":0,"status":"ERROR",.*did you mean/);
  assert.deepEqual(answers[2], {
    id: "c",
    version: 1,
    status: "OK",
    message: "did c",
    revision: 3,
    data: {},
  });
});

test("a frame that is too large is answered, and the connection closed", async (t) => {
  const { client } = await serve(t, answerAtOnce, { frameBytesMax: 1_000 });
  const large = client().send(status("a")).send("x".repeat(5_000));
  await large.until(() => large.ended);
  assert.deepEqual(
    large.answers.map((answer) => (answer.status === "ERROR" ? answer.error.code : answer.status)),
    ["OK", "FRAME_TOO_LARGE"],
  );
});

test("an id in flight cannot be used again, and can after its answer", async (t) => {
  const replies: Reply[] = [];
  const { client, untilExecuted } = await serve(t, (_, reply) => void replies.push(reply));
  const twice = client().send(status("a") + status("a"));
  const [refused] = await twice.get(1);
  assert.equal(refused?.status === "ERROR" && refused.error.code, "DUPLICATE_ID");
  replies[0]!.ok("done", {}, 3);
  await twice.get(2);
  twice.send(status("a"));
  await untilExecuted(2);
  assert.equal(twice.answers.length, 2);
});

test("an order that has not taken effect holds those behind it, and no other client's", async (t) => {
  let release = (): void => undefined;
  const { client, executed } = await serve(t, (received, reply) => {
    reply.ok("taken", {}, 3);
    return received.id === "slow" ? new Promise<void>((resolve) => (release = resolve)) : undefined;
  });
  const held = client().send(status("slow") + status("behind"));
  await held.get(1);
  await client().send(status("other")).get(1);
  assert.deepEqual(executed, ["slow", "other"]);
  release();
  await held.get(2);
  assert.deepEqual(executed, ["slow", "other", "behind"]);
});

test("a client with too many orders in flight is not read on until some are answered", async (t) => {
  const replies: Reply[] = [];
  const { client, executed, untilExecuted } = await serve(t, (_, reply) => void replies.push(reply), {
    ordersInFlightMax: 2,
  });
  const eager = client().send(["a", "b", "c"].map(status).join(""));
  client().send(status("x"));
  await untilExecuted(3);
  assert.deepEqual(executed.toSorted(), ["a", "b", "x"]);
  replies[executed.indexOf("a")]!.ok("done", {}, 3);
  await eager.get(1);
  await untilExecuted(4);
  assert.equal(executed.at(-1), "c");
});

test("a client that does not read its answers is no longer executed, and another is served", async (t) => {
  const large = "x".repeat(100_000);
  const { client, executed } = await serve(t, (_, reply) => reply.ok(large, {}, 3), {
    unreadBytesMax: 300_000,
    ordersPerTurnMax: 4,
    ordersPerSharedTurnMax: 4,
  });
  const deaf = client();
  deaf.socket.pause();
  deaf.send(Array.from({ length: 200 }, (_, index) => status(`deaf ${index}`)).join(""));
  const answers = await client().send(status("other")).get(1);
  assert.equal(answers.length, 1);
  const before = executed.filter((id) => id.startsWith("deaf")).length;
  assert.ok(before < 50, `${before} of its orders were executed`);
  deaf.socket.resume();
  await deaf.get(200);
});

test("a client whose answers are large gives others their turn between them", async (t) => {
  const { client, executed } = await serve(
    t,
    ({ id }, reply) => reply.ok(id.startsWith("large") ? "x".repeat(70_000) : "small", {}, 3),
    { answerCharsPerTurnMax: 65_536 },
  );
  const [greedy, other] = [client(), client()];
  await Promise.all([greedy.send(status("small 1")).get(1), other.send(status("small 2")).get(1)]);
  greedy.send(Array.from({ length: 50 }, (_, index) => status(`large ${index}`)).join(""));
  await greedy.get(2);
  other.send(status("small 3"));
  await other.get(2);
  const before = executed.indexOf("small 3");
  assert.ok(before < 50, `${before} orders were executed before it`);
  await greedy.get(51);
});

test("clients that all have much share a turn: none takes as much as one alone may", async (t) => {
  const { client, executed } = await serve(t, (_, reply) => reply.ok("done", {}, 3), {
    ordersPerSharedTurnMax: 4,
  });
  const clients = ["a", "b"].map((name) => ({ name, client: client() }));
  await Promise.all(clients.map(({ name, client: each }) => each.send(status(`${name} first`)).get(1)));
  for (const { name, client: each } of clients)
    each.send(Array.from({ length: 200 }, (_, index) => status(`${name} ${index}`)).join(""));
  await Promise.all(clients.map(({ client: each }) => each.get(201)));
  const names = executed.slice(2).map((id) => id[0]!);
  const from = Math.max(names.indexOf("a"), names.indexOf("b"));
  const to = Math.min(names.lastIndexOf("a"), names.lastIndexOf("b"));
  const together = names.slice(from, to).join("");
  assert.ok(together.length > 20, `they took turns for ${together.length} orders`);
  assert.doesNotMatch(together, /aaa|bbb/);
});

test("a packet of malformed frames is parsed a slice a turn, and gives others theirs between", async (t) => {
  const { client } = await serve(t, (_, reply) => reply.ok("done", {}, 3), {
    ordersPerTurnMax: 4,
    ordersPerSharedTurnMax: 4,
  });
  const [hostile, other] = [client(), client()];
  await Promise.all([hostile.send(status("a")).get(1), other.send(status("b")).get(1)]);
  const parse = t.mock.method(JSON, "parse");
  hostile.send("{\0".repeat(5_000));
  await hostile.get(2);
  await other.send(status("c")).get(2);
  const before = parse.mock.calls.filter((call) => call.arguments[0] === "{").length;
  assert.ok(before > 0 && before < 2_500, `${before} of its frames were parsed before`);
  await hostile.get(5_001);
});

test("a client that ends its side still gets its answers, and then the end", async (t) => {
  const replies: Reply[] = [];
  const { client, untilExecuted } = await serve(t, (_, reply) => void replies.push(reply));
  const half = client();
  half.socket.end(status("a"));
  await untilExecuted(1);
  replies[0]!.processing("still", {}, 3);
  await half.get(1);
  replies[0]!.ok("done", {}, 3);
  await half.until(() => half.ended);
  assert.deepEqual(
    half.answers.map((answer) => answer.status),
    ["PROCESSING", "OK"],
  );
});

test("who leaves before its answer is told to the order", async (t) => {
  let gone = (): void => undefined;
  const told = new Promise<void>((resolve) => (gone = resolve));
  const { client } = await serve(t, (_, reply) => {
    reply.onGone(gone);
    reply.processing("wait", {}, 3);
  });
  const leaving = client().send(status("a"));
  await leaving.get(1);
  leaving.socket.destroy();
  await told;
});

test("one client too many is told so and closed; the others stay", async (t) => {
  const { client } = await serve(t, answerAtOnce, { connectionsMax: 1 });
  const first = client().send(status("a"));
  await first.get(1);
  const second = client();
  await second.until(() => second.ended);
  const [refused] = second.answers;
  assert.equal(refused?.status === "ERROR" && refused.error.code, "LIMIT_EXCEEDED");
  await first.send(status("b")).get(2);
});

test("a socket path that a crash left is taken over, one that answers is not", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-path-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const stale = join(folder, "stale.sock");
  leaveSocketAt(stale);
  const claimed = await claimSocketPath(stale);
  assert.ok(claimed.ok);
  const again = await claimSocketPath(stale);
  assert.match(String(!again.ok && again.error), new RegExp(`pid ${process.pid}`));
  claimed.value.release();
  const used = join(folder, "used.sock");
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(used, resolve));
  t.after(() => other.close());
  const refused = await claimSocketPath(used);
  assert.match(String(!refused.ok && refused.error), /another program/);
});

test("what is at the path and is no socket is left alone, in words", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-path-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "notes.txt");
  writeFileSync(file, "do not lose me");
  const refused = await claimSocketPath(file);
  assert.match(String(!refused.ok && refused.error), /notes\.txt is there and is no socket/);
  assert.equal(readFileSync(file, "utf8"), "do not lose me");
  const inside = join(folder, "folder");
  mkdirSync(inside);
  const isFolder = await claimSocketPath(inside);
  assert.match(String(!isFolder.ok && isFolder.error), /is there and is no socket/);
  rmSync(file);
  const claimed = await claimSocketPath(file);
  assert.ok(claimed.ok, "a refusal leaves no lock");
  claimed.value.release();
});

/** As a main that crashed leaves one: a process of its own that is killed. */
function leaveSocketAt(path: string): void {
  const script = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))`;
  spawnSync(process.execPath, ["-e", script, path]);
  assert.ok(lstatSync(path).isSocket());
}

test("a path that is too long for a socket is refused in words", async () => {
  const refused = await claimSocketPath(join(tmpdir(), "x".repeat(200)));
  assert.match(String(!refused.ok && refused.error), /107 bytes/);
});
