import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HttpBackend } from "../backends/http-backend.ts";
import { echoOf } from "../backends/responders.ts";
import { contentHash, contentSlice } from "../content.ts";
import { askUntil, within } from "../deadline.ts";
import { startFaultyRelay, type Spoil } from "../faulty-relay.ts";
import { download } from "./download-client.ts";
import { type ClientFault, type FaultKind, FaultLog } from "./faults.ts";
import { HttpConnection } from "./http-connection.ts";
import { Load, type LoadRequest } from "./load.ts";
import { WebSocketClient } from "./websocket-client.ts";

let backend: HttpBackend;
before(async () => {
  backend = await HttpBackend.start({ id: "app-1" });
});
after(() => backend.stop());

function echoRequest(number: number): LoadRequest {
  const target = `/echo/${number}`;
  const wanted = echoOf("app-1", { method: "GET", target, body: Buffer.alloc(0) });
  const check: LoadRequest["check"] = ({ status, body }) => {
    return status === 200 && body.toString() === wanted ? undefined : `${status} ${body.toString()}`;
  };
  return { host: "a.example", target, check };
}

/** Runs a load until `count` requests were sent. */
async function loadOf(
  port: number,
  count: number,
  request: (number: number) => LoadRequest = echoRequest,
): Promise<Load> {
  const load = new Load({ port, ratePerSecond: 2_000, request, timeoutMs: 1_000 });
  await within(10_000, `${count} requests`, whenSent(load, count));
  await load.stop();
  return load;
}

async function whenSent(load: Load, count: number): Promise<void> {
  while (load.report.sent < count) await new Promise((resolve) => setImmediate(resolve));
}

async function getFrom(port: number, target: string): Promise<string> {
  const connection = await HttpConnection.open(port, { timeoutMs: 1_000 });
  try {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const response = await connection.exchange({ method: "GET", bytes, timeoutMs: 1_000 });
    const interim = response.interim.map(({ head }) => head.startLine.split(" ")[1]);
    return [...interim, response.status, response.body.toString().split(" ")[2], response.closes].join(" ");
  } finally {
    connection.close();
  }
}

test("a load on a sound backend has no faults, and half of it came on fresh connections", async () => {
  const connectionsBefore = backend.connections.length;
  const opened = (): number => backend.connections.length - connectionsBefore;
  const load = new Load({ port: backend.port, ratePerSecond: 2_000, request: echoRequest });
  // A machine that was late sends many in one moment, none of them on a connection that is free again.
  const isEnough = (): boolean => load.report.answered >= 300 && opened() < load.report.answered;
  await askUntil(10_000, "requests on kept connections", () => isEnough() || undefined);
  const { sent, answered } = await load.stop();
  assert.equal(load.faults.count, 0, load.faults.summary());
  assert.equal(answered, sent);
  const connections = opened();
  assert.ok(connections >= sent / 2 && connections < sent, `${connections} connections for ${sent} requests`);
});

test("every kind of answer is read: chunked, until close, with trailers, after 103, without a body", async () => {
  assert.equal(await getFrom(backend.port, "/chunked/3"), "200 /chunked/3 false");
  assert.equal(await getFrom(backend.port, "/until-close"), "200 /until-close true");
  assert.equal(await getFrom(backend.port, "/trailers"), "200 /trailers false");
  assert.equal(await getFrom(backend.port, "/hints"), "103 200 /hints false");
  assert.equal(await getFrom(backend.port, "/status/204"), "204  false");
  assert.equal(await getFrom(backend.port, "/last"), "200 /last true");
});

test("a close that was announced is no fault, and the load goes on with another connection", async () => {
  const load = await loadOf(backend.port, 50, (number) => ({ host: "a", target: `/last/${number}` }));
  assert.equal(load.faults.count, 0, load.faults.summary());
  assert.ok(load.report.announcedCloses >= 20);
});

const SPOILS: readonly (readonly [what: string, kind: FaultKind, spoil: Spoil])[] = [
  ["a reset instead of an answer", "reset", (_piece, client) => void client.resetAndDestroy()],
  ["a close instead of an answer", "closed", (_piece, client) => void client.end()],
  ["an answer cut short", "cut", (piece, client) => void client.end(piece.subarray(0, piece.length - 1))],
  ["an answer cut in its head", "cut", (piece, client) => void client.end(piece.subarray(0, 20))],
  ["a wrong byte in the body", "body", (piece) => Buffer.concat([piece.subarray(0, -2), Buffer.from("X\n")])],
  [
    "another status",
    "status",
    (piece) => Buffer.from(piece.toString("latin1").replace("200", "503"), "latin1"),
  ],
  [
    "a head that is none",
    "malformed",
    (piece) => Buffer.from(piece.toString("latin1").replace(": ", " : "), "latin1"),
  ],
  ["an answer that comes twice", "malformed", (piece) => Buffer.concat([piece, piece])],
  ["a byte too many", "unsolicited", (piece) => Buffer.concat([piece, Buffer.from("x")])],
  ["no answer at all", "timeout", () => undefined],
];

