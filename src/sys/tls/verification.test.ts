import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, test } from "node:test";
import { makeCertificate } from "../../../testing/tls/certificates.ts";
import { makeOddCertificate } from "../../../testing/tls/odd-subject.ts";
import {
  authority,
  ecdsa,
  freeAll,
  library,
  openCertificate,
  openClient,
  rsa,
  shakeHands,
} from "../../../testing/tls/pair.ts";
import { feed, write } from "../../../testing/tls/wire.ts";

const stranger = makeCertificate({ name: "stranger", isAuthority: true });
const alice = makeCertificate({ name: "alice", issuer: authority });

afterEach(() => {
  const living = freeAll();
  assert.deepEqual(living, {
    contexts: 0,
    certificates: 0,
    ticketKeys: 0,
    machines: 0,
    sessions: 0,
    bios: 0,
  });
});

test("a server's certificate that is right is verified, and told by subject and fingerprint", () => {
  const { client } = shakeHands();
  assert.deepEqual(client.session?.peerCertificate, {
    subject: "CN=a.test,O=Kakehi",
    fingerprint: createHash("sha256").update(ecdsa.der).digest("hex"),
  });
});

test("a server's certificate that is not right is a fault with its reason, and no byte is written", () => {
  for (const [certificate, serverName, code] of [
    [ecdsa, "b.test", "TLS_CERTIFICATE_WRONG_NAME"],
    [ecdsa, "127.0.0.1", "TLS_CERTIFICATE_WRONG_NAME"],
    [makeCertificate({ name: "a.test" }), "a.test", "TLS_CERTIFICATE_SELF_SIGNED"],
    [makeCertificate({ name: "a.test", issuer: stranger }), "a.test", "TLS_CERTIFICATE_UNKNOWN_ISSUER"],
    [
      makeCertificate({ name: "a.test", issuer: authority, to: "20240601000000Z" }),
      "a.test",
      "TLS_CERTIFICATE_EXPIRED",
    ],
    [
      makeCertificate({ name: "a.test", issuer: authority, from: "20900101000000Z" }),
      "a.test",
      "TLS_CERTIFICATE_NOT_YET_VALID",
    ],
  ] as const) {
    for (const versionMax of ["TLSv1.2", "TLSv1.3"] as const) {
      const pair = shakeHands({ certificates: [certificate], serverName, client: { versionMax } });
      assert.equal(pair.client.fault?.code, code, code);
      assert.equal(pair.client.session, undefined);
      assert.throws(() => write(pair.client, Buffer.from("secret")), /before the handshake/);
      assert.equal(pair.server.fault?.code, "TLS_PEER_ALERT");
    }
  }
});

test("an IP address is verified against the addresses of the certificate", () => {
  const local = makeCertificate({ name: "IP:127.0.0.1", issuer: authority });
  assert.ok(shakeHands({ certificates: [local], serverName: "127.0.0.1" }).client.session !== undefined);
});

test("without verification any certificate will do", () => {
  const certificates = [makeCertificate({ name: "b.test" })];
  assert.ok(shakeHands({ certificates, client: { verify: false } }).client.session !== undefined);
});

test("the system's authorities are not ours", () => {
  assert.equal(shakeHands({ client: { ca: "system" } }).client.fault?.code, "TLS_CERTIFICATE_UNKNOWN_ISSUER");
});

test("a chain is shown whole: an authority in the middle need not be known", () => {
  const middle = makeCertificate({ name: "middle", issuer: authority, isAuthority: true });
  const leaf = makeCertificate({ name: "a.test", issuer: middle });
  const chain = library.openCertificate([leaf.der, middle.der], leaf.key);
  assert.ok(chain.ok);
  chain.value.free();
  assert.equal(shakeHands({ certificates: [leaf] }).client.fault?.code, "TLS_CERTIFICATE_UNKNOWN_ISSUER");
});

test("an authority that is listed is trusted without the one above it, for servers and for clients", () => {
  const middle = makeCertificate({ name: "middle", issuer: authority, isAuthority: true });
  const leaf = makeCertificate({ name: "a.test", issuer: middle });
  const certificate = openCertificate(leaf);
  const { server, client } = shakeHands({
    certificates: [leaf],
    server: { clientAuth: { mode: "require", ca: [middle.der] } },
    client: { ca: [middle.der], certificate },
  });
  for (const { session } of [server, client])
    assert.equal(session?.peerCertificate?.subject, "CN=a.test,O=Kakehi");
});

for (const versionMax of ["TLSv1.2", "TLSv1.3"] as const) {
  const clientAuth = (mode: "request" | "require") => ({
    server: { versionMax, clientAuth: { mode, ca: [authority.der] } },
  });

  test(`${versionMax}: a client that shows its certificate is known by subject and fingerprint`, () => {
    for (const mode of ["request", "require"] as const) {
      const certificate = openCertificate(alice);
      const { server, client } = shakeHands({ ...clientAuth(mode), client: { certificate } });
      assert.deepEqual(server.session?.peerCertificate, {
        subject: "CN=alice,O=Kakehi",
        fingerprint: createHash("sha256").update(alice.der).digest("hex"),
      });
      assert.equal(feed(server, write(client, Buffer.from("hi"))).plaintext.toString(), "hi");
    }
  });

  test(`${versionMax}: a client without a certificate is refused where one is required, and only there`, () => {
    const requested = shakeHands(clientAuth("request"));
    assert.ok(requested.server.session !== undefined);
    assert.equal(requested.server.session.peerCertificate, undefined);
    const required = shakeHands(clientAuth("require"));
    assert.equal(required.server.session, undefined);
    assert.equal(required.server.fault?.code, "TLS_NO_PEER_CERTIFICATE");
    assert.equal(required.client.fault?.code, "TLS_PEER_ALERT");
  });

  test(`${versionMax}: a client whose certificate a stranger signed is refused`, () => {
    const certificate = openCertificate(makeCertificate({ name: "mallory", issuer: stranger }));
    const { server } = shakeHands({ ...clientAuth("request"), client: { certificate } });
    assert.equal(server.fault?.code, "TLS_CERTIFICATE_UNKNOWN_ISSUER");
  });
}

