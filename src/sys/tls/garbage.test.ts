import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import fc from "fast-check";
import type { TlsVersion } from "../../tls/machine.ts";
import { freeAll, openPair, shakeHands } from "../../../testing/tls/pair.ts";
import { feed, write } from "../../../testing/tls/wire.ts";

const VERSIONS: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];
const version = fc.constantFrom(...VERSIONS);
const split = fc.integer({ min: 1, max: 20_000 });

afterEach(() => {
  assert.deepEqual(freeAll(), {
    contexts: 0,
    certificates: 0,
    ticketKeys: 0,
    machines: 0,
    sessions: 0,
    bios: 0,
  });
});

/** Bytes that look like records for a while: their headers are right more often than chance would have it. */
const garbage = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.integer({ min: 20, max: 24 }), fc.uint8Array({ maxLength: 300 }))
      .map(([type, body]) => Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 0xff, ...body)),
  ),
  { maxLength: 6 },
);

test("whatever a client sends instead of its hello, nothing is agreed on, and nothing stops", () => {
  fc.assert(
    fc.property(garbage, split, (parts, size) => {
      const { server } = openPair();
      const { plaintext } = feed(server, Buffer.concat(parts), { split: size });
      assert.equal(plaintext.length, 0);
      assert.equal(server.session, undefined);
      freeAll();
    }),
    { numRuns: 150 },
  );
});

test("whatever comes on an open connection, not a byte of it is taken for data", () => {
  fc.assert(
    fc.property(version, garbage, split, (versionMax, parts, size) => {
      const { server, client } = shakeHands({ server: { versionMax } });
      const good = write(client, Buffer.from("good"));
      const { plaintext } = feed(server, Buffer.concat([good, ...parts]), { split: size });
      assert.equal(plaintext.toString(), "good");
      freeAll();
    }),
    { numRuns: 100 },
  );
});

test("any split and any room give the same plaintext", () => {
  fc.assert(
    fc.property(
      version,
      fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 5 }),
      split,
      fc.integer({ min: 64, max: 40_000 }),
      (versionMax, lengths, size, room) => {
        const { server, client } = shakeHands({ server: { versionMax } });
        const texts = lengths.map((length, index) => Buffer.alloc(length, `${index}abcdefg`));
        const records = Buffer.concat(texts.map((text) => write(client, text, room)));
        const { plaintext } = feed(server, records, { split: size, room });
        assert.ok(plaintext.equals(Buffer.concat(texts)));
        freeAll();
      },
    ),
    { numRuns: 60 },
  );
});
