import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as captured from "../../testing/tls/captured-hellos.ts";
import {
  helloMessage,
  joined,
  recordsOf,
  serverNameExtension,
  uint16,
  vector16,
  vector8,
} from "../../testing/tls/hello-builder.ts";
import { bytesOf, textOf } from "../base/bytes.ts";
import { CLIENT_HELLO_LIMITS_DEFAULT, ClientHelloReader, type HelloReading } from "./client-hello.ts";
import type { ClientHello } from "./parse-client-hello.ts";

const FIXTURES: readonly (readonly [string, Uint8Array])[] = Object.entries(captured);

function readIn(pieceBytes: number, bytes: Uint8Array): HelloReading {
  const reader = new ClientHelloReader();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const reading = reader.push(bytes, at, Math.min(bytes.length, at + pieceBytes));
    if (reading.kind !== "incomplete") return reading;
  }
  return { kind: "incomplete" };
}

/** Reads whole and byte by byte; both must agree. */
function read(bytes: Uint8Array): HelloReading {
  const whole = readIn(Math.max(1, bytes.length), bytes);
  assert.deepEqual(readIn(1, bytes), whole);
  return whole;
}

function helloOf(bytes: Uint8Array): ClientHello {
  const reading = read(bytes);
  assert.equal(reading.kind, "hello", JSON.stringify(reading));
  return reading.hello;
}

/** The code and alert of a violation, or the kind of another reading. */
function faultOf(bytes: Uint8Array): string {
  const reading = read(bytes);
  return reading.kind === "violation" ? `${reading.violation.code} ${reading.violation.alert}` : reading.kind;
}

function withExtension(type: number, contents: Uint8Array): Uint8Array {
  return recordsOf(helloMessage({ extensions: [[type, contents]] }));
}

test("the hellos of real clients say what the clients were told to say", () => {
  const openssl = helloOf(captured.OPENSSL_CLIENT);
  assert.equal(openssl.serverName, "example.com");
  assert.deepEqual(openssl.protocols, ["h2", "http/1.1"]);
  assert.deepEqual(openssl.versions, [0x0304, 0x0303, 0x0302, 0x0301]);
  assert.ok(openssl.cipherSuites.includes(0x1301) && openssl.cipherSuites.includes(0xc02b));
  assert.ok(openssl.signatureSchemes?.includes(0x0403) && openssl.groups?.includes(29));
  assert.equal(openssl.ticketKeyName, undefined);
  const node = helloOf(captured.NODE_CLIENT);
  assert.equal(node.serverName, "www.example.com");
  assert.deepEqual(node.protocols, ["http/1.1"]);
  assert.ok(node.groups?.includes(0x11ec), "X25519MLKEM768");
  assert.equal(helloOf(captured.CURL).serverName, "app.example.com");
});

test("a client of TLS 1.2 says its versions by its legacy_version", () => {
  const { versions, protocols } = helloOf(captured.OPENSSL_TLS_1_2);
  assert.deepEqual(versions, [0x0303, 0x0302, 0x0301]);
  assert.deepEqual(protocols, []);
});

test("a client that names no host has no server name", () => {
  assert.equal(helloOf(captured.OPENSSL_WITHOUT_NAME).serverName, undefined);
});

test("a session to resume shows the name of its ticket's key, in both versions", () => {
  const name = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);
  assert.deepEqual(helloOf(captured.NODE_RESUMING_TLS_1_3).ticketKeyName, name);
  assert.deepEqual(helloOf(captured.NODE_RESUMING_TLS_1_2).ticketKeyName, name);
});

test("every cut of a hello in two reads the same", () => {
  for (const [name, bytes] of FIXTURES) {
    const whole = read(bytes);
    for (let cut = 1; cut < bytes.length; cut++) {
      const reader = new ClientHelloReader();
      assert.equal(reader.push(bytes, 0, cut).kind, "incomplete", `${name} at ${cut}`);
      assert.deepEqual(reader.push(bytes, cut), whole, `${name} at ${cut}`);
    }
  }
});

test("a hello cut short is incomplete, wherever it is cut", () => {
  for (const [name, bytes] of FIXTURES) {
    for (let end = 0; end < bytes.length; end++) {
      assert.equal(new ClientHelloReader().push(bytes, 0, end).kind, "incomplete", `${name} at ${end}`);
    }
  }
});

test("a hello whose message ends too early is malformed, but where those of old clients end", () => {
  for (const [name, bytes] of FIXTURES) {
    const body = bytes.subarray(9);
    const whole: number[] = [];
    for (let length = 0; length < body.length; length++) {
      const message = joined(Uint8Array.of(1, 0), uint16(length), body.subarray(0, length));
      const reading = readIn(20_000, recordsOf(message));
      if (reading.kind === "hello") whole.push(length);
      else assert.equal(reading.kind, "violation", `${name} at ${length}`);
    }
    assert.equal(whole.length, 1, `${name}: before its extensions, and nowhere else`);
  }
});

