import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import type { BackendOptions, HttpBackend, ReceivedRequest } from "../../testing/backends/http-backend.ts";
import { FaultLog } from "../../testing/clients/faults.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { WebSocketClient } from "../../testing/clients/websocket-client.ts";
import { within } from "../../testing/deadline.ts";
import { valuesOf } from "../../testing/http/head.ts";
import { Proxy } from "../../testing/proxy.ts";
import { exchangeOn, fetchOnce, IOS, TIMEOUT_MS, withBackends } from "./support.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const LINE = "PROXY TCP4 203.0.113.9 198.51.100.1 51000 443\r\n";
const BINARY = `${SIGNATURE}\x21\x11\0\x0c\xcb\0\x71\x09\xc6\x33\x64\x01\xc7\x38\x01\xbb`;
const BINARY_6 = `${SIGNATURE}\x21\x21\0\x24\x20\x01\x0d\xb8${"\0".repeat(11)}\x09${"\0".repeat(15)}\x01\0\x05\0\x06`;
const LOCAL = `${SIGNATURE}\x20\0\0\0`;

/** Sends pieces, each when the one before has left, and gives all that came until the connection's end. */
async function speak(
  port: number,
  pieces: readonly string[],
): Promise<{ received: string; localPort: number }> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const received: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  socket.on("data", (bytes) => void received.push(Buffer.from(bytes)));
  socket.on("close", () => closed.resolve());
  // A cut is an end like any other here: what counts is what came before it.
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const { localPort = 0 } = socket;
  for (const piece of pieces) {
    if (socket.destroyed) break;
    await new Promise<void>((resolve) => socket.write(piece, "latin1", () => resolve()));
  }
  await within(TIMEOUT_MS, "the connection's end", closed.promise);
  return { received: Buffer.concat(received).toString("latin1"), localPort };
}

function forwardedFor({ head }: ReceivedRequest): string {
  return valuesOf(head, "x-forwarded-for").join();
}

/** What each test gets: a cluster, a listener and a backend of its own, at one proxy. */
type Body = (cluster: string, port: number, backend: HttpBackend) => Promise<void>;

/** The listener asks for a PROXY header. */
async function withAskingListener(proxy: Proxy, body: Body): Promise<void> {
  await withServed(proxy, {}, async (cluster, port, backend) => {
    await proxy.orders.ok("UPDATE_LISTENER", {
      address: `127.0.0.1:${port}`,
      accept_proxy_protocol: true,
      request_timeout_ms: 500,
    });
    await body(cluster, port, backend);
  });
}

/** The backend asks for a PROXY header, and is sent one. */
async function withAskingBackend(proxy: Proxy, version: "v1" | "v2", body: Body): Promise<void> {
  await withServed(proxy, { readsProxyHeader: true }, async (cluster, port, backend) => {
    await proxy.orders.ok("UPDATE_CLUSTER", { cluster_id: cluster, send_proxy_protocol: version });
    await body(cluster, port, backend);
    assert.deepEqual(backend.malformed, []);
  });
}

async function withServed(proxy: Proxy, options: BackendOptions, body: Body): Promise<void> {
  await withBackends(
    1,
    async (backend) => {
      const cluster = `app-${backend!.port}`;
      const port = await proxy.serve(cluster, [{ id: "one", address: backend!.address }]);
      await body(cluster, port, backend!);
    },
    options,
  );
}

