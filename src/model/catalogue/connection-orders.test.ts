import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrderBody } from "./parse-order.ts";

const TYPES = ["LIST_CONNECTIONS", "CLOSE_CONNECTIONS"] as const;

test("a client and a host are read in one form, whatever the order", () => {
  for (const type of TYPES) {
    const parsed = parseOrderBody(type, { client: "[::ffff:192.0.2.7]:80", host: "H1.test." });
    assert.ok(parsed.ok);
    const { client, host } = parsed.value.data as { client: string; host: string };
    assert.deepEqual([client, host], ["192.0.2.7:80", "h1.test"]);
  }
});

test("a typo in a client or a host is refused, because it would find nobody", () => {
  const typos = [
    [{ client: "x" }, "data.client must be an IP address, with or without a port"],
    [{ client: "127.0.0.1:99999" }, "data.client must be an IP address, with or without a port"],
    [{ client: "127.0.0.0/8" }, "data.client must be one IP address: nets are not taken"],
    [{ host: "h1.test:80" }, 'data.host must not have the label "test:80"; a host name has no port'],
    [{ host: "*" }, 'data.host must not have the label "*"; '],
  ] as const;
  for (const type of TYPES) {
    for (const [data, begin] of typos) {
      const parsed = parseOrderBody(type, data);
      assert.ok(!parsed.ok, JSON.stringify(data));
      assert.equal(parsed.error.code, "INVALID_FIELD");
      assert.ok(parsed.error.message.startsWith(begin), parsed.error.message);
    }
  }
});
