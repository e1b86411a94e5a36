import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { afterEach, test } from "node:test";
import type { TlsMachine } from "../../tls/machine.ts";
import { eventWithin, within } from "../../../testing/deadline.ts";
import { askServer, serveMachines } from "../../../testing/tls/machine-server.ts";
import {
  authority,
  ecdsa,
  freeAll,
  keep,
  openCertificate,
  openClient,
  openServer,
  openTicketKeys,
  rsa,
  SESSION_CONTEXT,
  ticketKey,
  valueOf,
} from "../../../testing/tls/pair.ts";

const WITHIN_MS = 10_000;

afterEach(() => {
  assert.deepEqual(freeAll(), {
    contexts: 0,
    certificates: 0,
    ticketKeys: 0,
    machines: 0,
    sessions: 0,
    bios: 0,
  });
});

/** Accepts with both certificates of a.test. */
function accepting(): () => TlsMachine {
  const ticketKeys = openTicketKeys(ticketKey(1));
  const context = openServer({ protocols: ["http/1.1"], ticketKeys });
  const certificates = [openCertificate(rsa), openCertificate(ecdsa)];
  return () => context.accept({ certificates, sessionContext: SESSION_CONTEXT });
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version}: Node's client speaks with our server, a megabyte each way`, async () => {
    const server = await serveMachines(accepting());
    const client = connect({
      port: server.port,
      host: "127.0.0.1",
      servername: "a.test",
      ca: authority.pem,
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ["http/1.1"],
    });
    const text = "kakehi ".repeat(150_000);
    let heard = "";
    client.setEncoding("latin1").on("data", (piece: string) => {
      heard += piece;
      if (heard.length === text.length) client.end();
    });
    client.write(text);
    await eventWithin(WITHIN_MS, client, "close");
    assert.equal(heard, text.toUpperCase());
    assert.equal(client.alpnProtocol, "http/1.1");
    await server.close();
  });

  test(`${version}: our client speaks with Node's server`, async () => {
    const server = createServer({
      cert: ecdsa.pem,
      key: ecdsa.keyPem,
      minVersion: version,
      maxVersion: version,
    });
    server.on("secureConnection", (socket) => {
      socket.on("data", (bytes: Buffer) => socket.write(bytes.toString("latin1").toUpperCase()));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const machine = keep(valueOf(openClient().connect("a.test")));
    const { port } = server.address() as AddressInfo;
    const text = "x".repeat(100_000);
    const heard = askServer(machine, port, text, text.length);
    assert.equal(await within(WITHIN_MS, "the response", heard), text.toUpperCase());
    assert.equal(machine.session?.version, version);
    server.close();
    await once(server, "close");
  });

  test(`${version}: a client that wants short records gets them`, async () => {
    const server = await serveMachines(accepting());
    const option = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    const target = ["-connect", `127.0.0.1:${server.port}`, "-servername", "a.test"];
    const peer = spawn("openssl", ["s_client", ...target, option, "-maxfraglen", "512"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    const text = `${"x".repeat(3_000)}\n`;
    let heard = "";
    peer.stdout.setEncoding("utf8").on("data", (piece: string) => {
      heard += piece;
      if (/X{3000}\n$/.test(heard)) peer.stdin.end();
    });
    peer.stdin.write(text);
    await eventWithin(WITHIN_MS, peer, "close");
    // A longer one it would have refused.
    assert.match(heard, /X{3000}/);
    await server.close();
  });

  test(`${version}: openssl s_client speaks with our server, without compression and early data, and cannot negotiate anew`, async () => {
    const server = await serveMachines(accepting());
    const folder = mkdtempSync(join(tmpdir(), "kakehi-peers-"));
    writeFileSync(join(folder, "authority"), authority.pem);
    const option = version === "TLSv1.2" ? "-tls1_2" : "-tls1_3";
    const peer = spawn(
      "openssl",
      [
        ...["s_client", "-connect", `127.0.0.1:${server.port}`, "-servername", "a.test", option],
        ...["-CAfile", join(folder, "authority"), "-verify_return_error", "-verify_hostname", "a.test"],
      ],
      { stdio: ["pipe", "pipe", "pipe"] },
    );
    // R asks to negotiate anew (TLS 1.2); K changes the keys, and asks for the same (TLS 1.3).
    const command = version === "TLSv1.2" ? "R\n" : "K\n";
    const steps: [seen: RegExp, next: () => void][] = [
      [/SPEAK\n/, () => peer.stdin.write(command)],
      [/KEYUPDATE\n/, () => peer.stdin.write("again\n")],
      [/AGAIN\n/, () => peer.stdin.end()],
    ];
    let heard = "";
    const hear = (piece: Buffer): void => {
      heard += piece.toString();
      if (steps[0]?.[0].test(heard)) steps.shift()?.[1]();
    };
    peer.stdout.on("data", hear);
    peer.stderr.on("data", hear);
    peer.stdin.write("speak\n");
    await eventWithin(WITHIN_MS, peer, "close");
    assert.match(heard, /Verification: OK/);
    assert.match(heard, /Compression: NONE/);
    if (version === "TLSv1.3")
      assert.match(heard, /Post-Handshake New Session Ticket[^]*Max Early Data: 0\n/);
    assert.match(heard, /SPEAK/);
    assert.equal(/AGAIN/.test(heard), version === "TLSv1.3", heard);
    rmSync(folder, { recursive: true });
    await server.close();
  });
}
