import assert from "node:assert/strict";
import { test } from "node:test";
import {
  helloMessage,
  joined,
  recordsOf,
  serverNameExtension,
  vector16,
} from "../../testing/tls/hello-builder.ts";
import { bytesOf } from "../base/bytes.ts";
import { ClientHelloReader } from "./client-hello.ts";

/** What a hello with this `server_name` gives: the name, `(none)`, or the violation and its alert. */
function nameOf(extension: readonly [number, Uint8Array]): string {
  const reading = new ClientHelloReader().push(recordsOf(helloMessage({ extensions: [extension] })));
  if (reading.kind === "violation") return `${reading.violation.code} ${reading.violation.alert}`;
  return reading.kind === "hello" ? (reading.hello.serverName ?? "(none)") : reading.kind;
}

const BAD = "TLS_BAD_SERVER_NAME unrecognized_name";
const label = "a".repeat(63);
const longest = `${label}.${label}.${label}.${"a".repeat(61)}`;

test("a name is compared in lower case, without the dot at its end", () => {
  assert.equal(nameOf(serverNameExtension("WWW.Example.COM")), "www.example.com");
  assert.equal(nameOf(serverNameExtension("www.example.com.")), "www.example.com");
  assert.equal(nameOf(serverNameExtension("_acme.x--y.localhost")), "_acme.x--y.localhost");
});

test("an IP address is as good as no name", () => {
  for (const ip of ["192.0.2.1", "192.0.2.1.", "2001:db8::1", "[2001:db8::1]", "::ffff:192.0.2.1"]) {
    assert.equal(nameOf(serverNameExtension(ip)), "(none)", ip);
  }
});

test("a name of 253 bytes is the longest", () => {
  assert.equal(longest.length, 253);
  assert.equal(nameOf(serverNameExtension(longest)), longest);
  assert.equal(nameOf(serverNameExtension(`${longest}.`)), longest);
  assert.equal(nameOf(serverNameExtension(`${longest}a`)), BAD);
  assert.equal(nameOf(serverNameExtension("a".repeat(300))), BAD);
});

test("names with bytes that no host name has are refused", () => {
  const names = [
    "a\0b.example",
    "example.com\0",
    "*.example.com",
    "a b",
    "ä.example",
    "a:443",
    "a/b",
    "[::1",
  ];
  for (const name of names) assert.equal(nameOf(serverNameExtension(name)), BAD, JSON.stringify(name));
});

test("labels are neither empty nor longer than 63 bytes", () => {
  for (const name of [".", "..", "a..b", ".a", "a..", `${label}a.b`]) {
    assert.equal(nameOf(serverNameExtension(name)), BAD, name);
  }
});

test("a name of another type is passed over; a second host name is refused", () => {
  const name = (type: number, text: string) => joined(Uint8Array.of(type), vector16(bytesOf(text)));
  assert.equal(nameOf([0, vector16(name(7, "\0x"), name(0, "a.example"))]), "a.example");
  assert.equal(nameOf([0, vector16(name(7, "x"))]), "(none)");
  assert.equal(
    nameOf([0, vector16(name(0, "a.example"), name(0, "b.example"))]),
    "TLS_REPEATED_SERVER_NAME illegal_parameter",
  );
});
