import assert from "node:assert/strict";
import { test } from "node:test";
import { clientTest, parseClientAddress } from "./client-address.ts";

test("a client is an IP address, with or without a port, in one form", () => {
  const forms = [
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7:80", "192.0.2.7:80"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["[::FFFF:c000:207]:80", "192.0.2.7:80"],
    ["0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8:0::1]:65535", "[2001:db8::1]:65535"],
  ] as const;
  for (const [text, form] of forms) assert.deepEqual(parseClientAddress(text), { ok: true, value: form });
});

test("what is no address of one client is refused", () => {
  const typos = ["", "x", "127.1", "0127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "[127.0.0.1]", "::1%lo"];
  for (const text of [...typos, "[::1]:", "[::1", ":::1", "127.0.0.1/x/8"]) {
    const parsed = parseClientAddress(text);
    assert.deepEqual(parsed, { ok: false, error: "must be an IP address, with or without a port" }, text);
  }
  for (const net of ["127.0.0.0/8", "2001:db8::/32"]) {
    const parsed = parseClientAddress(net);
    assert.deepEqual(parsed, { ok: false, error: "must be one IP address: nets are not taken" });
  }
});

test("a client is found however the kernel wrote its address", () => {
  const clients = [
    ["127.0.0.1:5000", "127.0.0.1"],
    ["[::ffff:127.0.0.1]:5000", "127.0.0.1"],
    ["[::ffff:7f00:1]:5000", "127.0.0.1:5000"],
    ["[2001:db8::1]:5000", "2001:db8::1"],
    ["[2001:db8::1]:5000", "[2001:db8::1]:5000"],
    ["[fe80::1%eth0]:5000", "fe80::1"],
    ["[fe80::1%eth0]:5000", "[fe80::1]:5000"],
  ] as const;
  for (const [address, client] of clients) assert.ok(clientTest(client)(address), `${address} is ${client}`);
});

test("a client is not taken for another one", () => {
  const others = ["127.0.0.2", "127.0.0.1:5001", "127.0.0.1:500", "::1"];
  for (const other of others) assert.ok(!clientTest(other)("127.0.0.1:5000"), other);
  assert.ok(!clientTest("::")("[::1]:5000"));
  assert.ok(!clientTest("[::1]:5001")("[::1]:5000"));
});
