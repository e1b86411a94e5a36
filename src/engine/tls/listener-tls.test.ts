import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BACKEND, LISTENER, SecureRig } from "../../../testing/sim/secure-rig.ts";
import { freeAll } from "../../../testing/tls/pair.ts";
import { LISTENER_DEFAULTS } from "../../model/defaults.ts";
import type { Listener } from "../../model/objects.ts";
import type { TlsClientOptions } from "../../tls/machine.ts";

const ECDSA_ONLY = "ECDHE-ECDSA-AES128-GCM-SHA256";
const RSA_ONLY = "ECDHE-RSA-AES128-GCM-SHA256";

afterEach(() => assert.equal(freeAll().machines, 0));

/** Changes the listener's fields while it runs. */
function update(rig: SecureRig, fields: Partial<Listener>): void {
  const value: Listener = {
    ...LISTENER_DEFAULTS,
    address: LISTENER,
    protocol: "https",
    tls_versions: ["TLSv1.2", "TLSv1.3"],
    alpn: ["http/1.1"],
    ...fields,
  };
  rig.put({ kind: "listener", value });
}

/** What a client agrees on with the listener: `version cipher protocol`, or the number of the alert. */
function agreement(rig: SecureRig, options: Partial<TlsClientOptions> = {}): string {
  const client = rig.secureClient(options).settle();
  const { session, fault } = client.machine;
  client.peer.close();
  rig.net.settle();
  if (session === undefined) return `alert ${fault?.alert}`;
  return `${session.version} ${session.cipher} ${session.protocol ?? "-"}`;
}

/** The fingerprint that a client is shown. */
function shownTo(rig: SecureRig, serverName: string, options: Partial<TlsClientOptions> = {}): string {
  const client = rig.secureClient(options, serverName).settle();
  const shown = client.machine.session?.peerCertificate?.fingerprint;
  client.peer.close();
  rig.net.settle();
  assert.ok(shown !== undefined, client.machine.fault?.text ?? "it is not connected");
  return shown;
}

test("tls_versions: a client gets the highest that is on, and an alert where none is", () => {
  const rig = new SecureRig();
  assert.match(agreement(rig), /^TLSv1\.3 /);
  update(rig, { tls_versions: ["TLSv1.2"] });
  assert.match(agreement(rig), /^TLSv1\.2 /);
  update(rig, { tls_versions: ["TLSv1.3"] });
  assert.match(agreement(rig), /^TLSv1\.3 /);
  assert.equal(agreement(rig, { versionMax: "TLSv1.2" }), "alert 70");
});

test("cipher_list: only its suites are agreed on in TLS 1.2, from the next handshake on", () => {
  const rig = new SecureRig();
  const old = { versionMax: "TLSv1.2" } as const;
  const one = "ECDHE-ECDSA-AES256-GCM-SHA384";
  const other = "ECDHE-ECDSA-CHACHA20-POLY1305";
  update(rig, { cipher_list: one });
  assert.match(agreement(rig, old), new RegExp(` ${one} `));
  update(rig, { cipher_list: other });
  assert.match(agreement(rig, old), new RegExp(` ${other} `));
  assert.equal(agreement(rig, { ...old, ciphers: one }), "alert 40");
});

test("groups: only those of the listener are agreed on", () => {
  const rig = new SecureRig();
  update(rig, { groups: ["P-384"] });
  assert.match(agreement(rig, { groups: "X25519:P-384" }), /^TLSv1\.3 /);
  assert.equal(agreement(rig, { groups: "X25519" }), "alert 40");
});

test("alpn: a protocol of the listener is told, and a client without any of them gets an alert", () => {
  const rig = new SecureRig();
  assert.match(agreement(rig, { protocols: ["h2", "http/1.1"] }), / http\/1\.1$/);
  assert.match(agreement(rig), / -$/);
  assert.equal(agreement(rig, { protocols: ["h2"] }), "alert 120");
});

test("default_certificate: who asks for no served name gets it, once it is there, and loses it with its removal", () => {
  const rig = new SecureRig();
  rig.net.backend(BACKEND);
  rig.certificate("b.example");
  const own = shownTo(rig, "nobody.example");
  const chosen = rig.certificate("c.example");
  assert.equal(shownTo(rig, "nobody.example"), own, "it is only asked for by its name");
  update(rig, { default_certificate: chosen.fingerprint });
  assert.equal(shownTo(rig, "nobody.example"), chosen.fingerprint);
  assert.equal(shownTo(rig, "192.0.2.1"), chosen.fingerprint, "an address is no name");
  rig.remove("certificate", `${LISTENER} ${chosen.fingerprint}`);
  assert.equal(shownTo(rig, "nobody.example"), own);
});

test("RSA and ECDSA stand side by side for a name, and each client gets what it can use", () => {
  const rig = new SecureRig();
  const rsa = rig.certificate("a.example", "rsa-2048");
  const ecdsa = rig.certificate("a.example");
  const old = { versionMax: "TLSv1.2" } as const;
  assert.equal(shownTo(rig, "a.example"), ecdsa.fingerprint);
  assert.equal(shownTo(rig, "a.example", { ...old, ciphers: ECDSA_ONLY }), ecdsa.fingerprint);
  assert.equal(shownTo(rig, "a.example", { ...old, ciphers: RSA_ONLY }), rsa.fingerprint);
});

test("a listener's cipher_list has a say in that: what only the client can use serves nobody", () => {
  const rig = new SecureRig();
  const rsa = rig.certificate("a.example", "rsa-2048");
  const ecdsa = rig.certificate("a.example");
  const old = { versionMax: "TLSv1.2" } as const;
  for (const rsaList of [RSA_ONLY, "AES128-GCM-SHA256"]) {
    update(rig, { cipher_list: rsaList });
    assert.equal(shownTo(rig, "a.example", { ...old, ciphers: "ALL" }), rsa.fingerprint);
    assert.equal(shownTo(rig, "a.example"), ecdsa.fingerprint, "TLS 1.3 has suites of its own");
  }
  update(rig, { cipher_list: ECDSA_ONLY });
  assert.equal(shownTo(rig, "a.example", { ...old, ciphers: "ALL" }), ecdsa.fingerprint);
});
