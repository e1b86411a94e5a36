import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type CanUse,
  type CertificateFacts,
  CertificateResolver,
  coversHost,
} from "./certificate-resolver.ts";
import type { CertificateKeyType } from "../model/objects.ts";

const NOW = 1_000;
const all: CanUse = () => true;
const only =
  (...keys: readonly CertificateKeyType[]) =>
  (key: CertificateKeyType): boolean =>
    keys.includes(key);

function certificate(fingerprint: string, names: readonly string[], more: Partial<CertificateFacts> = {}) {
  return {
    fingerprint,
    names,
    keyKind: "ecdsa-p256" as CertificateKeyType,
    notBeforeMs: 0,
    notAfterMs: 2_000,
    ...more,
  };
}

function resolverOf(...certificates: readonly CertificateFacts[]): CertificateResolver<CertificateFacts> {
  const resolver = new CertificateResolver();
  for (const one of certificates) resolver.add(one);
  return resolver;
}

function found(
  resolver: CertificateResolver<CertificateFacts>,
  name: string | undefined,
  canUse = all,
): string {
  return resolver.find(name, canUse, NOW)?.fingerprint ?? "(none)";
}

test("the exact name goes before the wildcard, and a wildcard stands for one label", () => {
  const resolver = resolverOf(
    certificate("wide", ["*.example.com"]),
    certificate("exact", ["www.example.com"], { notAfterMs: 1_500 }),
  );
  assert.equal(found(resolver, "www.example.com"), "exact");
  assert.equal(found(resolver, "other.example.com"), "wide");
  assert.equal(found(resolver, "a.b.example.com"), "(none)");
  assert.equal(found(resolver, "example.com"), "(none)");
  assert.equal(found(resolver, "*.example.com"), "wide");
});

test("of several for a name, what is valid and lasts longest is served", () => {
  const resolver = resolverOf(
    certificate("short", ["a.example"], { notAfterMs: 1_100 }),
    certificate("long", ["a.example"], { notAfterMs: 1_200 }),
    certificate("future", ["a.example"], { notBeforeMs: 1_001, notAfterMs: 9_000 }),
  );
  assert.equal(found(resolver, "a.example"), "long");
  assert.equal(resolver.find("a.example", all, 1_001)?.fingerprint, "future");
});

test("an expired certificate is served if it is alone", () => {
  const resolver = resolverOf(certificate("old", ["a.example"], { notAfterMs: 10 }));
  assert.equal(found(resolver, "a.example"), "old");
  resolver.add(certificate("new", ["a.example"], { keyKind: "rsa" }));
  assert.equal(found(resolver, "a.example"), "new");
});

test("RSA and ECDSA stand side by side, and the client's abilities decide", () => {
  const resolver = resolverOf(
    certificate("rsa", ["a.example"], { keyKind: "rsa", notAfterMs: 9_000 }),
    certificate("ecdsa", ["a.example"]),
  );
  assert.equal(found(resolver, "a.example"), "ecdsa");
  assert.equal(found(resolver, "a.example", only("rsa")), "rsa");
  assert.equal(
    found(resolver, "a.example", only("ed25519")),
    "ecdsa",
    "the machine then says what is missing",
  );
});

test("a wildcard that the client can use goes before an exact name that it cannot", () => {
  const resolver = resolverOf(
    certificate("exact", ["a.example.com"]),
    certificate("wide", ["*.example.com"], { keyKind: "rsa" }),
  );
  assert.equal(found(resolver, "a.example.com", only("rsa")), "wide");
});

test("a wildcard that is valid goes before an exact name that is not", () => {
  const resolver = resolverOf(
    certificate("exact", ["a.example.com"], { notAfterMs: 10 }),
    certificate("wide", ["*.example.com"]),
  );
  assert.equal(found(resolver, "a.example.com"), "wide");
  resolver.replace("wide", certificate("wide", ["*.example.com"], { notBeforeMs: 1_001 }));
  assert.equal(found(resolver, "a.example.com"), "exact", "neither is valid");
});

test("no name, and a name that nobody serves, get the default, once it is there", () => {
  const resolver = resolverOf(certificate("one", ["a.example"]));
  resolver.setDefault("fallback");
  assert.equal(found(resolver, undefined), "(none)");
  resolver.add(certificate("fallback", []));
  assert.equal(found(resolver, undefined), "fallback");
  assert.equal(found(resolver, "b.example"), "fallback");
  assert.equal(resolver.findNamed("b.example", all, NOW), undefined, "strict_sni refuses it");
  resolver.setDefault(undefined);
  assert.equal(found(resolver, "b.example"), "(none)");
});

