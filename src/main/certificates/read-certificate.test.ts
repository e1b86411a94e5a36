import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CertificateMaker, type MadeCertificate } from "../../../testing/tls/make-certificates.ts";
import { PEM_CHARS_MAX } from "../../model/limits.ts";
import type { SentCertificate } from "../../model/orders.ts";
import { readCertificate, type ReadCertificate } from "./read-certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-certificates-"));
after(() => rmSync(folder, { recursive: true }));
const maker = new CertificateMaker(folder);
const root = maker.make({ isAuthority: true, commonName: "root" });
const middle = maker.make({ isAuthority: true, commonName: "middle", issuer: root });
const leaf = maker.make({ names: "DNS:a.example", issuer: middle });
const alone = maker.make({ names: "DNS:b.example" });
const NOW = Date.now();

function sent(made: MadeCertificate, more: Partial<SentCertificate> = {}): SentCertificate {
  return { listener: "127.0.0.1:8443", ...made, chain: [], reject_expired: false, ...more };
}

function read(made: MadeCertificate, more: Partial<SentCertificate> = {}): ReadCertificate {
  const result = readCertificate(sent(made, more), NOW);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.value;
}

/** The refusal as `CODE: message`. No refusal may hold anything of the key. */
function refusal(made: MadeCertificate, more: Partial<SentCertificate> = {}): string {
  const order = sent(made, more);
  const result = readCertificate(order, NOW);
  assert.ok(!result.ok, "it was accepted");
  const text = JSON.stringify(result.error);
  for (const line of order.key.split("\n").filter((one) => one.length > 20 && !one.startsWith("-----")))
    assert.ok(!text.includes(line), "a key is in an error");
  return `${result.error.code}: ${result.error.message}`;
}

const INVALID = "INVALID_CERTIFICATE";

test("a certificate is read to its DER, its fingerprint, its names and its dates", () => {
  const { certificate, warnings } = read(alone);
  const parsed = new X509Certificate(alone.certificate);
  assert.deepEqual(warnings, []);
  assert.equal(certificate.certificate, parsed.raw.toString("base64"));
  assert.equal(certificate.fingerprint, parsed.fingerprint256.replaceAll(":", "").toLowerCase());
  assert.deepEqual(certificate.names, ["b.example"]);
  assert.equal(certificate.key_type, "ecdsa-p256");
  assert.equal(certificate.not_after_ms, Date.parse(parsed.validTo));
  assert.equal(certificate.not_before_ms, Date.parse(parsed.validFrom));
});

test("what was read, sent again as it is stored, reads the same", () => {
  const { certificate } = read(leaf, { chain: [middle.certificate, root.certificate] });
  const { certificate: again } = read(leaf, certificate);
  assert.deepEqual(again, certificate);
});

test("names are canonical, each once, IP addresses too; without any, the common name", () => {
  const names = "DNS:WWW.Example.com,DNS:*.example.com,DNS:www.example.com,IP:192.0.2.1,IP:2001:db8:0::1";
  assert.deepEqual(read(maker.make({ names })).certificate.names, [
    "www.example.com",
    "*.example.com",
    "192.0.2.1",
    "[2001:db8::1]",
  ]);
  assert.deepEqual(read(maker.make({ commonName: "Old.example" })).certificate.names, ["old.example"]);
  const { certificate, warnings } = read(maker.make({ commonName: "Jane Doe" }));
  assert.deepEqual(certificate.names, []);
  assert.match(warnings.join(), /names no host/);
});

test("names that are sent go before those of the certificate", () => {
  assert.deepEqual(read(alone, { names: ["other.example"] }).certificate.names, ["other.example"]);
});

test("a name with odd bytes is refused, and shown so that it does no harm", () => {
  const odd = maker.make({ names: "@odd\n[odd]\nDNS.1=a, b.example" });
  assert.match(refusal(odd), /^INVALID_CERTIFICATE: data\.certificate has a name that no host can have/);
  assert.match(refusal(maker.make({ names: "DNS:*" })), /"\*" alone/);
});

test("keys of every kind that is served are told apart", () => {
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ["rsa", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
    ["ecdsa-p384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]],
    ["ecdsa-p521", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]],
    ["ed25519", ["-algorithm", "ED25519"]],
  ];
  for (const [kind, key] of kinds) assert.equal(read(maker.make({ key })).certificate.key_type, kind);
});

