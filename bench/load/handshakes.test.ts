import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createServer, type TlsOptions } from "node:tls";
import { wildcardWith } from "../certificates/wildcard.ts";
import { hostnameOf } from "../workload.ts";
import { HandshakesLoad, type HandshakesResult } from "./handshakes.ts";
import { agreementOfAll, PINNED, type TlsVersion } from "./secured-connection.ts";

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx~";
const REFUSAL = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nx~";

interface Served {
  readonly port: number;
  /** Resolves when it has answered so many requests. */
  answered(count: number): Promise<void>;
  setTicketKeys(keys: Buffer): void;
}

/** A server that gives this answer to whatever comes. */
async function serve(t: TestContext, answer: string, options: TlsOptions = {}): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-handshakes-"));
  const { certificate: cert, key } = wildcardWith("ecdsa", folder);
  rmSync(folder, { recursive: true });
  const server = createServer({ cert, key, ...options }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", () => {
      socket.write(answer);
      server.emit("answered", ++count);
    });
  });
  let count = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    answered: async (wanted) => {
      while (count < wanted) await once(server, "answered");
    },
    setTicketKeys: (keys) => server.setTicketKeys(keys),
  };
}

function load(port: number, kind: "full" | "resumed", version: TlsVersion): Promise<HandshakesResult> {
  const wish = { ...PINNED, port, name: hostnameOf(0), version };
  return new HandshakesLoad({ ...wish, kind, rate: 200, seconds: 0.3 }).run();
}

for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
  test(`${version}: handshakes are full or resumed as asked for, and each is counted`, async (t) => {
    const { port } = await serve(t, ANSWER);
    for (const kind of ["full", "resumed"] as const) {
      const { completed, faults, reasons } = await load(port, kind, version);
      assert.deepEqual({ faults, reasons }, { faults: 0, reasons: {} }, kind);
      assert.ok(completed >= 1, kind);
    }
  });
}

test("a handshake that was full where a resumed one was wanted is a fault", async (t) => {
  const server = await serve(t, ANSWER);
  const asked = { ...PINNED, port: server.port, name: hostnameOf(0), version: "TLSv1.3" } as const;
  const running = new HandshakesLoad({ ...asked, kind: "resumed", rate: 200, seconds: 0.3 }).run();
  // With other keys, the tickets so far are nothing to it.
  await server.answered(5);
  server.setTicketKeys(Buffer.alloc(48, 7));
  const { completed, faults, reasons } = await running;
  assert.ok(completed > 0);
  assert.ok(faults > 0);
  assert.deepEqual(reasons, { "not resumed": faults });
});

test("an answer that is not 200 is a fault, named by its status", async (t) => {
  const { port } = await serve(t, REFUSAL);
  const { completed, faults, reasons } = await load(port, "full", "TLSv1.3");
  assert.equal(completed, 0);
  assert.deepEqual(reasons, { "answered HTTP/1.1 503 Service Unavailable": faults });
});

test("proxies that agree with clients on different things are not compared", async (t) => {
  const both = { name: "both", port: (await serve(t, ANSWER)).port };
  const old = { name: "old", port: (await serve(t, ANSWER, { maxVersion: "TLSv1.2" })).port };
  const wish = { ...PINNED, name: hostnameOf(0) };
  assert.equal(await agreementOfAll([both, both], wish), "TLSv1.3, TLS_AES_128_GCM_SHA256, X25519, ec");
  await assert.rejects(agreementOfAll([both, old], wish), /both: TLSv1\.3.*old: TLSv1\.2/);
});
