/** HTTPS through the program: real peers, bodies, resumption, and clients that misbehave. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { startByteRelay } from "../../testing/byte-relay.ts";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { connectTls } from "../../testing/clients/tls-client.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { contentSlice } from "../../testing/content.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import { valuesOf } from "../../testing/http/head.ts";
import { freePort, type WorkerStatus } from "../../testing/proxy.ts";
import { authority, certificateFor, HttpsSetting, sessionOf } from "./https-support.ts";
import { assertNoFaults, exchangeOn, IOS, TIMEOUT_MS } from "./support.ts";

const MEBIBYTE = 1_048_576;
const BODY_BYTES = 16 * MEBIBYTE;
const REQUEST_TIMEOUT_MS = 1_500;
const SILENT_CLIENTS = 1_000;
const HANDSHAKES = 200;
const HANDSHAKES_AT_ONCE = 20;
const A = { servername: "a.example", ca: authority.pem };
const run = promisify(execFile);

/** What a socket says until it ends. */
async function readAll(socket: Socket): Promise<string> {
  let text = "";
  for await (const bytes of socket) text += String(bytes);
  return text;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function hashOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

for (const io of IOS) {
  describe(`HTTPS through the program (${io})`, () => {
    let setting: HttpsSetting;
    before(async () => {
      setting = await HttpsSetting.start(io, { request_timeout_ms: REQUEST_TIMEOUT_MS });
      await setting.add(certificateFor("a.example"));
    });
    after(() => setting.stop());

    test("the backend is told of https, and of the port", async () => {
      assert.equal((await setting.fetch(A)).status, 200);
      const { head } = setting.backend.requests.at(-1)!;
      assert.deepEqual(valuesOf(head, "x-forwarded-proto"), ["https"]);
      assert.deepEqual(valuesOf(head, "x-forwarded-port"), [`${setting.port}`]);
    });

    test("bodies of many megabytes arrive whole, up and down", async () => {
      const content = contentSlice(0, BODY_BYTES);
      const connection = HttpConnection.over(await setting.connect(A));
      const down = await connection.exchange({
        method: "GET",
        bytes: `GET /bytes/${BODY_BYTES} HTTP/1.1\r\nHost: a.example\r\n\r\n`,
        timeoutMs: TIMEOUT_MS,
      });
      assert.equal(hashOf(down.body), hashOf(content));
      const head = `POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
      const bytes = Buffer.concat([Buffer.from(head), content]);
      const up = await connection.exchange({ method: "POST", bytes, timeoutMs: TIMEOUT_MS });
      const hash = hashOf(content).slice(0, 16);
      assert.equal(up.body.toString(), `app-1 POST /up ${BODY_BYTES} ${hash}\n`);
      connection.close();
    });

    test("every kind of answer comes through", async () => {
      const connection = HttpConnection.over(await setting.connect(A));
      for (const target of ["/chunked/5", "/trailers", "/hints", "/status/204"])
        assert.ok((await exchangeOn(connection, target)).status < 300, target);
      connection.close();
      const socket = await setting.connect(A);
      socket.write("GET /until-close HTTP/1.0\r\nHost: a.example\r\n\r\n");
      assert.match(await readAll(socket), /app-1 GET \/until-close 0 /);
    });

    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      test(`a ${version} session is resumed by every worker, and after a worker was restarted`, async () => {
        const first = await setting.connect({ ...A, version });
        const session = await sessionOf(first, version);
        const resumes = async (what: string): Promise<void> => {
          for (let round = 0; round < 8; round++) {
            const socket = await setting.connect({ ...A, version, session });
            assert.equal(socket.isSessionReused(), true, what);
            assert.equal((await exchangeOn(HttpConnection.over(socket), "/")).status, 200, what);
            socket.destroy();
          }
        };
        await resumes("by either worker");
        for (const worker of await setting.proxy.workers())
          await setting.proxy.orders.ok("RESTART_WORKER", { worker: worker.worker });
        await resumes("by the workers that took their place");
        const removed = await setting.connect({ servername: "other.example", version, session });
        assert.equal(removed.isSessionReused(), false, "for another name");
        removed.destroy();
      });
    }

    test("HTTP without TLS gets a 400 in plain text, and the end", async () => {
      const socket = connectTcp(setting.port, "127.0.0.1");
      socket.write("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
      const text = await within(TIMEOUT_MS, "the end", readAll(socket));
      assert.match(text, /^HTTP\/1\.1 400 /);
      assert.match(text, /\r\nConnection: close\r\n/i);
    });

    test("what is no TLS is told so by an alert, and let go", async () => {
      for (const bytes of [
        Buffer.from("\0\0\0\0"),
        Buffer.of(0x80, 0x2e, 1, 0, 2),
        Buffer.of(22, 3, 1, 0, 0),
      ]) {
        const socket = connectTcp(setting.port, "127.0.0.1");
        socket.write(bytes);
        const chunks: Buffer[] = [];
        for await (const chunk of socket) chunks.push(chunk as Buffer);
        assert.deepEqual([...Buffer.concat(chunks).subarray(0, 3)], [21, 3, 3]);
      }
    });

    test("a client that is gone in the midst of a body, without close_notify, takes nothing but its own with it", async (t) => {
      const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nthe beginning";
      const backend = await HttpBackend.start({ respond: (_, { socket }) => void socket.write(head) });
      t.after(() => backend.stop());
      const cluster_id = "cut";
      await setting.proxy.orders.ok("ADD_CLUSTER", { cluster_id });
      await setting.proxy.orders.ok("ADD_BACKEND", {
        cluster_id,
        backend_id: "one",
        address: backend.address,
      });
      const path = { prefix: "/cut" };
      const rule = { listener: setting.listener, hostname: "*", path };
      await setting.proxy.orders.ok("ADD_FRONTEND", { ...rule, cluster_id });
      const upload = "POST /cut HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nthe beginning";
      const download = "GET /cut HTTP/1.1\r\nHost: a.example\r\n\r\n";
      for (const request of [upload, download]) {
        for (const how of ["end", "resetAndDestroy"] as const) {
          const raw = connectTcp(setting.port, "127.0.0.1").on("error", () => undefined);
          const client = await setting.connect({ ...A, socket: raw });
          const { length: connectionsBefore } = backend.connections;
          let heard = "";
          client.on("error", () => undefined).on("data", (bytes) => (heard += String(bytes)));
          client.write(request);
          await within(
            TIMEOUT_MS,
            "the request",
            backend.until(
              ({ connections }) =>
                connections
                  .at(connectionsBefore)
                  ?.raw.includes(request === upload ? "the beginning" : "\r\n\r\n") === true,
            ),
          );
          if (request === download)
            await askUntil(TIMEOUT_MS, "bytes", () => heard.endsWith("the beginning") || undefined);
          raw[how]();
          await within(
            TIMEOUT_MS,
            "the end",
            backend.until(({ openCount }) => openCount === 0),
          );
          raw.destroy();
          const requests = request === upload ? 0 : 1;
          assert.equal(backend.connections.at(-1)!.requestCount, requests, "half a body is no request");
          assert.equal((await setting.fetch(A)).status, 200);
        }
      }
      await setting.proxy.orders.ok("REMOVE_FRONTEND", rule);
    });

    test("TLS at a listener for plain HTTP is answered by a 400 at once, and no client takes it for TLS", async () => {
      const port = await freePort();
      const address = `127.0.0.1:${port}`;
      await setting.proxy.orders.ok("ADD_LISTENER", { address, protocol: "http" });
      await assert.rejects(connectTls(port, A, TIMEOUT_MS), /ERR_SSL/);
      await setting.proxy.orders.ok("REMOVE_LISTENER", { address });
    });

    test("a hello and all that follows may come byte by byte", async () => {
      const relay = await startByteRelay(setting.port);
      const connection = await HttpConnection.open(relay.port, { timeoutMs: TIMEOUT_MS, tls: A });
      assert.equal((await exchangeOn(connection, "/")).status, 200);
      connection.close();
      await relay.stop();
    });

    test("those that never finish their handshake are let go in time, and others are served meanwhile", async () => {
      const ended: Promise<unknown>[] = [];
      for (let index = 0; index < SILENT_CLIENTS; index++) {
        const socket = connectTcp(setting.port, "127.0.0.1");
        socket.on("error", () => undefined);
        // Some say nothing, some the beginning of a hello.
        if (index % 2 === 0) socket.write(Buffer.of(22, 3, 1, 2, 0, 1, 0));
        socket.resume();
        ended.push(new Promise((resolve) => socket.once("close", resolve)));
      }
      const all = Promise.all(ended);
      for (let round = 0; round < 10; round++) assert.equal((await setting.fetch(A)).status, 200);
      await within(REQUEST_TIMEOUT_MS * 4, "the end of all", all);
    });

    test("a WebSocket goes through", async () => {
      const faults = new FaultLog();
      const options = { port: setting.port, host: "a.example", target: "/websocket", faults, tls: A };
      const clients = await Promise.all(Array.from({ length: 5 }, () => WebSocketClient.open(options)));
      for (let round = 0; round < 50; round++) for (const client of clients) client.send();
      await Promise.all(clients.map((client) => client.close()));
      assertNoFaults(faults);
    });

    test("after the last connection no machine is left, and one context", async () => {
      for (let round = 0; round < HANDSHAKES / HANDSHAKES_AT_ONCE; round++) {
        const sockets = await Promise.all(
          Array.from({ length: HANDSHAKES_AT_ONCE }, () => setting.connect(A)),
        );
        for (const socket of sockets) socket.destroy();
      }
      const open = await setting.connect(A);
      const machinesAre = (count: number): Promise<readonly WorkerStatus[]> =>
        setting.proxy.whenWorkers(
          `${count} machines`,
          (workers) => sum(workers.map((each) => each.tls_handles?.machines ?? Number.NaN)) === count,
        );
      await machinesAre(1);
      open.destroy();
      for (const { tls_handles: left } of await machinesAre(0))
        assert.ok(left!.contexts <= 1 && left!.certificates <= 2 && left!.ticket_keys === 1);
    });

    test("curl and openssl s_client are served, and hear the end", async () => {
      const url = `https://a.example:${setting.port}/curl`;
      const resolve = `a.example:${setting.port}:127.0.0.1`;
      const { stdout } = await run("curl", ["--silent", "--insecure", "--resolve", resolve, url]);
      assert.match(stdout, /^app-1 GET \/curl 0 /);
      const args = [
        "s_client",
        "-connect",
        `127.0.0.1:${setting.port}`,
        "-servername",
        "a.example",
        "-ign_eof",
      ];
      const asked = run("openssl", args);
      asked.child.stdin!.end("GET /s_client HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
      const answer = await within(TIMEOUT_MS, "s_client", asked);
      assert.match(answer.stdout, /app-1 GET \/s_client 0 /);
      assert.match(answer.stdout, /\nclosed/);
      assert.doesNotMatch(answer.stderr, /unexpected eof/);
    });
  });
}