test("bytes behind the extensions of a hello are refused", () => {
  const message = helloMessage({ extensions: [] });
  message[3]! += 1;
  assert.equal(faultOf(recordsOf(joined(message, Uint8Array.of(0)))), "TLS_MALFORMED_HELLO decode_error");
});

test("a message over several records, of any size, is one hello", () => {
  for (const [, bytes] of FIXTURES) {
    const whole = read(bytes);
    for (const size of [1, 2, 3, 4, 5, 100, 16_384]) {
      assert.deepEqual(readIn(7, recordsOf(bytes.subarray(5), size)), whole, `records of ${size}`);
    }
  }
});

test("what follows the hello in its record is not looked at", () => {
  const message = helloMessage({ extensions: [serverNameExtension("example.com")] });
  const more = Uint8Array.of(99, 0, 0, 1, 7);
  assert.equal(helloOf(recordsOf(joined(message, more))).serverName, "example.com");
  assert.equal(helloOf(joined(recordsOf(message), more)).serverName, "example.com");
});

test("a hello without extensions is whole", () => {
  assert.deepEqual(helloOf(recordsOf(helloMessage({ legacyVersion: 0x0301 }))), {
    protocols: [],
    versions: [0x0301],
    cipherSuites: Uint16Array.of(0x1301, 0xc02b),
  });
});

test("HTTP in plain text is told at its first letter", () => {
  for (const text of ["GET / HTTP/1.1\r\n\r\n", "P", "OPTIONS *"]) {
    assert.deepEqual(read(bytesOf(text)), { kind: "plain-http" });
  }
});

test("what is no TLS is refused at its first byte", () => {
  assert.equal(faultOf(Uint8Array.of(0x80, 0x2e, 1, 3, 1)), "TLS_SSL2_HELLO protocol_version");
  assert.equal(faultOf(Uint8Array.of(0)), "TLS_NOT_TLS unexpected_message");
  assert.equal(faultOf(bytesOf("\r\n")), "TLS_NOT_TLS unexpected_message");
  assert.equal(faultOf(Uint8Array.of(21, 3, 1, 0, 2, 1, 0)), "TLS_UNEXPECTED_RECORD unexpected_message");
  assert.equal(faultOf(Uint8Array.of(23)), "TLS_UNEXPECTED_RECORD unexpected_message");
});

test("records of a wrong version, empty or too large are refused", () => {
  assert.equal(faultOf(Uint8Array.of(22, 2)), "TLS_BAD_RECORD_VERSION protocol_version");
  assert.equal(faultOf(Uint8Array.of(22, 3, 1, 0, 0)), "TLS_EMPTY_RECORD unexpected_message");
  assert.equal(faultOf(Uint8Array.of(22, 3, 1, 0x40, 1)), "TLS_RECORD_TOO_LARGE record_overflow");
  assert.equal(faultOf(Uint8Array.of(22, 3, 1, 0x40, 0)), "incomplete");
});

test("another record in the middle of a hello is refused", () => {
  const part = recordsOf(helloMessage().subarray(0, 20));
  assert.equal(
    faultOf(joined(part, Uint8Array.of(20, 3, 3, 0, 1, 1))),
    "TLS_UNEXPECTED_RECORD unexpected_message",
  );
});

test("another message than a ClientHello is refused at its type", () => {
  assert.equal(faultOf(Uint8Array.of(22, 3, 1, 0, 4, 2)), "TLS_NOT_CLIENT_HELLO unexpected_message");
});

test("a hello of exactly the limit is read; one byte more is refused before it has come", () => {
  const { helloBytesMax } = CLIENT_HELLO_LIMITS_DEFAULT;
  const base = helloMessage({ extensions: [[0xff00, new Uint8Array()]] }).length;
  const message = helloMessage({ extensions: [[0xff00, new Uint8Array(helloBytesMax - base)]] });
  assert.equal(message.length, helloBytesMax);
  assert.equal(readIn(1_000, recordsOf(message)).kind, "hello");
  const length = helloBytesMax - 4 + 1;
  const header = Uint8Array.of(22, 3, 1, 0, 4, 1, 0, length >> 8, length & 0xff);
  assert.equal(faultOf(header), "TLS_HELLO_TOO_LARGE illegal_parameter");
});

test("a hello of 16 KB is read, byte by byte and whole", () => {
  const message = helloMessage({
    extensions: [[0xff00, new Uint8Array(16_300)], serverNameExtension("a.example")],
  });
  assert.equal(helloOf(recordsOf(message)).serverName, "a.example");
});

test("as many records as the limit are read; one more is refused", () => {
  const { recordsMax } = CLIENT_HELLO_LIMITS_DEFAULT;
  const messageOf = (bytes: number) =>
    helloMessage({
      extensions: [[0xff00, new Uint8Array(bytes - helloMessage({ extensions: [] }).length - 4)]],
    });
  assert.equal(readIn(1_000, recordsOf(messageOf(recordsMax), 1)).kind, "hello");
  assert.equal(faultOf(recordsOf(messageOf(recordsMax + 1), 1)), "TLS_TOO_MANY_RECORDS unexpected_message");
});

