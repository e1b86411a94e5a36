import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { CLOSED, FAULT, WANTS_MORE, type TlsVersion } from "../../tls/machine.ts";
import { ecdsa, freeAll, openPair, rsa, shakeHands, type Pair } from "../../../testing/tls/pair.ts";
import { exchange, feed, take, write } from "../../../testing/tls/wire.ts";

const VERSIONS: readonly TlsVersion[] = ["TLSv1.2", "TLSv1.3"];
const NOTHING_LIVES = { contexts: 0, certificates: 0, ticketKeys: 0, machines: 0, sessions: 0, bios: 0 };

afterEach(() => {
  assert.deepEqual(freeAll(), NOTHING_LIVES);
});

function limited(version: TlsVersion): { server: { versionMax: TlsVersion } } {
  return { server: { versionMax: version } };
}

function assertOpen({ server, client }: Pair): void {
  assert.equal(server.fault, undefined);
  assert.equal(client.fault, undefined);
  assert.ok(server.session !== undefined && client.session !== undefined);
}

/** Bytes that no shift or repetition of them resembles. */
function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13) & 0xff));
}

for (const version of VERSIONS) {
  test(`${version}: both sides agree, and bytes go both ways`, () => {
    const pair = shakeHands(limited(version));
    assertOpen(pair);
    assert.equal(pair.server.session?.version, version);
    assert.equal(pair.client.session?.cipher, pair.server.session?.cipher);
    assert.equal(feed(pair.server, write(pair.client, Buffer.from("hello"))).plaintext.toString(), "hello");
    assert.equal(feed(pair.client, write(pair.server, Buffer.from("world"))).plaintext.toString(), "world");
  });

  test(`${version}: with ciphertext of one byte at a time, the same comes out`, () => {
    const pair = shakeHands(limited(version), { split: 1 });
    assertOpen(pair);
    const text = pattern(40_000);
    assert.ok(feed(pair.server, write(pair.client, text), { split: 1 }).plaintext.equals(text));
    assert.ok(feed(pair.client, write(pair.server, text), { split: 997 }).plaintext.equals(text));
  });

  test(`${version}: what follows the handshake in the same piece is read`, () => {
    for (const split of [1, 1_000_000]) {
      const { server, client, hello } = openPair(limited(version));
      const first = feed(client, feed(server, hello).ciphertext).ciphertext;
      const spoken = client.session === undefined ? server : client;
      const heard = spoken === server ? client : server;
      const last = spoken === server ? feed(server, first).ciphertext : first;
      const data = [write(spoken, Buffer.from("at ")), write(spoken, Buffer.from("once"))];
      const outcome = feed(heard, Buffer.concat([last, ...data]), { split });
      assert.equal(outcome.plaintext.toString(), "at once");
    }
  });

  test(`${version}: with little room at a time, the same comes out`, () => {
    const pair = shakeHands(limited(version), { room: 64 });
    assertOpen(pair);
    const text = pattern(40_000);
    assert.ok(feed(pair.server, write(pair.client, text, 64), { room: 1 }).plaintext.equals(text));
    const records = write(pair.server, text, 4_000);
    assert.ok(feed(pair.client, records, { room: 16_384 }).plaintext.equals(text));
  });

  test(`${version}: every length of a write comes out whole`, () => {
    const pair = shakeHands(limited(version));
    for (const length of [1, 2, 15, 16, 17, 16_383, 16_384, 16_385, 100_000]) {
      const text = pattern(length);
      assert.ok(feed(pair.server, write(pair.client, text)).plaintext.equals(text), `${length}`);
      assert.ok(feed(pair.client, write(pair.server, text)).plaintext.equals(text), `${length}`);
    }
    assert.equal(write(pair.server, Buffer.alloc(0)).length, 0);
  });

  test(`${version}: a close_notify is told after the bytes before it, and the other direction goes on`, () => {
    const pair = shakeHands(limited(version));
    const last = write(pair.client, Buffer.from("last"));
    pair.client.shutdown();
    const outcome = feed(pair.server, Buffer.concat([last, take(pair.client)]));
    assert.equal(outcome.plaintext.toString(), "last");
    assert.equal(outcome.end, CLOSED);
    const response = feed(pair.client, write(pair.server, Buffer.from("still here")));
    assert.equal(response.plaintext.toString(), "still here");
    pair.server.shutdown();
    assert.equal(feed(pair.client, take(pair.server)).end, CLOSED);
    pair.server.shutdown();
    assert.equal(take(pair.server).length, 0);
  });

  test(`${version}: a record with one bit changed is a fault, whichever bit, and the peer is told`, () => {
    for (const at of [0, 1, 3, 5, 12, 20, -1]) {
      const pair = shakeHands(limited(version));
      const record = write(pair.client, Buffer.from("hello hello hello"));
      record[at < 0 ? record.length + at : at]! ^= 0x40;
      // A longer length waits for more; then it is as wrong.
      const outcome = feed(pair.server, Buffer.concat([record, Buffer.alloc(20_000)]));
      assert.equal(outcome.end, FAULT, `byte ${at}`);
      assert.equal(outcome.plaintext.length, 0);
      const expected = at === 0 || at === 1 || at === 3 ? /^TLS_(BAD_|NOT_TLS)/ : /^TLS_BAD_RECORD$/;
      assert.match(pair.server.fault?.code ?? "", expected);
      assert.equal(feed(pair.client, outcome.ciphertext).end, FAULT);
      assert.equal(pair.client.fault?.code, "TLS_PEER_ALERT");
      assert.equal(feed(pair.server, record).end, FAULT);
      freeAll();
    }
  });

  test(`${version}: a record that comes twice, or is missing, is a fault`, () => {
    const twice = shakeHands(limited(version));
    const record = write(twice.client, Buffer.from("once"));
    assert.equal(feed(twice.server, Buffer.concat([record, record])).end, FAULT);
    assert.equal(twice.server.fault?.code, "TLS_BAD_RECORD");
    const missing = shakeHands(limited(version));
    write(missing.client, Buffer.from("lost"));
    assert.equal(feed(missing.server, write(missing.client, Buffer.from("found"))).end, FAULT);
  });

  test(`${version}: a handshake with any byte changed ends in a fault or in silence, never in a crash`, () => {
    for (const direction of ["hello", "flight"] as const) {
      for (let at = 0; at < 300; at += 7) {
        const pair = openPair({ ...limited(version), client: { groups: "X25519" } });
        if (direction === "hello") pair.hello[at % pair.hello.length]! ^= 0x41;
        let said = feed(pair.server, pair.hello).ciphertext;
        if (direction === "flight") said[at % said.length]! ^= 0x41;
        said = feed(pair.client, said).ciphertext;
        feed(pair.server, said);
        assert.ok(
          pair.server.session === undefined || pair.client.session === undefined,
          `${direction} ${at}`,
        );
        freeAll();
      }
    }
  });
}