test("what was replaced is found no more, under none of its names", () => {
  const resolver = resolverOf(certificate("old", ["a.example", "b.example"]));
  assert.equal(resolver.replace("old", certificate("new", ["b.example", "c.example"])).fingerprint, "old");
  assert.deepEqual(
    ["a.example", "b.example", "c.example"].map((name) => found(resolver, name)),
    ["(none)", "new", "new"],
  );
  assert.equal(resolver.remove("new").fingerprint, "new");
  assert.equal(resolver.size, 0);
  assert.equal(found(resolver, "c.example"), "(none)");
});

test("a certificate covers its names, and one label for a wildcard", () => {
  const names = ["example.com", "*.example.com", "192.0.2.1"];
  const covered = ["example.com", "www.example.com", "www.example.com.", "192.0.2.1"];
  for (const host of covered) assert.ok(coversHost({ names }, host), host);
  for (const host of ["a.b.example.com", "example.org", "com", "", ".", ".example.com", "192.0.2.2"]) {
    assert.ok(!coversHost({ names }, host), host);
  }
});

/** The rules again, in few lines and without an index. */
function naive(
  certificates: readonly CertificateFacts[],
  name: string,
  canUse: (key: CertificateKeyType) => boolean,
): string | undefined {
  const wildcard = name.replace(/^[^.]+/, "*");
  const isValid = (one: CertificateFacts) => one.notBeforeMs <= NOW && NOW <= one.notAfterMs;
  const isExact = (one: CertificateFacts) => one.names.includes(name);
  const best = (candidates: readonly CertificateFacts[]) =>
    [...candidates].sort(
      (one, other) =>
        Number(canUse(other.keyKind)) - Number(canUse(one.keyKind)) ||
        Number(isValid(other)) - Number(isValid(one)) ||
        Number(isExact(other)) - Number(isExact(one)) ||
        Number(one.keyKind === "rsa") - Number(other.keyKind === "rsa") ||
        other.notAfterMs - one.notAfterMs ||
        (one.fingerprint < other.fingerprint ? -1 : 1),
    )[0]?.fingerprint;
  return best(certificates.filter((one) => isExact(one) || one.names.includes(wildcard)));
}

test("after any additions and removals it finds what the naive rules find", () => {
  const names = ["a.x", "b.x", "*.x", "a.b.x", "*.b.x"];
  const step = fc.record({
    id: fc.nat(11),
    names: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 4 }),
    keyKind: fc.constantFrom<CertificateKeyType>("rsa", "ecdsa-p256", "ed25519"),
    notBeforeMs: fc.constantFrom(0, 1_001),
    notAfterMs: fc.constantFrom(900, 1_000, 2_000, 3_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const resolver = new CertificateResolver();
      const model = new Map<string, CertificateFacts>();
      for (const { id, ...facts } of steps) {
        const one = { ...facts, fingerprint: `f${id}` };
        if (resolver.get(one.fingerprint) !== undefined && facts.names.length === 0) {
          resolver.remove(one.fingerprint);
          model.delete(one.fingerprint);
        } else {
          if (resolver.get(one.fingerprint) !== undefined) resolver.replace(one.fingerprint, one);
          else resolver.add(one);
          model.set(one.fingerprint, one);
        }
        for (const canUse of [all, only("rsa"), only("ed25519")]) {
          for (const name of [...names, "c.x", "x"]) {
            const expected = naive([...model.values()], name, canUse);
            assert.equal(resolver.findNamed(name, canUse, NOW)?.fingerprint, expected, name);
          }
        }
        assert.equal(resolver.size, model.size);
      }
    }),
  );
});

test("with 100,000 certificates, what the resolver itself keeps is a small part of 8 KB for each", () => {
  const count = 100_000;
  const certificates = Array.from({ length: count }, (_, index) =>
    certificate(index.toString(16).padStart(64, "0"), [`shop-${index}.example.com`]),
  );
  const resolver = new CertificateResolver();
  const before = heapBytes();
  for (const one of certificates) resolver.add(one);
  const bytesPerCertificate = (heapBytes() - before) / count;
  assert.equal(found(resolver, "shop-77.example.com"), certificates[77]?.fingerprint);
  assert.ok(bytesPerCertificate < 512, `${bytesPerCertificate.toFixed()} bytes`);
});

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
