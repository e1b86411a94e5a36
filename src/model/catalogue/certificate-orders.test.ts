import assert from "node:assert/strict";
import { test } from "node:test";
import { AUTHORITIES_MAX, CERTIFICATE_NAMES_MAX, CHAIN_CERTIFICATES_MAX, PEM_CHARS_MAX } from "../limits.ts";
import { parseOrderBody } from "./parse-order.ts";

const FINGERPRINT = "ab".repeat(32);
const SECRET = "-----BEGIN PRIVATE KEY-----\nU0VDUkVUU0VDUkVU\n-----END PRIVATE KEY-----\n";
const SENT = { listener: "127.0.0.1:8443", certificate: "PEM", key: SECRET };

function dataOf(type: string, data: object): Readonly<Record<string, unknown>> {
  const parsed = parseOrderBody(type, data);
  assert.ok(parsed.ok, parsed.ok ? "" : parsed.error.message);
  return { ...parsed.value.data };
}

/** The code and field of a refusal, which never holds a key. */
function faultOf(type: string, data: object): string {
  const parsed = parseOrderBody(type, data);
  assert.ok(!parsed.ok, "it was accepted");
  assert.ok(!JSON.stringify(parsed.error).includes("U0VDUkVU"), "a key is in an error");
  return `${parsed.error.code} ${parsed.error.field}`;
}

test("what is sent is left as it is, but for names in canonical form, each once", () => {
  const names = ["WWW.example.com.", "*.Example.com", "www.example.com"];
  assert.deepEqual(dataOf("ADD_CERTIFICATE", { ...SENT, names }), {
    ...SENT,
    names: ["www.example.com", "*.example.com"],
    chain: [],
    reject_expired: false,
  });
});

test("INVALID_CERTIFICATE: texts that are empty, or larger than the limit", () => {
  const large = "x".repeat(PEM_CHARS_MAX + 1);
  assert.equal(
    faultOf("ADD_CERTIFICATE", { ...SENT, certificate: large }),
    "INVALID_CERTIFICATE data.certificate",
  );
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, key: large }), "INVALID_CERTIFICATE data.key");
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, key: " \n" }), "INVALID_CERTIFICATE data.key");
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, chain: [large] }), "INVALID_CERTIFICATE data.chain[0]");
  dataOf("ADD_CERTIFICATE", { ...SENT, certificate: large.slice(1) });
});

test("INVALID_FIELD: names with odd bytes, too many names, too long a chain, wrong types", () => {
  for (const name of ["a b", "a\0.example", "ä.example", "a*.example", "*", "", "a:443", 7]) {
    assert.equal(
      faultOf("ADD_CERTIFICATE", { ...SENT, names: ["a.example", name] }),
      "INVALID_FIELD data.names[1]",
    );
  }
  const many = Array.from({ length: CERTIFICATE_NAMES_MAX + 1 }, (_, index) => `n${index}.example`);
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, names: many }), "INVALID_FIELD data.names");
  const chain = Array.from({ length: CHAIN_CERTIFICATES_MAX + 1 }, () => "PEM");
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, chain }), "INVALID_FIELD data.chain");
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, key: { secret: SECRET } }), "INVALID_FIELD data.key");
  assert.equal(faultOf("ADD_CERTIFICATE", { ...SENT, keys: SECRET }), "UNKNOWN_FIELD data.keys");
});

test("fingerprints are read as openssl writes them, too", () => {
  const colons = FINGERPRINT.toUpperCase().match(/../g)!.join(":");
  for (const fingerprint of [FINGERPRINT, FINGERPRINT.toUpperCase(), colons]) {
    const data = dataOf("REMOVE_CERTIFICATE", { listener: "127.0.0.1:8443", fingerprint });
    assert.equal(data["fingerprint"], FINGERPRINT);
  }
  for (const fingerprint of ["", FINGERPRINT.slice(1), `${FINGERPRINT}0`, "z".repeat(64), `${colons}:`]) {
    assert.equal(
      faultOf("REMOVE_CERTIFICATE", { listener: "127.0.0.1:8443", fingerprint }),
      "INVALID_FIELD data.fingerprint",
    );
  }
});

test("a list is asked for a host's name, a wildcard's, or an address", () => {
  for (const [name, stored] of [
    ["WWW.a.example.", "www.a.example"],
    ["*.A.example", "*.a.example"],
    ["192.0.2.1", "192.0.2.1"],
  ])
    assert.equal(dataOf("LIST_CERTIFICATES", { name })["name"], stored);
  for (const name of ["*", "a.*.example", "", "a..b"])
    assert.equal(faultOf("LIST_CERTIFICATES", { name }), "INVALID_FIELD data.name");
});

