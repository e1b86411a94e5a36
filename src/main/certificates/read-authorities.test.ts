import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CertificateMaker, type MadeCertificate } from "../../../testing/tls/make-certificates.ts";
import { AUTHORITIES_MAX, AUTHORITY_BYTES_MAX } from "../../model/limits.ts";
import { readAuthorities, readClientAuth } from "./read-authorities.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-authorities-"));
after(() => rmSync(folder, { recursive: true }));
const maker = new CertificateMaker(folder);
const first = maker.make({ isAuthority: true, commonName: "first" });
const second = maker.make({ isAuthority: true, commonName: "second" });
const leaf = maker.make({ names: "DNS:a.example", issuer: first });

function derOf({ certificate }: MadeCertificate): string {
  return new X509Certificate(certificate).raw.toString("base64");
}

function caOf(...ca: readonly string[]): readonly string[] {
  const read = readClientAuth({ ca, mode: "request" }, Date.now());
  assert.ok(read.ok, read.ok ? "" : read.error.message);
  assert.deepEqual([read.value.clientAuth.mode, read.value.warnings], ["request", []]);
  return read.value.clientAuth.ca;
}

/** The refusal as `CODE field: message`. None may hold anything of a key. */
function refusal(...ca: readonly string[]): string {
  const read = readClientAuth({ ca, mode: "require" }, Date.now());
  assert.ok(!read.ok, "it was accepted");
  const { code, field, message } = read.error;
  const key = first.key.split("\n")[1]!;
  assert.ok(!JSON.stringify(read.error).includes(key), "a key is in an error");
  return `${code} ${field}: ${message}`;
}

test("PEM becomes DER in base64, bundles come apart, and each certificate is there once", () => {
  const all = [derOf(first), derOf(second)];
  assert.deepEqual(caOf(first.certificate, second.certificate), all);
  assert.deepEqual(caOf(`${first.certificate}\n# the other\n${second.certificate}`, first.certificate), all);
  assert.deepEqual(caOf(...all), all, "as states hold them");
});

test("an authority that has expired is taken, with a warning that says which and when", () => {
  const { validToDate } = new X509Certificate(second.certificate);
  const sent = { ca: [first.certificate, second.certificate], mode: "require" } as const;
  const read = readClientAuth(sent, validToDate.getTime() + 1);
  assert.ok(read.ok);
  const day = validToDate.toISOString().slice(0, 10);
  assert.equal(read.value.warnings[1], `authority 2 of its client_auth expired on ${day}`);
});

test("INVALID_CERTIFICATE: authorities that are garbage, empty, cut off or something else", () => {
  const { certificate, key } = first;
  for (const [text, reason] of [
    ["garbage!", /ca\[1\] is not PEM/],
    [" \n", /ca\[1\] is empty/],
    ["AAAA", /ca\[1\] is not a certificate/],
    [certificate.slice(0, -30), /ca\[1\] is cut off/],
    [certificate.replace(/^(.{40}).*$/m, "$1"), /ca\[1\] is (damaged|cut off|not a certificate)/],
    [key, /ca\[1\] holds a private key/],
    [certificate + key, /ca\[1\] holds a private key/],
    [key.replaceAll("PRIVATE", "PUBLIC"), /ca\[1\] holds no certificate/],
  ] as const) {
    const told = refusal(second.certificate, text);
    assert.match(told, /^INVALID_CERTIFICATE data\.client_auth\.ca\[1\]: data\.client_auth\./);
    assert.match(told, reason);
  }
});

test("INVALID_CERTIFICATE: a certificate that may not sign others", () => {
  assert.match(
    refusal(first.certificate, leaf.certificate),
    /^INVALID_CERTIFICATE data\.client_auth\.ca: .* no authority's: number 2 of them$/,
  );
  assert.ok(readAuthorities([leaf.certificate], "data.tls.ca").ok, "a backend's own may be believed");
});

test("INVALID_CERTIFICATE: more certificates than the limit, and one that is larger than its own", () => {
  const many = Array.from({ length: AUTHORITIES_MAX + 1 }, (_, index) => variantOf(first, index));
  assert.match(refusal(many.join("")), /ca has 257 certificates, and may have at most 256/);
  assert.equal(caOf(many.slice(1).join("")).length, AUTHORITIES_MAX);
  const names = Array.from({ length: 3_000 }, (_, index) => `DNS:host-${index}.of-a-long-name.example`);
  const large = maker.make({ isAuthority: true, names: names.join(",") }).certificate;
  assert.ok(new X509Certificate(large).raw.length > AUTHORITY_BYTES_MAX);
  assert.match(refusal(large), /ca\[0\] holds a certificate of more than/);
});

/** The certificate with another signature, which nobody verifies here: its last bytes are a number. */
function variantOf({ certificate }: MadeCertificate, number: number): string {
  const der = Buffer.from(new X509Certificate(certificate).raw);
  der.writeUInt16BE(number, der.length - 2);
  const text = der.toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}
