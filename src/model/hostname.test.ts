import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHostname, parseHostnamePattern } from "./hostname.ts";

const accepted = (text: string) => {
  const parsed = parseHostnamePattern(text);
  return parsed.ok ? parsed.value : undefined;
};

test("a host name is kept in lower case, without its trailing dot", () => {
  assert.equal(accepted("WWW.Example.COM."), "www.example.com");
  assert.equal(accepted("a_b.xn--mnchen-3ya.de"), "a_b.xn--mnchen-3ya.de");
});

test("a wildcard is a star alone or a star label at the beginning", () => {
  assert.equal(accepted("*"), "*");
  assert.equal(accepted("*.Example.com"), "*.example.com");
  for (const bad of ["*.", "*example.com", "a.*.com", "**", "*.*.com"])
    assert.equal(accepted(bad), undefined, bad);
});

test("IP addresses are exact names, IPv6 in its shortest form", () => {
  assert.equal(accepted("192.0.2.1"), "192.0.2.1");
  assert.equal(accepted("[2001:DB8:0:0::1]"), "[2001:db8::1]");
  for (const bad of ["[::1", "[::1]:80", "::1", "[1.2.3.4]", "[]"])
    assert.equal(accepted(bad), undefined, bad);
});

test("what cannot be in a Host field is refused, with the reason", () => {
  for (const bad of [
    "",
    ".",
    "a..b",
    "-a.com",
    "a-.com",
    "a b",
    "a/b",
    "münchen.de",
    "a\0b",
    "example.com:80",
  ]) {
    assert.equal(accepted(bad), undefined, bad);
  }
  const withPort = parseHostname("example.com:80");
  assert.match(withPort.ok ? "" : withPort.error, /no port/);
  const international = parseHostname("münchen.de");
  assert.match(international.ok ? "" : international.error, /xn--/);
});

test("a name of 253 characters is accepted and one of 254 is not, a label of 63 and not of 64", () => {
  const name = (length: number) => `${"a".repeat(49)}.`.repeat(6).slice(0, length - 1) + "b";
  assert.equal(accepted(name(253))?.length, 253);
  assert.equal(accepted(name(254)), undefined);
  assert.ok(accepted(`${"a".repeat(63)}.com`));
  assert.equal(accepted(`${"a".repeat(64)}.com`), undefined);
});