test("keys that are too short, or of other kinds, are refused", () => {
  const short = maker.make({ key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"] });
  assert.match(refusal(short), /RSA key of 1024 bits, and must have at least 2048/);
  const curve = maker.make({ key: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"] });
  assert.match(refusal(curve), /the curve secp256k1, which is not served/);
  assert.match(
    refusal(maker.make({ key: ["-algorithm", "ED448"] })),
    /of the kind ed448, which is not served/,
  );
});

test("old forms of keys are read", () => {
  const { certificate } = read(alone);
  const sec1 = maker.openssl(["ec", "-in", maker.write("old", alone.key)], "");
  assert.match(sec1, /BEGIN EC PRIVATE KEY/);
  assert.equal(read(alone, { key: sec1 }).certificate.key, certificate.key);
});

test("KEY_MISMATCH: a key of another certificate", () => {
  assert.equal(refusal(alone, { key: root.key }), "KEY_MISMATCH: data.key is not the key of the certificate");
});

test("INVALID_CERTIFICATE: PEM that is garbage, empty, cut off or something else", () => {
  const garbage: readonly (readonly [string, RegExp])[] = [
    ["", /data\.certificate is empty/],
    ["hello, world", /data\.certificate is not PEM/],
    ["hello", /data\.certificate is not PEM/],
    ["AAAA", /data\.certificate is not a certificate/],
    [alone.certificate.slice(0, -20), /data\.certificate is cut off/],
    [alone.certificate.replace(/\n[A-Za-z0-9+/]{10}/, "\n%%%%%%%%%%"), /is damaged: block 1 is not base64/],
    ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", /is not a certificate/],
    ["-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", /is damaged/],
    [alone.key, /holds no certificate/],
  ];
  for (const [certificate, reason] of garbage) {
    const text = refusal(alone, { certificate });
    assert.match(text, reason);
    assert.ok(text.startsWith(INVALID), text);
  }
});

test("INVALID_CERTIFICATE: keys that are garbage, encrypted in either way, missing or several", () => {
  const old = maker.openssl(
    ["ec", "-in", maker.write("plain", alone.key), "-aes128", "-passout", "pass:abcd"],
    "",
  );
  const pkcs8 = maker.openssl(
    ["pkcs8", "-topk8", "-in", maker.write("plain", alone.key), "-passout", "pass:abcd"],
    "",
  );
  const keys: readonly (readonly [string, RegExp])[] = [
    [old, /data\.key is encrypted/],
    [pkcs8, /data\.key is encrypted/],
    ["", /data\.key is empty/],
    ["garbage!", /data\.key is not PEM/],
    ["c2VjcmV0LXNlY3JldC1zZWNyZXQ=", /data\.key is not a private key/],
    [alone.certificate, /data\.key holds no private key/],
    [alone.key + root.key, /data\.key holds 2 private keys/],
  ];
  for (const [key, reason] of keys) assert.match(refusal(alone, { key }), reason);
});

test("a text at the limit of size is judged in no time, whatever it holds", () => {
  for (const text of ["-----BEGIN ", "-----BEGIN A-----", "A", " ", "-----END A-----"]) {
    const filled = text.repeat(Math.floor(PEM_CHARS_MAX / text.length));
    assert.ok(refusal(alone, { certificate: filled }).startsWith(INVALID), text);
  }
});

test("a chain is in order, from the certificate to its root, wherever its parts come from", () => {
  const expected = [middle, root].map(({ certificate }) =>
    new X509Certificate(certificate).raw.toString("base64"),
  );
  const whole = leaf.certificate + middle.certificate + root.certificate;
  for (const parts of [
    { chain: [middle.certificate, root.certificate] },
    { chain: [middle.certificate + root.certificate] },
    { certificate: whole },
    { certificate: leaf.certificate + middle.certificate, chain: [root.certificate] },
    { chain: [whole] },
  ]) {
    assert.deepEqual(read(leaf, parts).certificate.chain, expected);
  }
  assert.deepEqual(read(leaf, { chain: [middle.certificate] }).certificate.chain, expected.slice(0, 1));
});

test("INVALID_CERTIFICATE: a chain in the wrong order says what is where", () => {
  assert.equal(
    refusal(leaf, { chain: [root.certificate, middle.certificate] }),
    `${INVALID}: data.chain is out of order: certificate 1 of it did not sign the certificate; certificate 2 of the chain did`,
  );
  assert.match(
    refusal(leaf, { chain: [alone.certificate] }),
    /did not sign the certificate; none of the chain did/,
  );
  assert.match(
    refusal(leaf, { chain: [middle.certificate, alone.certificate] }),
    /certificate 2 of it did not sign certificate 1 of the chain/,
  );
  assert.match(refusal(leaf, { chain: ["garbage!"] }), /data\.chain\[0\] is not PEM/);
});

test("INVALID_CERTIFICATE: an authority of the same name with another key", () => {
  const impostor = maker.make({ isAuthority: true, commonName: "middle", issuer: root });
  assert.match(refusal(leaf, { chain: [impostor.certificate] }), /did not sign the certificate/);
});

test("INVALID_CERTIFICATE: a chain longer than ten", () => {
  const chain = [middle.certificate, ...Array.from({ length: 10 }, () => root.certificate)];
  assert.match(refusal(leaf, { chain }), /has 11 certificates, and no more than 10 may be/);
});

test("an expired certificate is accepted with a warning, or refused where that is wanted", () => {
  const expired = maker.make({ names: "DNS:c.example", days: -1 });
  assert.deepEqual(read(expired).warnings, ["it expired on 2020-02-01"]);
  assert.equal(
    refusal(expired, { reject_expired: true }),
    `${INVALID}: data.certificate expired on 2020-02-01`,
  );
  const early = readCertificate(sent(alone), NOW - 86_400_000);
  assert.match(early.ok ? early.value.warnings.join() : "", /not valid before/);
});
