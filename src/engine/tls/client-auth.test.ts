import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, test } from "node:test";
import { BACKEND, LISTENER, type SecureClient, SecureRig } from "../../../testing/sim/secure-rig.ts";
import type { SimPeer } from "../../../testing/sim/sim-peer.ts";
import { makeCertificate, type TestCertificate } from "../../../testing/tls/certificates.ts";
import { authority, freeAll, openCertificate } from "../../../testing/tls/pair.ts";
import type { ClientAuth, Listener } from "../../model/objects.ts";
import type { TlsVersion } from "../../tls/machine.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const stranger = makeCertificate({ name: "stranger", isAuthority: true });
const alice = makeCertificate({ name: "alice", issuer: authority });
const mallory = makeCertificate({ name: "mallory", issuer: stranger });
const ALICE = [
  "X-Client-Cert-Subject: CN=alice,O=Kakehi",
  `X-Client-Cert-Fingerprint: ${createHash("sha256").update(alice.der).digest("hex")}`,
];

afterEach(() => assert.equal(freeAll().machines, 0));

function trusting(mode: ClientAuth["mode"], ...authorities: readonly TestCertificate[]): ClientAuth {
  return { mode, ca: authorities.map(({ der }) => Buffer.from(der).toString("base64")) };
}

/** A rig, and what its one backend was told. */
class AuthRig extends SecureRig {
  readonly #fields: Partial<Listener>;

  constructor(client_auth?: ClientAuth) {
    const fields: Partial<Listener> = {
      protocol: "https",
      tls_versions: ["TLSv1.2", "TLSv1.3"],
      ...(client_auth && { client_auth }),
    };
    super({}, {}, fields);
    this.#fields = fields;
    this.net.backend(BACKEND).onConnection = (peer: SimPeer) => {
      peer.onReceived = () => {
        if (peer.received.endsWith("\r\n\r\n"))
          peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
      };
    };
  }

  change(client_auth: ClientAuth | undefined): void {
    const { client_auth: _, ...others } = this.#fields;
    this.updateListener(LISTENER, { ...others, ...(client_auth && { client_auth }) });
  }

  /** All lines on client certificates that backends were told. */
  get told(): readonly string[] {
    const all = this.net.backend(BACKEND).connections.map(({ received }) => received);
    return all.join("").match(/^x-client-cert.*(?=\r$)/gim) ?? [];
  }

  clientWith(shown: TestCertificate | undefined, versionMax: TlsVersion = "TLSv1.3"): SecureClient {
    return this.secureClient({ versionMax, ...(shown && { certificate: openCertificate(shown) }) }).settle();
  }

  leave(...clients: readonly SecureClient[]): void {
    for (const { peer } of clients) if (peer.side === "open") peer.close();
    this.net.settle().advance(60_000);
    this.assertAtRest();
  }
}

/** The status of the last answer, and whether it was said to be the connection's last. */
function lastAnswer({ received }: SecureClient): string {
  const head = received.slice(received.lastIndexOf("HTTP/1.1 "));
  return `${head.slice(9, 12)}${/^connection: close\r$/im.test(head) ? " close" : ""}`;
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const mode of ["request", "require"] as const) {
    test(`${version}, ${mode}: the backend is told who has shown a certificate, with each request`, () => {
      const rig = new AuthRig(trusting(mode, authority));
      const client = rig.clientWith(alice, version);
      client.say(REQUEST).settle().say(REQUEST).settle();
      assert.deepEqual(rig.told, [...ALICE, ...ALICE]);
      rig.leave(client);
    });

    test(`${version}, ${mode}: a certificate that a stranger signed is refused, and the log says why`, () => {
      const rig = new AuthRig(trusting(mode, authority));
      const client = rig.clientWith(mallory, version);
      assert.equal(client.machine.fault?.code, "TLS_PEER_ALERT");
      assert.match(rig.log.join("\n"), /^info: the handshake of .* failed: TLS_CERTIFICATE_UNKNOWN_ISSUER: /);
      assert.doesNotMatch(rig.log.join("\n"), /mallory/);
      rig.leave(client);
    });
  }

  test(`${version}: who shows none is served where it is requested, and refused where it is required`, () => {
    const asking = new AuthRig(trusting("request", authority));
    const served = asking.clientWith(undefined, version);
    served.say(REQUEST).settle();
    assert.deepEqual([lastAnswer(served), asking.told], ["200", []]);
    asking.leave(served);
    const requiring = new AuthRig(trusting("require", authority));
    const refused = requiring.clientWith(undefined, version);
    assert.equal(refused.machine.fault?.code, "TLS_PEER_ALERT");
    assert.match(requiring.log.join("\n"), /failed: TLS_NO_PEER_CERTIFICATE: /);
    requiring.leave(refused);
  });
}