test("a hello that claims much and sends little holds little", () => {
  const reader = new ClientHelloReader({ helloBytesMax: 0xff_ffff, recordsMax: 10 });
  const claims = Uint8Array.of(22, 3, 1, 0x40, 0, 1, 0xff, 0, 0);
  const before = process.memoryUsage().arrayBuffers;
  assert.equal(reader.push(claims).kind, "incomplete");
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
});

test("the parts of a hello are checked", () => {
  const refusals: readonly (readonly [string, Uint8Array])[] = [
    ["TLS_MALFORMED_HELLO decode_error", helloMessage({ sessionId: new Uint8Array(33) })],
    ["TLS_MALFORMED_HELLO decode_error", helloMessage({ cipherSuites: [] })],
    ["TLS_BAD_HELLO_VERSION protocol_version", helloMessage({ legacyVersion: 0x0200 })],
    ["TLS_NO_NULL_COMPRESSION illegal_parameter", helloMessage({ compressions: [1] })],
    ["TLS_NO_NULL_COMPRESSION illegal_parameter", helloMessage({ compressions: [] })],
    [
      "TLS_REPEATED_EXTENSION illegal_parameter",
      helloMessage({
        extensions: [
          [23, new Uint8Array()],
          [23, new Uint8Array()],
        ],
      }),
    ],
  ];
  for (const [fault, message] of refusals) assert.equal(faultOf(recordsOf(message)), fault);
});

test("of all types of extensions one may come once, and none twice", () => {
  const types = [17, 22, 31, 32, 49, 54, 63, 64, 95, 96, 0x0a0a, 0xff01];
  const bodies = types.map((type) => [type, new Uint8Array()] as const);
  const once = read(recordsOf(helloMessage({ extensions: bodies })));
  assert.equal(once.kind, "hello");
  for (const body of bodies) {
    const message = helloMessage({ extensions: [...bodies, body] });
    assert.equal(faultOf(recordsOf(message)), "TLS_REPEATED_EXTENSION illegal_parameter");
  }
});

test("extensions whose lists are empty, odd or of the wrong length are refused", () => {
  const malformed: readonly (readonly [number, Uint8Array])[] = [
    [0, new Uint8Array()],
    [0, vector16()],
    [0, vector16(Uint8Array.of(0), vector16())],
    [0, joined(vector16(Uint8Array.of(0), vector16(bytesOf("a"))), Uint8Array.of(0))],
    [10, vector16(Uint8Array.of(1))],
    [10, new Uint8Array()],
    [13, vector16()],
    [16, vector16()],
    [16, vector16(vector8())],
    [16, vector16(Uint8Array.of(3, 0x61))],
    [41, vector16()],
    [41, joined(vector16(vector16(bytesOf("x")), new Uint8Array(3)), vector16(vector8(bytesOf("b"))))],
    [43, vector8()],
    [43, vector8(Uint8Array.of(3, 4, 3))],
  ];
  for (const [type, contents] of malformed) {
    const fault = faultOf(withExtension(type, contents));
    assert.equal(fault, "TLS_MALFORMED_EXTENSION decode_error", `${type}: ${contents.join(" ")}`);
  }
});

test("a pre-shared key is the last extension", () => {
  const identity = joined(vector16(bytesOf("0123456789abcdef-more")), new Uint8Array(4));
  const key = joined(vector16(identity), vector16(vector8(new Uint8Array(32))));
  assert.equal(textOf(helloOf(withExtension(41, key)).ticketKeyName!), "0123456789abcdef");
  const message = helloMessage({
    extensions: [
      [41, key],
      [23, new Uint8Array()],
    ],
  });
  assert.equal(faultOf(recordsOf(message)), "TLS_MISPLACED_EXTENSION illegal_parameter");
});

test("whatever the bytes, and however they are cut, the reading is one of the four, and the same", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (noise, isFramed) => {
      read(isFramed ? recordsOf(joined(Uint8Array.of(1, 0, 1, 0), noise)) : noise);
    }),
    { numRuns: 500 },
  );
});

test("a real hello with bytes changed is read or refused, and never beyond its end", () => {
  const fixture = fc.constantFrom(...FIXTURES.map(([, bytes]) => bytes));
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fixture, changes, (original, changed) => {
      const bytes = original.slice();
      for (const [place, value] of changed) bytes[place % bytes.length] = value;
      const reading = readIn(bytes.length, bytes);
      // The same bytes with others around them: what lies outside of the stretch makes no difference.
      const around = new Uint8Array(bytes.length + 64).fill(0xaa);
      around.set(bytes, 32);
      assert.deepEqual(new ClientHelloReader().push(around, 32, 32 + bytes.length), reading);
    }),
    { numRuns: 2_000 },
  );
});
