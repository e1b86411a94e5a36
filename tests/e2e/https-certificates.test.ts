/** Certificates that come, go and change under traffic, with clients that never retry. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { Load } from "../../testing/clients/load.ts";
import { HttpsSetting, authority, certificateFor } from "./https-support.ts";
import { assertNoFaults, exchangeOn, IOS, TIMEOUT_MS } from "./support.ts";

/** How many requests replacements are made under, nearly each on a connection of its own. */
const REQUESTS_MIN = 150;
/** How long each may take: only a request that is lost takes so long, on however slow a machine. */
const PATIENCE_MS = 60_000;

for (const io of IOS) {
  describe(`certificates of an https listener (${io})`, () => {
    let setting: HttpsSetting;
    before(async () => (setting = await HttpsSetting.start(io)));
    after(() => setting.stop());

    test("without any certificate, the proxy shows its own and serves", async () => {
      const socket = await setting.connect({ servername: "a.example" });
      assert.equal(socket.getPeerCertificate().subject.CN, "kakehi");
      assert.equal((await exchangeOn(HttpConnection.over(socket), "/")).status, 200);
      socket.destroy();
      await assert.rejects(setting.connect({ ca: authority.pem }), /DEPTH_ZERO_SELF_SIGNED_CERT/);
    });

    test("a certificate is served for its name as soon as its order is answered, and no more after its removal", async () => {
      const trusting = { servername: "b.example", ca: authority.pem };
      const fingerprint = await setting.add(certificateFor("b.example"));
      for (let round = 0; round < 8; round++) assert.equal((await setting.fetch(trusting)).status, 200);
      await setting.remove(fingerprint);
      for (let round = 0; round < 8; round++) await assert.rejects(setting.fetch(trusting), /SELF_SIGNED/);
    });

    test("an exact name goes before a wildcard, which serves one label", async () => {
      const added = [
        await setting.add(certificateFor("*.c.example")),
        await setting.add(certificateFor("one.c.example")),
      ];
      assert.equal(await setting.namesShown({ servername: "two.c.example" }), "DNS:*.c.example");
      assert.equal(await setting.namesShown({ servername: "one.c.example" }), "DNS:one.c.example");
      assert.equal(await setting.namesShown({ servername: "x.two.c.example" }), undefined);
      for (const fingerprint of added) await setting.remove(fingerprint);
    });

    test("a host that the connection's certificate does not cover is misdirected", async () => {
      const fingerprint = await setting.add(certificateFor("d.example"));
      const connection = HttpConnection.over(await setting.connect({ servername: "d.example" }));
      assert.equal((await exchangeOn(connection, "/", "other.example")).status, 421);
      assert.equal((await exchangeOn(connection, "/", "d.example")).status, 200);
      connection.close();
      await setting.remove(fingerprint);
    });

    test("under replacements, every handshake gets the old certificate or the new, whole", async () => {
      const certificates = [certificateFor("e.example"), certificateFor("e.example")];
      let old = await setting.add(certificates[0]!);
      const load = new Load({
        port: setting.port,
        ratePerSecond: 200,
        freshShare: 0.9,
        timeoutMs: PATIENCE_MS,
        tls: { servername: "e.example", ca: authority.pem },
        request: (number) => ({ host: "e.example", target: `/${number}` }),
      });
      let stopped: Promise<unknown> | undefined;
      let isOver = false;
      for (let round = 1; !isOver; round++) {
        // So many and no more are sent, however long a machine that is busy takes to answer them.
        if (load.report.sent >= REQUESTS_MIN) stopped ??= load.stop().then(() => (isOver = true));
        const { pem, keyPem } = certificates[round % 2]!;
        const data = { listener: setting.listener, certificate: pem, key: keyPem, old_fingerprint: old };
        old = (await setting.proxy.orders.ok("REPLACE_CERTIFICATE", data)).data.fingerprint;
      }
      await stopped;
      assertNoFaults(load.faults);
      await setting.remove(old);
    });

    test("a replacement answers while connections are on the old certificate, and waits for them if asked to", async () => {
      const old = await setting.add(certificateFor("r.example"));
      const connection = HttpConnection.over(await setting.connect({ servername: "r.example" }));
      assert.equal((await exchangeOn(connection, "/", "r.example")).closes, false);
      const { pem, keyPem } = certificateFor("r.example");
      const data = { listener: setting.listener, certificate: pem, key: keyPem, old_fingerprint: old };
      const replaced = await setting.proxy.orders.ok("REPLACE_CERTIFICATE", data);
      assert.deepEqual([replaced.data.changed, replaced.data.connections], [true, 1]);
      const [drain] = (await setting.proxy.orders.ok("QUERY_DRAINS")).data.drains;
      assert.deepEqual([drain.object.fingerprint, drain.connections], [old, 1]);
      const waiting = setting.proxy.orders.send("REPLACE_CERTIFICATE", { ...data, drain: { wait: true } });
      assert.equal((await waiting.processing()).data.connections, 1);
      assert.equal((await exchangeOn(connection, "/", "r.example")).closes, true);
      assert.equal((await waiting.final(TIMEOUT_MS)).status, "OK");
      connection.close();
      await setting.remove(replaced.data.fingerprint);
    });

    test("a session on a certificate that was replaced or removed is not resumed", async () => {
      const old = await setting.add(certificateFor("one.h.example"));
      const wide = await setting.add(certificateFor("*.h.example"));
      const wishes = { servername: "one.h.example", ca: authority.pem, version: "TLSv1.2" } as const;
      const newSession = async (): Promise<Buffer> => {
        const socket = await setting.connect(wishes);
        const session = socket.getSession()!;
        socket.destroy();
        return session;
      };
      const isResumed = async (session: Buffer): Promise<boolean> => {
        const socket = await setting.connect({ ...wishes, session });
        const isReused = socket.isSessionReused();
        socket.destroy();
        return isReused;
      };
      const ofOld = await newSession();
      assert.equal(await isResumed(ofOld), true);
      const { pem, keyPem } = certificateFor("one.h.example");
      const data = { listener: setting.listener, certificate: pem, key: keyPem, old_fingerprint: old };
      const replaced = await setting.proxy.orders.ok("REPLACE_CERTIFICATE", data);
      for (let round = 0; round < 8; round++) assert.equal(await isResumed(ofOld), false);
      const ofNew = await newSession();
      assert.equal(await isResumed(ofNew), true);
      await setting.remove(replaced.data.fingerprint);
      for (let round = 0; round < 8; round++) assert.equal(await isResumed(ofNew), false);
      await setting.remove(wide);
    });

    test("a removal waits for the sessions on its certificate, and tells how many are left", async () => {
      const fingerprint = await setting.add(certificateFor("f.example"));
      const wishes = { servername: "f.example", ca: authority.pem };
      const connections = [
        HttpConnection.over(await setting.connect(wishes)),
        HttpConnection.over(await setting.connect(wishes)),
      ];
      for (const connection of connections)
        assert.equal((await exchangeOn(connection, "/", "f.example")).closes, false);
      const data = { listener: setting.listener, fingerprint, drain: { progress_ms: 10 } };
      const removal = setting.proxy.orders.send("REMOVE_CERTIFICATE", data);
      const progress = await removal.processing();
      assert.equal(progress.data.connections, 2, progress.message);
      const last = await exchangeOn(connections[0]!, "/", "f.example");
      assert.deepEqual([last.status, last.closes], [200, true]);
      await removal.processing(({ data: { connections: left } }) => left === 1);
      assert.equal((await exchangeOn(connections[1]!, "/", "f.example")).closes, true);
      assert.equal((await removal.final(TIMEOUT_MS)).status, "OK");
      // All others are removed by now.
      await setting.proxy.whenWorkers("no certificate but the proxy's own", (workers) =>
        workers.every(({ tls_handles: left }) => left !== undefined && left.certificates <= 1),
      );
    });

    test("with strict_sni a name without a certificate is refused with unrecognized_name", async () => {
      await setting.proxy.orders.ok("UPDATE_LISTENER", { address: setting.listener, strict_sni: true });
      await assert.rejects(setting.connect({ servername: "nobody.example" }), /UNRECOGNIZED_NAME/);
      await assert.rejects(setting.connect({}), /UNRECOGNIZED_NAME/);
      const fingerprint = await setting.add(certificateFor("g.example"));
      assert.equal((await setting.fetch({ servername: "g.example", ca: authority.pem })).status, 200);
      await setting.remove(fingerprint);
      await setting.proxy.orders.ok("UPDATE_LISTENER", { address: setting.listener, strict_sni: false });
    });
  });
}