test("the fields of https listeners are checked, and are for https only", () => {
  const listener = (fields: object) => ({ address: "127.0.0.1:8443", protocol: "https", ...fields });
  const wrong: readonly (readonly [object, string])[] = [
    [{ tls_versions: [] }, "INVALID_FIELD data.tls_versions"],
    [{ tls_versions: ["TLSv1.3", "TLSv1.3"] }, "INVALID_FIELD data.tls_versions"],
    [{ groups: ["X25519", "P-256", "X25519"] }, "INVALID_FIELD data.groups"],
    [{ tls_versions: ["TLSv1.1"] }, "INVALID_FIELD data.tls_versions[0]"],
    [{ alpn: ["h2"] }, "NOT_SUPPORTED data.alpn[0]"],
    [{ alpn: ["spdy"] }, "INVALID_FIELD data.alpn[0]"],
    [{ cipher_list: "a b" }, "INVALID_FIELD data.cipher_list"],
    [{ cipher_list: "A".repeat(1_025) }, "INVALID_FIELD data.cipher_list"],
    [{ groups: ["X 25519"] }, "INVALID_FIELD data.groups[0]"],
    [{ strict_sni: "yes" }, "INVALID_FIELD data.strict_sni"],
    [{ default_certificate: "ab" }, "INVALID_FIELD data.default_certificate"],
    [{ protocol: "http", strict_sni: false }, "INVALID_FIELD data.strict_sni"],
  ];
  for (const [fields, fault] of wrong) assert.equal(faultOf("ADD_LISTENER", listener(fields)), fault);
  const data = dataOf("ADD_LISTENER", listener({ tls_versions: ["TLSv1.3", "TLSv1.2"] }));
  assert.deepEqual(data["tls_versions"], ["TLSv1.3", "TLSv1.2"]);
  assert.equal(Object.keys(data)[0], "address");
});

test("client_auth takes authorities and a mode, and clients must have a certificate unless it says otherwise", () => {
  const listener = { address: "127.0.0.1:8443", protocol: "https" };
  const authOf = (client_auth: object): unknown =>
    dataOf("ADD_LISTENER", { ...listener, client_auth })["client_auth"];
  assert.deepEqual(authOf({ ca: ["PEM"] }), { ca: ["PEM"], mode: "require" });
  assert.deepEqual(authOf({ ca: ["PEM", "PEM"], mode: "request" }), { ca: ["PEM", "PEM"], mode: "request" });
  const { address } = listener;
  assert.deepEqual(dataOf("UPDATE_LISTENER", { address, client_auth: null })["client_auth"], null);
});

test("INVALID_FIELD and INVALID_CERTIFICATE: a client_auth that is not one, or not of https", () => {
  const large = "x".repeat(PEM_CHARS_MAX + 1);
  for (const [client_auth, fault] of [
    ["require", "INVALID_FIELD data.client_auth"],
    [{ mode: "require" }, "INVALID_FIELD data.client_auth.ca"],
    [{ ca: [] }, "INVALID_FIELD data.client_auth.ca"],
    [{ ca: "PEM" }, "INVALID_FIELD data.client_auth.ca"],
    [{ ca: [7] }, "INVALID_FIELD data.client_auth.ca[0]"],
    [{ ca: Array<string>(AUTHORITIES_MAX + 1).fill("PEM") }, "INVALID_FIELD data.client_auth.ca"],
    [{ ca: ["PEM", ""] }, "INVALID_CERTIFICATE data.client_auth.ca[1]"],
    [{ ca: [large] }, "INVALID_CERTIFICATE data.client_auth.ca[0]"],
    [{ ca: ["PEM"], mode: "optional" }, "INVALID_FIELD data.client_auth.mode"],
    [{ ca: ["PEM"], key: SECRET }, "UNKNOWN_FIELD data.client_auth.key"],
  ] as const) {
    const address = "127.0.0.1:8443";
    assert.equal(faultOf("ADD_LISTENER", { address, protocol: "https", client_auth }), fault);
    assert.equal(faultOf("UPDATE_LISTENER", { address, client_auth }), fault);
  }
  const plain = { address: "127.0.0.1:8080", protocol: "http", client_auth: { ca: ["PEM"] } };
  assert.equal(faultOf("ADD_LISTENER", plain), "INVALID_FIELD data.client_auth");
});