for (const io of IOS) {
  describe(`the PROXY protocol through the program `, () => {
    let proxy: Proxy;
    before(async () => {
      proxy = await Proxy.start({ io });
    });
    after(() => proxy.stop());

    test("the client in a header is the one that a backend is told of, in one packet or byte by byte", async () => {
      await withAskingListener(proxy, async (_, port, backend) => {
        for (const [header, client] of [
          [LINE, "203.0.113.9"],
          [BINARY, "203.0.113.9"],
          [BINARY_6, "2001:db8::9"],
          ["PROXY UNKNOWN\r\n", "127.0.0.1"],
          [LOCAL, "127.0.0.1"],
        ] as const) {
          const bytes = header + REQUEST;
          for (const pieces of [[bytes], [header, REQUEST], bytes.split("")]) {
            const { received } = await speak(port, pieces);
            assert.match(received, /^HTTP\/1\.1 200 /, `${JSON.stringify(header)} in ${pieces.length}`);
            assert.equal(forwardedFor(backend.requests.at(-1)!), client);
          }
        }
      });
    });

    test("a connection without a good header, or without one in time, ends without a word", async () => {
      await withAskingListener(proxy, async (_, port, backend) => {
        const bad = [
          REQUEST,
          `PROXY TCP4 1.2.3.4\r\n${REQUEST}`,
          `${SIGNATURE}\x21\x11\xff\xff`,
          "\x16\x03\x01",
        ];
        const late = ["", "PROXY TCP4 203.0", BINARY.slice(0, -1)];
        for (const bytes of [...bad, ...late]) {
          const { received } = await speak(port, bytes === "" ? [] : [bytes]);
          assert.equal(received, "", JSON.stringify(bytes));
        }
        assert.equal(backend.connections.length, 0);
        const { received } = await speak(port, [LINE + REQUEST]);
        assert.match(received, /^HTTP\/1\.1 200 /);
        await proxy.whenWorkers("no connection left", ([worker]) => worker!.connections === 0);
      });
    });

    test("UPDATE_LISTENER switches for new connections; one that is open goes on", async () => {
      await withAskingListener(proxy, async (_, port, backend) => {
        const address = `127.0.0.1:${port}`;
        const open = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
        const request = { method: "GET", timeoutMs: TIMEOUT_MS };
        const plain = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
        assert.equal((await open.exchange({ ...request, bytes: LINE + plain })).status, 200);
        await proxy.orders.ok("UPDATE_LISTENER", { address, accept_proxy_protocol: false });
        assert.equal((await fetchOnce(port, "/")).status, 200);
        assert.equal(forwardedFor(backend.requests.at(-1)!), "127.0.0.1");
        assert.match((await speak(port, [LINE + REQUEST])).received, /^HTTP\/1\.1 400 /);
        assert.equal((await open.exchange({ ...request, bytes: plain })).status, 200);
        assert.equal(forwardedFor(backend.requests.at(-1)!), "203.0.113.9");
        open.close();
        const { data } = await proxy.orders.ok("LIST_LISTENERS", { address });
        assert.equal(data.items[0].accept_proxy_protocol, false);
      });
    });

    for (const version of ["v1", "v2"] as const) {
      test(`a backend is told each client, on a connection of its own (${version})`, async () => {
        await withAskingBackend(proxy, version, async (_, port, backend) => {
          const clients = await Promise.all(Array.from({ length: 5 }, () => speak(port, [REQUEST])));
          const told = (clientPort: number): string =>
            `${version} TCP4 127.0.0.1 ${clientPort} 127.0.0.1 ${port}`;
          for (const { received } of clients) assert.match(received, /^HTTP\/1\.1 200 /);
          assert.deepEqual(
            new Set(backend.connections.map(({ proxyHeader }) => proxyHeader)),
            new Set(clients.map(({ localPort }) => told(localPort))),
          );
          assert.equal(backend.connections.length, clients.length);
          await proxy.orders.ok("UPDATE_LISTENER", {
            address: `127.0.0.1:${port}`,
            public_address: "198.51.100.1:443",
          });
          const { localPort } = await speak(port, [REQUEST]);
          assert.equal(
            backend.connections.at(-1)!.proxyHeader,
            `${version} TCP4 127.0.0.1 ${localPort} 198.51.100.1 443`,
          );
        });
      });

      test(`a kept-alive client, an upload and a WebSocket work behind a header (${version})`, async () => {
        await withAskingBackend(proxy, version, async (_, port, backend) => {
          const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
          for (let count = 0; count < 3; count++)
            assert.equal((await exchangeOn(connection, "/chunked/5")).status, 200);
          const bytes = `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\n${"x".repeat(100_000)}`;
          assert.equal(
            (await connection.exchange({ method: "POST", bytes, timeoutMs: TIMEOUT_MS })).status,
            200,
          );
          connection.close();
          assert.deepEqual(
            backend.connections.map(({ requestCount }) => requestCount),
            [1, 1, 1, 1],
          );
          assert.equal(new Set(backend.connections.map(({ proxyHeader }) => proxyHeader)).size, 1);
          const faults = new FaultLog();
          const tunnel = await WebSocketClient.open({
            port,
            host: "a.example",
            target: "/websocket",
            faults,
          });
          for (let count = 0; count < 10; count++) tunnel.send();
          await tunnel.close();
          assert.equal(faults.count, 0, faults.summary());
          assert.equal(tunnel.echoed, 10);
          assert.match(backend.connections.at(-1)!.proxyHeader!, /^v[12] TCP4 127\.0\.0\.1 /);
        });
      });
    }

    test("UPDATE_CLUSTER switches the header on and off, and no older connection is used behind it", async () => {
      await withServed(proxy, {}, async (cluster, port, backend) => {
        const switchTo = (version: "v1" | "v2" | null): Promise<unknown> =>
          proxy.orders.ok("UPDATE_CLUSTER", { cluster_id: cluster, send_proxy_protocol: version });
        const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
        assert.equal((await exchangeOn(connection, "/")).status, 200);
        await switchTo("v1");
        // This backend wants no header, and refuses it: so it is seen that one came, on a new connection.
        assert.notEqual((await exchangeOn(connection, "/")).status, 200);
        assert.equal(backend.connections.length, 2);
        assert.match(backend.connections[1]!.raw.toString("latin1"), /^PROXY TCP4 127\.0\.0\.1 /);
        const { data } = await proxy.orders.ok("LIST_CLUSTERS", { cluster_id: cluster });
        assert.equal(data.items[0].send_proxy_protocol, "v1");
        await switchTo(null);
        const again = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
        assert.equal((await exchangeOn(again, "/")).status, 200);
        assert.equal((await exchangeOn(again, "/")).status, 200);
        assert.equal(backend.connections.length, 3);
        const cleared = await proxy.orders.ok("LIST_CLUSTERS", { cluster_id: cluster });
        assert.equal("send_proxy_protocol" in cleared.data.items[0], false);
        connection.close();
        again.close();
      });
    });
  });
}
