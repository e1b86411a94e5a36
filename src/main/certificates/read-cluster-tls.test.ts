import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CertificateMaker } from "../../../testing/tls/make-certificates.ts";
import type { ClusterTls } from "../../model/objects.ts";
import { readClusterTls } from "./read-cluster-tls.ts";

const folder = mkdtempSync(join(tmpdir(), "kakehi-cluster-tls-"));
after(() => rmSync(folder, { recursive: true }));
const maker = new CertificateMaker(folder);
const root = maker.make({ isAuthority: true, commonName: "root" });
const other = maker.make({ isAuthority: true, commonName: "other" });
const client = maker.make({ commonName: "kakehi", issuer: root });
const SHOWN = { certificate: client.certificate, key: client.key };
const NOW = Date.now();

const derOf = (pem: string): string => new X509Certificate(pem).raw.toString("base64");

function read(tls: Partial<ClusterTls>): ClusterTls {
  const result = readClusterTls({ verify: true, ...tls }, NOW);
  assert.ok(result.ok, result.ok ? "" : result.error.message);
  return result.value;
}

/** The refusal as `CODE field: message`. None may hold anything of the key. */
function refusal(tls: Partial<ClusterTls>): string {
  const result = readClusterTls({ verify: true, ...tls }, NOW);
  assert.ok(!result.ok, "it was accepted");
  const { code, field, message } = result.error;
  const secret = client.key.split("\n")[1]!;
  assert.ok(!JSON.stringify(result.error).includes(secret), "a key is in an error");
  return `${code} ${field}: ${message}`;
}

test("without a certificate or authorities it stays what it is", () => {
  assert.deepEqual(read({}), { verify: true });
  const named = { server_name: "app.internal", verify: false };
  assert.deepEqual(read(named), named);
});

test("authorities become DER, each once, also those of one bundle", () => {
  const bundle = root.certificate + other.certificate;
  const ca = [derOf(root.certificate), derOf(other.certificate)];
  assert.deepEqual(read({ ca: [bundle, root.certificate] }).ca, ca);
});

test("what backends are shown is read as a listener's certificate is, its chain behind it", () => {
  const { certificate, chain, key } = read({ ...SHOWN, chain: [root.certificate] });
  assert.deepEqual([certificate, chain], [derOf(client.certificate), [derOf(root.certificate)]]);
  assert.match(key ?? "", /^MI[A-Za-z0-9+/]+=*$/);
  assert.equal("chain" in read(SHOWN), false);
  const both = read({ ...SHOWN, certificate: client.certificate + root.certificate });
  assert.deepEqual(both.chain, [derOf(root.certificate)]);
});

test("what was read, read again as it is stored, stays the same", () => {
  const once = read({ server_name: "a.test", ca: [root.certificate], ...SHOWN, chain: [root.certificate] });
  assert.deepEqual(read(once), once);
});

test("what is wrong is named with its field, below tls", () => {
  const cases: readonly (readonly [Partial<ClusterTls>, RegExp])[] = [
    [
      { ca: [root.certificate, "garbage!"] },
      /^INVALID_CERTIFICATE data\.tls\.ca\[1\]: data\.tls\.ca\[1\] is not/,
    ],
    [{ ...SHOWN, certificate: "garbage!" }, /^INVALID_CERTIFICATE data\.tls\.certificate: data\.tls\.cert/],
    [{ ...SHOWN, key: other.key }, /^KEY_MISMATCH data\.tls\.key: data\.tls\.key is not the key/],
    [{ ...SHOWN, key: `${client.key}${client.key}` }, /^INVALID_CERTIFICATE data\.tls\.key: /],
    [
      { ...SHOWN, chain: [other.certificate] },
      /^INVALID_CERTIFICATE data\.tls\.chain: data\.tls\.chain is out/,
    ],
    [{ ca: [client.key] }, /^INVALID_CERTIFICATE data\.tls\.ca\[0\]: /],
  ];
  for (const [tls, reason] of cases) assert.match(refusal(tls), reason);
});
