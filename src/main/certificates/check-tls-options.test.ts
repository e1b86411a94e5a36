import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { freeAll, keep, library } from "../../../testing/tls/pair.ts";
import { findTlsOptionFault, findTlsOptionWarnings } from "./check-tls-options.ts";

afterEach(() => assert.equal(freeAll().machines, 0));

function refusal(ciphers: string): string | undefined {
  return findTlsOptionFault({ cipher_list: ciphers })?.message.replace("data.cipher_list ", "");
}

const ECDHE = "ECDHE-RSA-AES128-GCM-SHA256";

test("a list of ciphers that leaves nothing to serve is refused", () => {
  const lists = ["NULL", "aNULL", "PSK", "SRP", "kDHE", "DHE-RSA-AES128-GCM-SHA256", "HIGH:!ALL", "!ALL"];
  for (const list of [...lists, "aNULL:eNULL:PSK:kDHE", ":", "@STRENGTH", `${ECDHE}:!ECDHE`])
    assert.match(refusal(list) ?? "accepted", /^leaves no cipher that can be served/, list);
});

test("a name that means nothing is refused wherever it stands, one that is taken away is not", () => {
  for (const name of ["garbage", "RC4", "RC4-SHA", "="])
    for (const list of [name, `${ECDHE}:${name}`, `${name}:${ECDHE}`])
      assert.match(refusal(list) ?? "accepted", new RegExp(`^names ${name}, by which`), list);
  assert.match(refusal(`${ECDHE}:DEFAULT`)!, /^names DEFAULT, by which/);
  assert.equal(refusal(`${ECDHE}:!RC4:!garbage:-MD5:+SHA1`), undefined);
});

test("names of TLS 1.3 are refused and said to be served anyway", () => {
  for (const list of ["TLS_AES_128_GCM_SHA256", `${ECDHE}:TLS_AES_256_GCM_SHA384`])
    assert.match(refusal(list) ?? "accepted", /^names TLS_AES_.*: those of TLS 1.3 are always served/);
});

test("a security level that refuses common certificates is refused", () => {
  for (const list of ["ALL:@SECLEVEL=5", "ALL@SECLEVEL=3", "@SECLEVEL=9"])
    assert.match(refusal(list) ?? "accepted", /^asks for @SECLEVEL=[0-9], where common certificates/);
  for (const list of ["ALL:@SECLEVEL=2", "DEFAULT@SECLEVEL=1", "HIGH:@SECLEVEL=0"])
    assert.equal(refusal(list), undefined);
});

test("what is accepted makes a context in a worker, too", () => {
  const lists = [
    "DEFAULT",
    "HIGH:!aNULL:!MD5:!RC4",
    "ALL:@SECLEVEL=0",
    "kRSA+AES",
    "ECDHE+AESGCM:ECDHE",
    ECDHE,
  ];
  for (const ciphers of lists) {
    assert.equal(refusal(ciphers), undefined, ciphers);
    const opened = library.openServerContext({ ciphers });
    assert.ok(opened.ok, ciphers);
    keep(opened.value);
  }
});

test("groups that OpenSSL does not know are refused; such as no common client offers bring a warning", () => {
  assert.match(findTlsOptionFault({ groups: ["X25519", "P-255"] })!.message, /names P-255/);
  assert.equal(findTlsOptionFault({ groups: ["P-256", "prime256v1"] }), undefined);
  for (const groups of [["X448"], ["P-521", "ffdhe2048"]])
    assert.equal(findTlsOptionWarnings({ groups }).length, 1);
  for (const groups of [["x25519"], ["X448", "secp384r1"], null])
    assert.deepEqual(findTlsOptionWarnings({ groups }), []);
});
