import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf } from "../base/bytes.ts";
import type { ProxyHeaderRead } from "./header.ts";
import { PROXY_HEADER_BYTES_MAX_DEFAULT, readProxyHeader } from "./read-header.ts";

const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const TCP4 = "\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x9c\x40\x01\xbb";

/** Every header is read whole, at an offset, and at each of its lengths: all must agree. */
function read(text: string, bytesMax = PROXY_HEADER_BYTES_MAX_DEFAULT): ProxyHeaderRead {
  const bytes = bytesOf(text);
  const whole = readProxyHeader(bytes, 0, bytes.length, bytesMax);
  const shifted = readProxyHeader(bytesOf(`\n\n\n${text}\n`), 3, bytes.length + 3, bytesMax);
  assert.deepEqual(shifted, whole.kind === "header" ? { ...whole, end: whole.end + 3 } : whole);
  for (let length = 0; length < bytes.length; length++) {
    const early = readProxyHeader(bytes, 0, length, bytesMax);
    if (early.kind !== "incomplete") assert.deepEqual(early, whole, `at ${length} bytes`);
    else if (whole.kind === "header") assert.ok(length < whole.end, `incomplete at ${length} bytes`);
  }
  return whole;
}

/** `source > destination`, or why not. */
function summaryOf(text: string): string {
  const result = read(text);
  if (result.kind !== "header") return result.kind === "violation" ? result.code : result.kind;
  const { addresses } = result;
  return addresses === undefined ? "own" : `${addresses.source.text} > ${addresses.destination.text}`;
}

test("a line tells both addresses, IPv4 and IPv6, and the request begins behind it", () => {
  const line = "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n";
  assert.equal(summaryOf(`${line}GET /`), "192.0.2.7:40000 > 198.51.100.1:443");
  const whole = read(`${line}GET /`);
  assert.equal(whole.kind === "header" && whole.end, line.length);
  assert.equal(summaryOf("PROXY TCP6 2001:DB8::1 ::1 1 65535\r\n"), "[2001:db8::1]:1 > [::1]:65535");
  assert.equal(summaryOf("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n"), "192.0.2.7:1 > [::1]:2");
});

test("an unknown client leaves the connection's own addresses, whatever else the line says", () => {
  for (const rest of ["", " ", " what ever", " ffff::1 ffff::2 1 2"])
    assert.equal(summaryOf(`PROXY UNKNOWN${rest}\r\n`), "own", rest);
});

test("a line that is not exactly as it must be is PP_BAD_LINE", () => {
  const wrong = [
    "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r \n",
    "PROXY  TCP4 192.0.2.7 198.51.100.1 40000 443\r\n",
    "PROXY TCP4 192.0.2.7  198.51.100.1 40000 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443 \r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n",
    "PROXY TCP4 192.0.2.07 198.51.100.1 40000 443\r\n",
    "PROXY TCP4 192.0.2.256 198.51.100.1 40000 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 040000 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
    "PROXY TCP4 192.0.2.7 198.51.100.1 -1 443\r\n",
    "PROXY TCP4 ::1 ::1 1 2\r\n",
    "PROXY TCP4 [::1] [::1] 1 2\r\n",
    "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
    "PROXY TCP6 [::1] ::1 1 2\r\n",
    "PROXY TCP6 ::1%lo ::1 1 2\r\n",
    "PROXY TCP6 1::2::3 ::1 1 2\r\n",
    "PROXY UDP4 192.0.2.7 198.51.100.1 40000 443\r\n",
    "PROXY tcp4 192.0.2.7 198.51.100.1 40000 443\r\n",
    "PROXY UNKNOWNS\r\n",
    "PROXY UNKNOWN\n",
    "PROXY \r\n",
  ];
  for (const line of wrong) assert.equal(summaryOf(line), "PP_BAD_LINE", JSON.stringify(line));
});

test("a line of 107 bytes is read; one byte more is PP_LINE_TOO_LONG", () => {
  const lineOf = (bytes: number): string => `PROXY UNKNOWN ${"x".repeat(bytes - 16)}\r\n`;
  assert.equal(lineOf(107).length, 107);
  assert.equal(summaryOf(lineOf(107)), "own");
  assert.equal(summaryOf(lineOf(108)), "PP_LINE_TOO_LONG");
  assert.equal(summaryOf(`PROXY ${"x".repeat(500)}`), "PP_LINE_TOO_LONG");
});

