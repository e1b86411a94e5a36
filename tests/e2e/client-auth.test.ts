/** Clients' certificates through the program: who is let in, and what the backend is told of them. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import { valuesOf } from "../../testing/http/head.ts";
import type { Json } from "../../testing/order-client.ts";
import { makeCertificate, type TestCertificate } from "../../testing/tls/certificates.ts";
import { authority, HttpsSetting, sessionOf } from "./https-support.ts";
import { exchangeOn, IOS, TIMEOUT_MS } from "./support.ts";

const run = promisify(execFile);
const stranger = makeCertificate({ name: "stranger", isAuthority: true });
const alice = makeCertificate({ name: "alice", issuer: authority });
const mallory = makeCertificate({ name: "mallory", issuer: stranger });
const A = { servername: "a.example" };
const REQUIRED = { ca: [authority.pem], mode: "require" };

function showing({ pem, keyPem }: TestCertificate): { readonly cert: string; readonly key: string } {
  return { cert: pem, key: keyPem };
}

/** Who the backend was told that its last client is. */
function toldTo({ backend }: HttpsSetting): readonly (readonly string[])[] {
  const { head } = backend.requests.at(-1)!;
  return ["subject", "fingerprint"].map((name) => valuesOf(head, `x-client-cert-${name}`));
}

const TOLD_OF_ALICE = [["CN=alice,O=Kakehi"], [createHash("sha256").update(alice.der).digest("hex")]];

for (const io of IOS) {
  describe(`clients' certificates (${io})`, () => {
    let setting: HttpsSetting;
    const update = (client_auth: Json): Promise<unknown> =>
      setting.proxy.orders.ok("UPDATE_LISTENER", { address: setting.listener, client_auth });
    before(async () => (setting = await HttpsSetting.start(io, { client_auth: REQUIRED })));
    after(() => setting.stop());

    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      test(`${version}: the backend knows the client, in a full handshake and in resumed ones`, async () => {
        const wishes = { ...A, ...showing(alice), version };
        const session = await sessionOf(await setting.connect(wishes), version);
        assert.deepEqual(toldTo(setting), TOLD_OF_ALICE);
        for (let round = 0; round < 4; round++) {
          const socket = await setting.connect({ ...A, version, session });
          assert.equal(socket.isSessionReused(), true);
          await exchangeOn(HttpConnection.over(socket), "/");
          assert.deepEqual(toldTo(setting), TOLD_OF_ALICE);
          socket.destroy();
        }
      });

      test(`${version}: a session of other rules is not resumed`, async () => {
        const wishes = { ...A, ...showing(alice), version };
        for (const [before, after] of [
          [{ ...REQUIRED, ca: [authority.pem, stranger.pem] }, REQUIRED],
          [{ ...REQUIRED, mode: "request" }, REQUIRED],
          [REQUIRED, null],
        ] as const) {
          await update(before);
          const session = await sessionOf(await setting.connect(wishes), version);
          await update(after);
          const socket = await setting.connect({ ...wishes, session });
          assert.equal(socket.isSessionReused(), false);
          socket.destroy();
        }
        await update(REQUIRED);
      });

      test(`${version}: who shows none, or a stranger's, is refused; and the log says why`, async () => {
        const count = setting.backend.requests.length;
        await assert.rejects(setting.fetch({ ...A, version }));
        await assert.rejects(setting.fetch({ ...A, ...showing(mallory), version }));
        assert.equal(setting.backend.requests.length, count);
        for (const code of ["TLS_NO_PEER_CERTIFICATE", "TLS_CERTIFICATE_UNKNOWN_ISSUER"])
          await askUntil(TIMEOUT_MS, code, () => setting.proxy.output.includes(code) || undefined);
      });
    }

    test("curl and openssl s_client show theirs", async () => {
      const path = (name: string): string => join(setting.proxy.folder, name);
      writeFileSync(path("alice.pem"), alice.pem);
      writeFileSync(path("alice.key"), alice.keyPem);
      const url = `https://127.0.0.1:${setting.port}/curl`;
      const shown = ["--cert", path("alice.pem"), "--key", path("alice.key")];
      const forged = ["-H", "X-Client-Cert-Subject: CN=root", "-H", "X_Client_Cert_Fingerprint: 00"];
      const { stdout } = await run("curl", ["--silent", "--insecure", ...shown, ...forged, url]);
      assert.match(stdout, /^app-1 GET \/curl 0 /);
      assert.deepEqual(toldTo(setting), TOLD_OF_ALICE);
      assert.deepEqual(valuesOf(setting.backend.requests.at(-1)!.head, "x_client_cert_fingerprint"), []);
      await assert.rejects(run("curl", ["--silent", "--insecure", url]));
      const args = ["s_client", "-connect", setting.listener, "-ign_eof", "-cert", path("alice.pem")];
      const asked = run("openssl", [...args, "-key", path("alice.key")]);
      asked.child.stdin!.end("GET /s_client HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
      const answer = await within(TIMEOUT_MS, "s_client", asked);
      assert.match(answer.stdout, /app-1 GET \/s_client 0 /);
      assert.match(answer.stdout, /Acceptable client certificate CA names\n.*authority/);
      assert.deepEqual(toldTo(setting), TOLD_OF_ALICE);
    });

    test("a change holds from its OK on, in every worker, on connections that are there too", async () => {
      const open = await Promise.all(
        Array.from({ length: 6 }, () => setting.connect({ ...A, ...showing(alice) })),
      );
      const connections = open.map((socket) => HttpConnection.over(socket));
      const [one, ...others] = connections;
      await update({ ca: [authority.pem, stranger.pem] });
      assert.equal((await exchangeOn(one!, "/")).status, 200, "whom it trusted it trusts still");
      for (let round = 0; round < 4; round++)
        assert.equal((await setting.fetch({ ...A, ...showing(mallory) })).status, 200);
      await update({ ca: [stranger.pem] });
      for (const connection of others) assert.equal((await exchangeOn(connection, "/")).status, 421);
      for (let round = 0; round < 4; round++)
        await assert.rejects(setting.fetch({ ...A, ...showing(alice) }));
      await update(null);
      assert.equal((await setting.fetch({ ...A, ...showing(alice) })).status, 200);
      assert.deepEqual(toldTo(setting), [[], []]);
      await update(REQUIRED);
      for (const connection of connections) connection.close();
    });

    test("an authority that is none is an ERROR, and what was there stays", async () => {
      const { orders } = setting.proxy;
      const hash = (await orders.ok("STATUS")).data.hash;
      for (const text of [
        "garbage",
        "x".repeat(10 * 1_048_576),
        alice.pem,
        authority.pem + authority.keyPem,
      ]) {
        const client_auth = { ca: [authority.pem, text], mode: "request" };
        const answer = await orders.order("UPDATE_LISTENER", { address: setting.listener, client_auth });
        assert.equal(answer.status, "ERROR");
        assert.equal(answer.error?.code, "INVALID_CERTIFICATE");
        assert.match(answer.error?.field ?? "", /^data\.client_auth\.ca/);
        assert.ok(!JSON.stringify(answer).includes(authority.keyPem.split("\n")[1]!));
      }
      assert.equal((await orders.ok("STATUS")).data.hash, hash);
      await assert.rejects(setting.fetch(A));
    });
  });
}
