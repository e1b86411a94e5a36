import assert from "node:assert/strict";
import { test } from "node:test";
import type { Certificate } from "../../model/objects.ts";
import type { TlsLibrary } from "../../tls/machine.ts";
import { CertificateRuntime } from "../runtime/certificate.ts";
import { ReadyCertificates } from "./ready-certificates.ts";

/** Makes certificates ready for nobody, and tells which were, by their key, and which were freed. */
class CountingLibrary {
  readonly opened: string[] = [];
  readonly freed: string[] = [];

  openCertificate(_chain: readonly Uint8Array[], key: Uint8Array): ReturnType<TlsLibrary["openCertificate"]> {
    const name = String.fromCharCode(...key);
    this.opened.push(name);
    return { ok: true, value: { free: () => this.freed.push(name) } };
  }
}

function certificate(name: string): CertificateRuntime {
  const configuration = { certificate: "", chain: [] as readonly string[], key: btoa(name) };
  return new CertificateRuntime(configuration as unknown as Certificate, { useChanged: () => undefined });
}

test("a certificate is made ready once, and those that were asked for longest ago go first", () => {
  const library = new CountingLibrary();
  const ready = new ReadyCertificates(library as unknown as TlsLibrary, 2);
  const [a, b, c] = [certificate("a"), certificate("b"), certificate("c")];
  for (const one of [a, b, a, a, b, a, c]) assert.ok(ready.find(one).ok);
  assert.deepEqual([library.opened, library.freed, ready.count], [["a", "b", "c"], ["b"], 2]);
  for (const one of [c, a, b]) assert.ok(ready.find(one).ok);
  assert.deepEqual(library.freed, ["b", "c"]);
});

test("one that was forgotten is freed, and made ready again when it is asked for", () => {
  const library = new CountingLibrary();
  const ready = new ReadyCertificates(library as unknown as TlsLibrary, 2);
  const [a, b] = [certificate("a"), certificate("b")];
  ready.find(a);
  ready.forget(a);
  ready.find(a);
  ready.find(b);
  ready.find(a);
  assert.deepEqual([library.opened, library.freed], [["a", "a", "b"], ["a"]]);
  ready.freeAll();
  assert.deepEqual([library.freed, ready.count], [["a", "b", "a"], 0]);
});