const BMP_STRING = 0x1e;
const SEQUENCE = 0x30;
/** What stands in a subject, and how it is told: RFC 4514 section 2.4, and hexadecimal beyond ASCII. */
const ODD_NAMES: readonly (readonly [name: string, told: string, tag?: number])[] = [
  ["a\r\nX-Admin: 1", String.raw`a\0D\0AX-Admin: 1`],
  ["a\0b", String.raw`a\00b`],
  ["\x01\x1f\x7f\t", String.raw`\01\1F\7F\09`],
  ["root,O=Kakehi", String.raw`root\,O=Kakehi`],
  ['a+b"c<d>e;f\\g', String.raw`a\+b\"c\<d\>e\;f\\g`],
  [" # ", String.raw`\ #\ `],
  ["#a", String.raw`\#a`],
  ["Jörg", String.raw`J\C3\B6rg`],
  ["\0A\x01\xf6", String.raw`A\C7\B6`, BMP_STRING],
  ["\x05\0", "#30020500", SEQUENCE],
];

test("odd subjects are told in printable ASCII, each byte that means something escaped", () => {
  const clientAuth = { mode: "require", ca: [authority.der] } as const;
  for (const [name, told, tag] of ODD_NAMES) {
    const certificate = openCertificate(
      makeOddCertificate(authority, Buffer.from(name, tag === undefined ? "utf8" : "latin1"), tag),
    );
    const { server } = shakeHands({ server: { clientAuth }, client: { certificate } });
    const { subject } = server.session!.peerCertificate!;
    assert.match(subject, /^[\x20-\x7e]*$/);
    assert.equal(subject, `CN=${told},O=Kakehi`);
  }
});

test("certificates and keys that are none, or not each other's, are told apart", () => {
  const code = (chain: readonly Uint8Array[], key: Uint8Array): string | undefined => {
    const result = library.openCertificate(chain, key);
    return result.ok ? undefined : result.error.code;
  };
  const garbage = new Uint8Array(100).fill(0x30);
  assert.equal(code([], ecdsa.key), "BAD_CERTIFICATE");
  assert.equal(code([garbage], ecdsa.key), "BAD_CERTIFICATE");
  assert.equal(code([new Uint8Array(0)], ecdsa.key), "BAD_CERTIFICATE");
  assert.equal(code([new Uint8Array(10 * 1024 * 1024)], ecdsa.key), "BAD_CERTIFICATE");
  assert.equal(code([ecdsa.der, garbage], ecdsa.key), "BAD_CERTIFICATE");
  assert.equal(code([ecdsa.der], garbage), "BAD_KEY");
  assert.equal(code([ecdsa.der], new Uint8Array(0)), "BAD_KEY");
  assert.equal(code([ecdsa.der], alice.key), "KEY_MISMATCH");
  assert.equal(code([ecdsa.der], rsa.key), "KEY_MISMATCH");
  assert.equal(code([Buffer.concat([ecdsa.der, garbage])], ecdsa.key), "BAD_CERTIFICATE");
  const weak = makeCertificate({ name: "a.test", keyKind: "rsa-1024" });
  assert.equal(code([weak.der], weak.key), "WEAK_CERTIFICATE");
});

test("options that OpenSSL does not know are told apart", () => {
  const code = (options: object): string | undefined => {
    const result = library.openServerContext(options);
    return result.ok ? undefined : result.error.code;
  };
  assert.equal(code({ ciphers: "NO-SUCH-CIPHER" }), "BAD_CIPHERS");
  assert.equal(code({ suites: "NO_SUCH_SUITE" }), "BAD_CIPHERS");
  assert.equal(code({ groups: "no-such-group" }), "BAD_GROUPS");
  assert.equal(code({ ciphers: "x".repeat(1_000_000) }), "BAD_CIPHERS");
  assert.equal(code({ suites: "TLS_AES_128_GCM_SHA256\0:NO_SUCH_SUITE" }), "BAD_CIPHERS");
  assert.equal(code({ groups: "X25519\0" }), "BAD_GROUPS");
  assert.equal(code({ versionMin: "TLSv1.3", versionMax: "TLSv1.2" }), "BAD_VERSIONS");
  assert.equal(code({ clientAuth: { mode: "require", ca: [new Uint8Array(3)] } }), "BAD_CERTIFICATE");
  const client = library.openClientContext({ verify: true, ca: [new Uint8Array(3)] });
  assert.equal(!client.ok && client.error.code, "BAD_CERTIFICATE");
});

test("what cannot be a server's name is refused before anything is sent", () => {
  const context = openClient();
  for (const name of ["", "a\0b", "x".repeat(1_000_000), `${"x".repeat(63)}.`.repeat(4)]) {
    const connected = context.connect(name);
    assert.equal(!connected.ok && connected.error.code, "BAD_SERVER_NAME");
  }
});