for (const [what, kind, spoil] of SPOILS) {
  test(`${what} is counted as ${kind}, once for each request`, async () => {
    const relay = await startFaultyRelay(backend.port, spoil);
    try {
      const load = await loadOf(relay.port, 10);
      assert.equal(load.faults.count, load.report.sent, load.faults.summary());
      assert.deepEqual(
        [...new Set(load.faults.faults.map((fault) => fault.kind))],
        [kind],
        load.faults.summary(),
      );
    } finally {
      await relay.stop();
    }
  });
}

test("a kept-alive connection that closes without having said so is a fault, though no request was lost", async () => {
  const closing = await HttpBackend.start({
    respond: (_request, { socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
  });
  const connection = await HttpConnection.open(closing.port, { timeoutMs: 1_000 });
  const idle = Promise.withResolvers<ClientFault>();
  connection.onIdle = idle.resolve;
  const bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  assert.equal((await connection.exchange({ method: "GET", bytes, timeoutMs: 1_000 })).status, 200);
  assert.equal((await within(1_000, "the close", idle.promise)).kind, "closed");
  const load = await loadOf(closing.port, 20, () => ({ host: "a", target: "/" }));
  await closing.stop();
  assert.ok(load.faults.count > 0, "a load counts it, too");
});

test("a port where nobody listens is counted as refused", async () => {
  const gone = await HttpBackend.start();
  const { port } = gone;
  await gone.stop();
  const load = await loadOf(port, 5);
  assert.deepEqual([load.faults.count, load.faults.faults[0]?.kind], [load.report.sent, "refused"]);
});

test("a WebSocket gets every message back, and closes in order", async () => {
  const faults = new FaultLog();
  const client = await WebSocketClient.open({ port: backend.port, host: "a", target: "/websocket", faults });
  for (let count = 0; count < 300; count++) client.send();
  await client.close();
  assert.deepEqual([client.sent, client.echoed, faults.count], [300, 300, 0], faults.summary());
});

test("a tunnel that ends, and an echo that is wrong, are faults of a WebSocket", async () => {
  const spoils: readonly (readonly [Spoil, FaultKind])[] = [
    [(piece, client) => (piece.toString().startsWith("HTTP") ? piece : void client.end()), "closed"],
    [(piece) => Buffer.from(piece.toString("latin1").replace("message", "massage"), "latin1"), "body"],
  ];
  for (const [spoil, kind] of spoils) {
    const relay = await startFaultyRelay(backend.port, spoil);
    const faults = new FaultLog();
    const client = await WebSocketClient.open({ port: relay.port, host: "a", target: "/websocket", faults });
    client.send();
    await client.close();
    await relay.stop();
    assert.equal(faults.faults[0]?.kind, kind, faults.summary());
  }
});

test("what is no WebSocket is refused by its client", async () => {
  const opening = WebSocketClient.open({
    port: backend.port,
    host: "a",
    target: "/echo",
    faults: new FaultLog(),
  });
  await assert.rejects(opening, (fault: ClientFault) => fault.kind === "status");
});

test("a download is checked to its last byte", async () => {
  const bytes = 3_000_000;
  const options = { host: "a", target: `/bytes/${bytes}`, bytes, timeoutMs: 5_000 };
  await download({ ...options, port: backend.port, bytesPerSecond: 20_000_000 });
  const wrongs: readonly (readonly [Spoil, FaultKind])[] = [
    [
      (piece) =>
        piece[0] === 0x48 ? piece : (piece.map((byte, at) => (at === 0 ? byte ^ 1 : byte)) as Buffer),
      "body",
    ],
    [(piece, client) => (piece[0] === 0x48 ? piece : void client.end(piece)), "cut"],
  ];
  for (const [spoil, kind] of wrongs) {
    const relay = await startFaultyRelay(backend.port, spoil);
    await assert.rejects(
      download({ ...options, port: relay.port }),
      (fault: ClientFault) => fault.kind === kind,
      kind,
    );
    await relay.stop();
  }
});

test("the content is the same in whatever slices it is made", async () => {
  const { createHash } = await import("node:crypto");
  const whole = contentSlice(0, 200_000);
  assert.deepEqual(Buffer.concat([contentSlice(0, 70_001), contentSlice(70_001, 200_000)]), whole);
  assert.equal(contentHash(200_000), createHash("sha256").update(whole).digest("hex"));
});

test("a backend that stops ends its connections", async () => {
  const short = await HttpBackend.start();
  const connection = await HttpConnection.open(short.port, { timeoutMs: 1_000 });
  const idle = Promise.withResolvers<ClientFault>();
  connection.onIdle = idle.resolve;
  await short.until(({ openCount }) => openCount === 1);
  await short.stop();
  const fault = await within(1_000, "the end", idle.promise);
  assert.ok(fault.kind === "closed" || fault.kind === "reset");
});
