/** TLS to backends: whom the proxy believes, what it shows, and that nobody else gets a byte. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TlsBackend } from "../../testing/backends/tls-backend.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { askUntil } from "../../testing/deadline.ts";
import type { Json } from "../../testing/order-client.ts";
import { type IoName, Proxy } from "../../testing/proxy.ts";
import { makeCertificate, type TestCertificate } from "../../testing/tls/certificates.ts";
import { authority, certificateFor } from "./https-support.ts";
import { exchangeOn, fetchOnce, IOS, TIMEOUT_MS } from "./support.ts";

const NAME = "app.internal";
const good = certificateFor(NAME);
const client = makeCertificate({ name: "proxy.internal", issuer: authority });
const TRUSTING = { server_name: NAME, ca: [authority.pem] };

const REFUSED: readonly (readonly [string, TestCertificate, string])[] = [
  ["of another name", certificateFor("other.internal"), "name"],
  ["that has expired", makeCertificate({ name: NAME, issuer: authority, to: "20250101000000Z" }), "expired"],
  ["that it signed itself", makeCertificate({ name: NAME }), "signed"],
];

for (const io of IOS) {
  describe(`TLS to backends (${io})`, () => {
    let setting: Setting;
    before(async () => (setting = await Setting.start(io)));
    after(() => setting.proxy.stop());

    test("a backend that the cluster's authority vouches for is asked by its name, and kept", async () => {
      await setting.with(good, TRUSTING, async (backend) => {
        const connection = await HttpConnection.open(setting.port, { timeoutMs: TIMEOUT_MS });
        for (let round = 0; round < 3; round++)
          assert.equal((await exchangeOn(connection, "/")).body.toString(), "hello");
        connection.close();
        assert.deepEqual(backend.guests, [{ serverName: NAME, commonName: undefined }]);
      });
    });

    for (const [which, shown, reason] of REFUSED) {
      test(`a certificate ${which} is answered by 502, and the backend gets no byte`, async () => {
        await setting.with(shown, TRUSTING, async (backend) => {
          assert.equal((await fetchOnce(setting.port, "/secret")).status, 502);
          assert.deepEqual([backend.connections, backend.received], [1, ""]);
          await setting.untilWritten(new RegExp(`one \\(${backend.address}\\) failed: .*${reason}`));
        });
        await setting.with(shown, { ...TRUSTING, verify: false }, async () => {
          assert.equal((await fetchOnce(setting.port, "/")).status, 200);
        });
      });
    }

    test("without an authority of its own, a cluster does not believe ours", async () => {
      await setting.with(good, { server_name: NAME }, async (backend) => {
        assert.equal((await fetchOnce(setting.port, "/")).status, 502);
        assert.equal(backend.received, "");
      });
    });

    test("without a name, the backend's address is verified", async () => {
      await setting.with(certificateFor("IP:127.0.0.1"), { ca: [authority.pem] }, async (backend) => {
        assert.equal((await fetchOnce(setting.port, "/")).status, 200);
        assert.equal(backend.guests[0]!.serverName, false);
      });
    });

    test("a backend that asks for a certificate is shown the cluster's, and no key is ever", async () => {
      const mutual = { requestCert: true, rejectUnauthorized: true, ca: authority.pem };
      const shown = { ...TRUSTING, certificate: client.pem, key: client.keyPem };
      await setting.with(good, shown, mutual, async (backend) => {
        assert.equal((await fetchOnce(setting.port, "/")).status, 200);
        assert.equal(backend.guests[0]!.commonName, "proxy.internal");
        const key = Buffer.from(client.key).toString("base64").slice(0, 40);
        for (const order of ["LIST_CLUSTERS", "DUMP_STATE"]) {
          const text = JSON.stringify(await setting.proxy.orders.ok(order, {}));
          assert.match(text, /app\.internal/);
          assert.ok(!text.includes(key), `${order} shows the key`);
        }
      });
      await setting.with(good, TRUSTING, mutual, async (backend) => {
        assert.equal((await fetchOnce(setting.port, "/")).status, 502);
        assert.equal(backend.received, "");
      });
    });

    test("a change discards the idle connections of before, and null goes back to plain text", async () => {
      await setting.with(good, TRUSTING, async (backend) => {
        const connection = await HttpConnection.open(setting.port, { timeoutMs: TIMEOUT_MS });
        assert.equal((await exchangeOn(connection, "/")).status, 200);
        await setting.update({ ...TRUSTING, server_name: "other.internal" });
        assert.equal((await exchangeOn(connection, "/")).status, 502);
        await setting.update(TRUSTING);
        assert.equal((await exchangeOn(connection, "/")).status, 200);
        await setting.update(null);
        assert.equal((await exchangeOn(connection, "/")).status, 502);
        connection.close();
        assert.equal(backend.guests.length, 2);
      });
    });

    test("a body that lasts until the close is whole with close_notify, and cut without", async () => {
      const head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
      await setting.with(good, TRUSTING, async (backend) => {
        backend.respond = (socket) => void socket.end(head);
        assert.equal((await fetchOnce(setting.port, "/")).body.toString(), "hello");
        backend.respond = (socket, raw) => void socket.write(head, () => raw.end());
        await assert.rejects(fetchOnce(setting.port, "/"));
      });
    });

    test("health checks are made over TLS, and say why one fails", async () => {
      const health_check = { path: "/health", interval_ms: 50, timeout_ms: 2_000, healthy: 1, unhealthy: 1 };
      await setting.with(good, { ...TRUSTING, server_name: "other.internal" }, async (backend) => {
        await setting.proxy.orders.ok("UPDATE_CLUSTER", { cluster_id: "app", health_check });
        await setting.untilWritten(/backend one .* down.*name/);
        assert.equal(backend.received, "");
        await setting.update(TRUSTING);
        await setting.untilWritten(/backend one .* up.*pass/);
        assert.match(backend.received, /^GET \/health /);
        await setting.proxy.orders.ok("UPDATE_CLUSTER", { cluster_id: "app", health_check: null });
      });
    });
  });
}

/** A proxy of one worker with a cluster whose one backend comes and goes with each test. */
class Setting {
  readonly proxy: Proxy;
  readonly port: number;

  static async start(io: IoName): Promise<Setting> {
    const proxy = await Proxy.start({ io, workers: 1 });
    return new Setting(proxy, await proxy.serve("app", []));
  }

  private constructor(proxy: Proxy, port: number) {
    this.proxy = proxy;
    this.port = port;
  }

  async with(
    shown: TestCertificate,
    tls: Json,
    ...rest:
      | [(backend: TlsBackend) => Promise<void>]
      | [Parameters<typeof TlsBackend.start>[1], (backend: TlsBackend) => Promise<void>]
  ): Promise<void> {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const backend = await TlsBackend.start(shown, options);
    const key = { cluster_id: "app", backend_id: "one" };
    try {
      await this.update(tls);
      await this.proxy.orders.ok("ADD_BACKEND", { ...key, address: backend.address });
      await body(backend);
    } finally {
      await this.proxy.orders.ok("REMOVE_BACKEND", key);
      await backend.stop();
    }
  }

  /** Until the proxy has written it. */
  async untilWritten(wanted: RegExp): Promise<void> {
    await askUntil(TIMEOUT_MS, `${wanted} in its log`, () => wanted.test(this.proxy.output) || undefined);
  }

  update(tls: Json): Promise<unknown> {
    return this.proxy.orders.ok("UPDATE_CLUSTER", { cluster_id: "app", tls });
  }
}
