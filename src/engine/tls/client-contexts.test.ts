import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { authority, ecdsa, freeAll, library, valueOf } from "../../../testing/tls/pair.ts";
import type { TlsClientContext } from "../../tls/machine.ts";
import { ClientContexts, type ContextTerms, type SharedTerms } from "./client-contexts.ts";

const base64 = (der: Uint8Array): string => Buffer.from(der).toString("base64");
const TRUSTING: ContextTerms = { verify: true, ca: [base64(authority.der)] };
const SHOWING: ContextTerms = { ...TRUSTING, certificate: base64(ecdsa.der), key: base64(ecdsa.key) };

const living = (): number => library.living().contexts;

afterEach(() => {
  const { contexts, certificates } = freeAll();
  assert.deepEqual([contexts, certificates], [0, 0]);
});

/** The context of some terms, opened once by somebody who stays. */
function openFor(contexts: ClientContexts, terms: ContextTerms): [SharedTerms, TlsClientContext] {
  const shared = contexts.join(terms);
  return [shared, valueOf(contexts.open(shared))];
}

test("clusters of equal terms have one context, and it goes with the last of them", () => {
  const contexts = new ClientContexts(library, 10);
  const [one, context] = openFor(contexts, SHOWING);
  const [other, same] = openFor(contexts, structuredClone(SHOWING));
  assert.equal(same, context);
  assert.equal(living(), 1);
  contexts.leave(one);
  assert.equal(valueOf(contexts.open(other)), context);
  contexts.leave(other);
  assert.equal(living(), 0);
});

test("whom a cluster trusts, whether it verifies, and what it shows, each make another context", () => {
  const contexts = new ClientContexts(library, 10);
  const all: readonly ContextTerms[] = [
    { verify: true },
    { verify: false },
    TRUSTING,
    { verify: true, ca: [base64(ecdsa.der)] },
    SHOWING,
    { ...SHOWING, chain: [base64(authority.der)] },
    { ...SHOWING, ca: [base64(ecdsa.der)] },
  ];
  const opened = all.map((terms) => openFor(contexts, terms));
  assert.equal(new Set(opened.map(([, context]) => context)).size, all.length);
  for (const [shared] of opened) contexts.leave(shared);
});

test("who verifies nobody trusts nobody: what is said beside it makes no other context", () => {
  const contexts = new ClientContexts(library, 10);
  const opened = [{ verify: false }, { ...TRUSTING, verify: false }].map((terms) => openFor(contexts, terms));
  assert.equal(opened[0]![1], opened[1]![1]);
  for (const [shared] of opened) contexts.leave(shared);
});

test("no more contexts are kept than may be: the longest unused is made again when it is needed", () => {
  const contexts = new ClientContexts(library, 2);
  const opened = [SHOWING, TRUSTING].map((terms) => openFor(contexts, terms));
  valueOf(contexts.open(opened[0]![0]));
  opened.push(openFor(contexts, { verify: false }));
  assert.equal(living(), 2);
  assert.equal(valueOf(contexts.open(opened[0]![0])), opened[0]![1], "used last but one");
  assert.notEqual(valueOf(contexts.open(opened[1]![0])), opened[1]![1], "the longest unused");
  for (const [shared] of opened) contexts.leave(shared);
});

test("terms that make no context are told, and nothing is kept of them", () => {
  const contexts = new ClientContexts(library, 10);
  const shared = contexts.join({ verify: true, ca: ["AAAA"] });
  for (let round = 0; round < 2; round++) {
    const opened = contexts.open(shared);
    assert.equal(opened.ok ? "" : opened.error.code, "BAD_CERTIFICATE");
  }
  contexts.leave(shared);
  assert.equal(living(), 0);
});
