import assert from "node:assert/strict";
import { test } from "node:test";
import * as captured from "../../testing/tls/captured-hellos.ts";
import { helloMessage, recordsOf, uint16, vector16, vector8 } from "../../testing/tls/hello-builder.ts";
import type { CertificateKeyType } from "../model/objects.ts";
import { canUse } from "./client-abilities.ts";
import { ClientHelloReader } from "./client-hello.ts";
import type { TlsSuites } from "./machine.ts";
import { type ClientHello, TLS_1_2, TLS_1_3 } from "./parse-client-hello.ts";

const KEYS: readonly CertificateKeyType[] = ["rsa", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"];

function helloOf(bytes: Uint8Array): ClientHello {
  const reading = new ClientHelloReader().push(bytes);
  assert.equal(reading.kind, "hello");
  return reading.hello;
}

interface Offer {
  readonly versions?: readonly number[];
  readonly suites?: readonly number[];
  readonly schemes?: readonly number[];
  readonly groups?: readonly number[];
}

/**
 * What listeners serve in TLS 1.2 unless told otherwise: ECDHE with AES-GCM and ChaCha20 (RFC 5289, 7905).
 */
const SUITES: TlsSuites = {
  rsa: new Set([0xc02f, 0xc030, 0xcca8]),
  ecdsa: new Set([0xc02b, 0xc02c, 0xcca9]),
};

/** The keys that a client with this offer can use. */
function usable(
  offer: Offer,
  served: readonly number[] = [TLS_1_2, TLS_1_3],
  suites = SUITES,
): readonly CertificateKeyType[] {
  const list = (numbers: readonly number[]) => vector16(...numbers.map(uint16));
  const extensions: (readonly [number, Uint8Array])[] = [];
  if (offer.versions !== undefined) extensions.push([43, vector8(...offer.versions.map(uint16))]);
  if (offer.schemes !== undefined) extensions.push([13, list(offer.schemes)]);
  if (offer.groups !== undefined) extensions.push([10, list(offer.groups)]);
  const message = helloMessage({ cipherSuites: offer.suites ?? [0x1301], extensions });
  const hello = helloOf(recordsOf(message));
  return KEYS.filter((key) => canUse(hello, key, served, suites));
}

test("clients of today can use every key", () => {
  for (const bytes of [
    captured.OPENSSL_CLIENT,
    captured.CURL,
    captured.NODE_CLIENT,
    captured.OPENSSL_TLS_1_2,
  ]) {
    const hello = helloOf(bytes);
    assert.deepEqual(
      KEYS.filter((key) => canUse(hello, key, [TLS_1_2, TLS_1_3], SUITES)),
      KEYS,
    );
  }
});

test("in TLS 1.3 the signature schemes decide, each with its curve", () => {
  assert.deepEqual(usable({ versions: [TLS_1_3], schemes: [0x0804] }), ["rsa"]);
  assert.deepEqual(usable({ versions: [TLS_1_3], schemes: [0x0403] }), ["ecdsa-p256"]);
  assert.deepEqual(usable({ versions: [TLS_1_3], schemes: [0x0503, 0x0807] }), ["ecdsa-p384", "ed25519"]);
  assert.deepEqual(usable({ versions: [TLS_1_3], schemes: [0x0401] }), []);
});

test("in TLS 1.2 the cipher suites decide, and the curve must be known", () => {
  const schemes = [0x0403, 0x0401];
  assert.deepEqual(usable({ suites: [0xc02f], schemes }), ["rsa"]);
  assert.deepEqual(usable({ suites: [0xc02b], schemes, groups: [23] }), ["ecdsa-p256"]);
  assert.deepEqual(usable({ suites: [0xc02b], schemes, groups: [29] }), []);
  assert.deepEqual(usable({ suites: [0xc02b], schemes: [0x0401], groups: [23] }), []);
});

test("in TLS 1.2 only suites that the listener serves count, too", () => {
  const both = { suites: [0xc02b, 0xc02f], schemes: [0x0403, 0x0401], groups: [23] };
  assert.deepEqual(usable(both), ["rsa", "ecdsa-p256"]);
  assert.deepEqual(usable(both, [TLS_1_2], { rsa: new Set([0xc02f]), ecdsa: new Set() }), ["rsa"]);
  assert.deepEqual(usable(both, [TLS_1_2], { rsa: new Set([0xc030]), ecdsa: SUITES.ecdsa }), ["ecdsa-p256"]);
});

test("the version is the highest that both speak", () => {
  const both = {
    versions: [TLS_1_3, TLS_1_2],
    suites: [0x1301, 0xc02f],
    schemes: [0x0403, 0x0401],
    groups: [23],
  };
  assert.deepEqual(usable(both), ["ecdsa-p256"]);
  assert.deepEqual(usable(both, [TLS_1_2]), ["rsa"]);
  assert.deepEqual(usable({ versions: [TLS_1_2], suites: [0xc02f], schemes: [0x0804] }, [TLS_1_3]), []);
});