test("RSA and ECDSA lie side by side, and the client's abilities choose", () => {
  const both = { certificates: [rsa, ecdsa], server: { versionMax: "TLSv1.2" as const } };
  const young = shakeHands({ ...both, client: { ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" } });
  assert.match(young.server.session?.cipher ?? "", /ECDSA/);
  const old = shakeHands({ ...both, client: { ciphers: "ECDHE-RSA-AES128-GCM-SHA256" } });
  assert.match(old.server.session?.cipher ?? "", /RSA/);
});

test("each suite that is on by default carries bytes both ways", () => {
  const suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
  const ciphers = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"];
  const wishes = [
    ...suites.map((name) => ({ client: { suites: name }, name })),
    ...ciphers.flatMap((cipher) =>
      ["RSA", "ECDSA"].map((kind) => {
        const name = `ECDHE-${kind}-${cipher}`;
        return { client: { ciphers: name, versionMax: "TLSv1.2" as const }, name };
      }),
    ),
  ];
  for (const { client, name } of wishes) {
    const pair = shakeHands({ client, certificates: [rsa, ecdsa] });
    assert.equal(pair.server.session?.cipher, name);
    const text = pattern(20_000);
    assert.ok(feed(pair.server, write(pair.client, text), { split: 5_000 }).plaintext.equals(text), name);
    assert.ok(feed(pair.client, write(pair.server, text), { split: 5_000 }).plaintext.equals(text), name);
    pair.server.shutdown();
    assert.equal(feed(pair.client, take(pair.server)).end, CLOSED, name);
  }
});

test("a suite of TLS 1.2 without authenticated encryption carries bytes too, where it is asked for", () => {
  const ciphers = "ECDHE-RSA-AES128-SHA256";
  const pair = shakeHands({
    certificates: [rsa],
    server: { ciphers, versionMax: "TLSv1.2" },
    client: { ciphers },
  });
  assert.equal(pair.server.session?.cipher, ciphers);
  const text = pattern(20_000);
  assert.ok(feed(pair.server, write(pair.client, text), { split: 100 }).plaintext.equals(text));
  assert.ok(feed(pair.client, write(pair.server, text), { split: 100 }).plaintext.equals(text));
});

test("a server takes the first of its protocols that the client offers", () => {
  const choose = (ours: readonly string[], theirs: readonly string[]): string | undefined =>
    shakeHands({ server: { protocols: ours }, client: { protocols: theirs } }).client.session?.protocol;
  assert.equal(choose(["h2", "http/1.1"], ["http/1.1", "h2"]), "h2");
  assert.equal(choose(["http/1.1"], ["h2", "http/1.1"]), "http/1.1");
  assert.equal(choose(["h2"], []), undefined);
  assert.equal(choose([], ["h2"]), undefined);
});

test("a client that offers other protocols only is told so", () => {
  const { server, client } = shakeHands({ server: { protocols: ["h2"] }, client: { protocols: ["spdy"] } });
  assert.equal(server.fault?.code, "TLS_NO_APPLICATION_PROTOCOL");
  assert.equal(client.fault?.alert, 120);
});

test("sides that share no version, suite or group part with an alert", () => {
  for (const [server, client] of [
    [{ versionMin: "TLSv1.3" }, { versionMax: "TLSv1.2" }],
    [{ suites: "TLS_AES_128_GCM_SHA256", versionMin: "TLSv1.3" }, { suites: "TLS_AES_256_GCM_SHA384" }],
    [{ groups: "X25519", versionMin: "TLSv1.3" }, { groups: "P-384" }],
  ] as const) {
    const pair = shakeHands({ server, client });
    assert.equal(pair.server.fault?.code, "TLS_NOTHING_SHARED");
    assert.equal(pair.client.fault?.code, "TLS_PEER_ALERT");
  }
});

test("a group that the client has no share for yet is asked for anew", () => {
  const pair = shakeHands({ server: { groups: "P-384" }, client: { groups: "X25519:P-384" } });
  assertOpen(pair);
  assert.equal(feed(pair.server, write(pair.client, Buffer.from("x"))).plaintext.toString(), "x");
});

test("what is no TLS is told from a handshake that failed", () => {
  for (const bytes of [
    "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "\x80\x2e\x01\0\x02\0\x15\0\0\0\x10".repeat(8),
  ]) {
    const { server } = openPair();
    assert.equal(feed(server, Buffer.from(bytes, "latin1")).end, FAULT);
    assert.match(server.fault?.code ?? "", /^TLS_(NOT_TLS|NOTHING_SHARED|BAD_MESSAGE)$/);
  }
  const { server } = openPair();
  feed(server, Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  assert.equal(server.fault?.code, "TLS_NOT_TLS");
});

test("a handshake that stops in the middle is no fault: somebody else's deadline ends it", () => {
  const { server, hello } = openPair();
  assert.equal(feed(server, hello.subarray(0, 100)).end, WANTS_MORE);
  assert.equal(server.session, undefined);
  server.shutdown();
  assert.equal(take(server).length, 0);
});

test("garbage instead of a handshake's next message is a fault", () => {
  const { server, client, hello } = openPair();
  const flight = feed(server, hello).ciphertext;
  assert.equal(feed(server, flight).end, FAULT);
  exchange(server, flight, client);
  assert.ok(server.fault !== undefined);
});
