import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { download } from "../../testing/clients/download-client.ts";
import { type ClientFault, FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { contentSlice } from "../../testing/content.ts";
import { residentBytesOf } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import { exchangeOn, fetchOnce, IOS, TIMEOUT_MS } from "./support.ts";

const MEBIBYTE = 1_048_576;

for (const io of IOS) {
  describe(`HTTP/1 through the program (${io})`, () => {
    let proxy: Proxy;
    let backend: HttpBackend;
    let port = 0;
    before(async () => {
      backend = await HttpBackend.start({ id: "app-1" });
      proxy = await Proxy.start({ io });
      port = await proxy.serve("app", [{ id: "app-1", address: backend.address }]);
    });
    after(async () => {
      await backend.stop();
      await proxy.stop();
    });

    test("every kind of answer comes through: chunks, until close, trailers, 103, no body, HEAD", async () => {
      const targets = ["/chunked/5", "/until-close", "/trailers", "/hints", "/last"];
      const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
      for (const target of targets) {
        const response = await exchangeOn(connection, target);
        assert.deepEqual([response.status, response.closes], [200, false], target);
        assert.match(response.body.toString(), new RegExp(`^app-1 GET ${target} `));
      }
      assert.equal((await exchangeOn(connection, "/status/204")).status, 204);
      assert.equal((await exchangeOn(connection, "/status/304")).status, 304);
      const head = await connection.exchange({
        method: "HEAD",
        bytes: "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        timeoutMs: TIMEOUT_MS,
      });
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      const trailers = await exchangeOn(connection, "/trailers");
      assert.deepEqual(
        trailers.trailers.map(([name]) => name),
        ["X-Sum"],
      );
      const hints = await exchangeOn(connection, "/hints");
      assert.match(hints.interim[0]!.head.startLine, /^HTTP\/1\.1 103 /);
      connection.close();
      assert.deepEqual(backend.malformed, []);
    });

    test("a body of many megabytes arrives whole at the backend, by length and in chunks", async () => {
      const content = contentSlice(0, 5 * MEBIBYTE);
      const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
      const length = `Content-Length: ${content.length}\r\n\r\n`;
      const chunk = Buffer.concat([
        Buffer.from(`${content.length.toString(16)}\r\n`),
        content,
        Buffer.from("\r\n0\r\n\r\n"),
      ]);
      const bodies = [
        Buffer.concat([Buffer.from(length), content]),
        Buffer.concat([Buffer.from("Transfer-Encoding: chunked\r\n\r\n"), chunk]),
      ];
      for (const body of bodies) {
        const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
        const bytes = Buffer.concat([Buffer.from("POST /upload HTTP/1.1\r\nHost: a\r\n"), body]);
        const response = await connection.exchange({ method: "POST", bytes, timeoutMs: TIMEOUT_MS });
        connection.close();
        assert.equal(response.body.toString(), `app-1 POST /upload ${content.length} ${hash}\n`);
      }
    });

    test("a client that reads slowly slows its backend down: memory stays, and not a byte is lost", async () => {
      const [worker] = await proxy.workers();
      const memoryBefore = residentBytesOf(worker!.pid);
      const bytes = 30 * MEBIBYTE;
      const options = { port, host: "a", target: `/bytes/${bytes}`, bytes, timeoutMs: 30_000 };
      let highest = 0;
      const watch = setInterval(() => (highest = Math.max(highest, residentBytesOf(worker!.pid))), 20);
      await Promise.all([1, 2, 3, 4].map(() => download({ ...options, bytesPerSecond: 20 * MEBIBYTE })));
      clearInterval(watch);
      assert.ok(
        highest - memoryBefore < 40 * MEBIBYTE,
        `the worker grew by ${Math.round((highest - memoryBefore) / MEBIBYTE)} MiB`,
      );
    });

    test("100-continue goes to the backend and back before the body is sent", async () => {
      const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
      const head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
      const exchange = connection.exchange({ method: "POST", bytes: `${head}ok`, timeoutMs: TIMEOUT_MS });
      const response = await exchange;
      connection.close();
      assert.match(response.interim[0]!.head.startLine, /^HTTP\/1\.1 100 /);
      assert.match(response.body.toString(), /^app-1 POST \/ 2 /);
    });

    test("many WebSockets at once echo every message", async () => {
      const faults = new FaultLog();
      const options = { port, host: "a", target: "/websocket", faults };
      const clients = await Promise.all(Array.from({ length: 20 }, () => WebSocketClient.open(options)));
      for (let round = 0; round < 50; round++) for (const client of clients) client.send();
      await Promise.all(clients.map((client) => client.close()));
      assert.equal(faults.count, 0, faults.summary());
      assert.ok(clients.every(({ echoed }) => echoed === 50));
    });
  });

  test(`a backend that misbehaves gives 502 or a cut that shows, and the next request is served (${io})`, async () => {
    const wrongs: Readonly<Record<string, (socket: Socket) => void>> = {
      "/malformed": (socket) =>
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
      "/garbage": (socket) => socket.write("hello\r\n\r\n"),
      "/early-end": (socket) => socket.end(),
      "/early-reset": (socket) => socket.resetAndDestroy(),
      "/short": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
      "/half-chunk": (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
      "/stale": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
      "/poison": (socket) =>
        socket.write(
          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
        ),
    };
    const backend = await HttpBackend.start({
      respond: ({ target }, { socket }) => {
        const wrong = wrongs[target];
        if (wrong === undefined) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsound");
        else wrong(socket);
      },
    });
    const proxy = await Proxy.start({ io });
    const port = await proxy.serve("app", [{ id: "app-1", address: backend.address }]);
    for (const target of Object.keys(wrongs)) {
      const result = await fetchOnce(port, target).then(
        ({ status }) => `${status}`,
        (fault: ClientFault) => fault.kind,
      );
      const isCut = target === "/short" || target === "/half-chunk";
      const isServed = target === "/stale" || target === "/poison";
      assert.equal(result, isCut ? "cut" : isServed ? "200" : "502", target);
      for (let count = 0; count < 3; count++) {
        assert.equal((await fetchOnce(port, "/sound")).body.toString(), "sound", `after ${target}`);
      }
    }
    await proxy.stop();
    await backend.stop();
  });
}