test("what a client says of a certificate itself is dropped, whatever it shows and whatever is asked for", () => {
  const forged = REQUEST.replace(
    "\r\n\r\n",
    "\r\nX-Client-Cert-Subject: CN=root\r\nx_client_cert_fingerprint: 00\r\n\r\n",
  );
  const proxied = forged.replace("\r\n\r\n", "\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n");
  for (const [terms, shown, told] of [
    [undefined, undefined, []],
    [trusting("request", authority), undefined, []],
    [trusting("request", authority), alice, ALICE],
  ] as const) {
    const rig = new AuthRig(terms);
    const client = rig.clientWith(shown);
    client.say(forged).settle().say(proxied).settle();
    assert.deepEqual(rig.told, [...told, ...told]);
    rig.leave(client);
  }
});

test("a change holds for the next request of connections that are there, and each of them is let go", () => {
  const both = trusting("require", authority, stranger);
  for (const [before, shown, after, answer, told] of [
    [undefined, undefined, trusting("require", authority), "421 close", []],
    [undefined, undefined, trusting("request", authority), "200 close", []],
    [trusting("request", authority), undefined, trusting("require", authority), "421 close", []],
    [trusting("request", authority), alice, trusting("require", authority), "200 close", ALICE],
    [trusting("require", authority), alice, both, "200 close", ALICE],
    [both, alice, trusting("require", authority), "421 close", []],
    [trusting("request", authority), alice, trusting("request", stranger), "421 close", []],
    [trusting("require", authority), alice, undefined, "200 close", []],
    [trusting("require", authority), alice, trusting("require", authority), "200", ALICE],
  ] as const) {
    const rig = new AuthRig(before);
    const client = rig.clientWith(shown);
    rig.change(after);
    client.say(REQUEST).settle();
    assert.deepEqual([lastAnswer(client), rig.told], [answer, told]);
    rig.leave(client);
  }
});

test("an exchange that goes on when the rules change is ended in peace", () => {
  const rig = new AuthRig(trusting("require", authority));
  const backend = rig.net.backend(BACKEND);
  backend.onConnection = undefined;
  const client = rig.clientWith(alice);
  client.say(REQUEST).settle();
  rig.change(trusting("require", stranger));
  backend.connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  client.settle();
  assert.deepEqual([lastAnswer(client), client.received.slice(-5)], ["200 close", "hello"]);
  rig.leave(client);
});

test("a handshake that began before a change is judged by the rules of after", () => {
  const rig = new AuthRig();
  const client = rig.secureClient();
  rig.net.settle();
  rig.change(trusting("require", authority));
  client.settle().say(REQUEST).settle();
  assert.equal(lastAnswer(client), "421 close");
  rig.leave(client);
});

test("a listener that takes another's place asks the other's clients for its own certificates", () => {
  const rig = new AuthRig();
  const client = rig.clientWith(undefined);
  rig.remove("listener", LISTENER);
  rig.listener(LISTENER, {
    protocol: "https",
    tls_versions: ["TLSv1.3"],
    client_auth: trusting("require", authority),
  });
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  client.say(REQUEST).settle();
  assert.equal(lastAnswer(client), "421 close");
  rig.leave(client);
});

test("a head that leaves no room for the certificate's lines is refused", () => {
  const rig = new AuthRig(trusting("request", authority));
  const long = (bytes: number): string => REQUEST.replace("\r\n\r\n", `\r\nX: ${"x".repeat(bytes)}\r\n\r\n`);
  for (const [bytes, shown, answer] of [
    [15_300, undefined, "200"],
    [15_300, alice, "431"],
    [15_000, alice, "200"],
  ] as const) {
    const client = rig.clientWith(shown);
    client.say(long(bytes)).settle();
    assert.equal(lastAnswer(client), answer);
    client.peer.close();
    rig.net.settle();
  }
  rig.leave();
});