test("a binary header tells both addresses, IPv4 and IPv6", () => {
  assert.equal(summaryOf(`${SIGNATURE}${TCP4}`), "192.0.2.7:40000 > 198.51.100.1:443");
  const one = `${"\0".repeat(15)}\x01`;
  const mapped = `${"\0".repeat(10)}\xff\xff\xc0\0\x02\x07`;
  assert.equal(summaryOf(`${SIGNATURE}\x21\x21\0\x24${one}${one}\0\x01\xff\xff`), "[::1]:1 > [::1]:65535");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x21\0\x24${mapped}${one}\0\x01\0\x02`), "192.0.2.7:1 > [::1]:2");
});

test("additions behind the addresses are passed over", () => {
  const added = TCP4.replace("\0\x0c", "\0\x14");
  const result = read(`${SIGNATURE}${added}\x01\0\x05http1GET /`);
  assert.equal(result.kind === "header" && result.end, 16 + 20);
});

test("LOCAL, and what is no TCP over IP, leave the connection's own addresses", () => {
  assert.equal(summaryOf(`${SIGNATURE}\x20\0\0\0`), "own");
  assert.equal(summaryOf(`${SIGNATURE}\x20\x11\0\x0c${"x".repeat(12)}`), "own");
  assert.equal(summaryOf(`${SIGNATURE}\x20\xff\0\x02xx`), "own", "a family that LOCAL makes void");
  assert.equal(summaryOf(`${SIGNATURE}\x21\0\0\x03xyz`), "own");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x12\0\x0c${"x".repeat(12)}`), "own");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x22\0\x24${"x".repeat(36)}`), "own");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x31\0\xd8${"x".repeat(216)}`), "own");
});

test("what a binary header may not say is a violation of its own kind", () => {
  for (const command of ["\x10", "\x11", "\x22", "\x2f", "\x31", "\0"])
    assert.equal(summaryOf(`${SIGNATURE}${command}\x11\0\x0c${"x".repeat(12)}`), "PP_BAD_COMMAND");
  for (const family of ["\x01", "\x10", "\x13", "\x20", "\x41", "\xff"])
    assert.equal(summaryOf(`${SIGNATURE}\x21${family}\0\xd8${"x".repeat(216)}`), "PP_BAD_FAMILY");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x11\0\x0b${"x".repeat(11)}`), "PP_TOO_SHORT");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x21\0\x23${"x".repeat(35)}`), "PP_TOO_SHORT");
  assert.equal(summaryOf(`${SIGNATURE}\x21\x31\0\xd7${"x".repeat(215)}`), "PP_TOO_SHORT");
});

test("a binary header of exactly the limit is read; one byte more is PP_TOO_LARGE before it has come", () => {
  const sized = (bytes: number): string =>
    `${SIGNATURE}\x20\0${String.fromCharCode((bytes - 16) >> 8, (bytes - 16) & 0xff)}`;
  assert.equal(summaryOf(`${sized(536)}${"x".repeat(520)}`), "own");
  assert.equal(summaryOf(sized(537)), "PP_TOO_LARGE");
  assert.equal(summaryOf(sized(16 + 0xffff)), "PP_TOO_LARGE");
});

test("what begins like neither version is PP_NO_HEADER at its first wrong byte", () => {
  for (const text of ["G", "GET / HTTP/1.1\r\n", "PROXX", "PROXY\t", "\r\n\r\n\r", "\n", "\0", "proxy TCP4"])
    assert.equal(summaryOf(text), "PP_NO_HEADER", JSON.stringify(text));
});

test("whatever the bytes, reading gives a value, and a header only where one of both begins", () => {
  const start = fc.constantFrom("", "PROXY ", "PROXY TCP4 ", "PROXY TCP6 ", SIGNATURE, `${SIGNATURE}\x21`);
  const piece = fc.constantFrom(" ", "\r", "\n", "\r\n", "1", "::", ".", "255", "ffff", "\0", "\x11", "\x21");
  const noise = fc.array(
    fc.oneof(
      piece,
      fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
    ),
  );
  fc.assert(
    fc.property(start, noise, (head, rest) => {
      const text = head + rest.join("");
      const result = read(text);
      if (result.kind !== "header") return;
      assert.ok(text.startsWith("PROXY ") || text.startsWith(SIGNATURE));
      assert.ok(result.end <= text.length);
    }),
    { numRuns: 500 },
  );
});
