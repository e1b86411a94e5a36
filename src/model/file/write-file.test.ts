import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderList } from "../../../testing/model/configurations.ts";
import { ordersOf, readChangeOrder } from "../../../testing/model/orders.ts";
import { applyOrder } from "../apply.ts";
import type { ChangeOrder } from "../orders.ts";
import { State } from "../state.ts";
import { readEntry } from "./entry.ts";
import { parseConfigurationFile } from "./parse-file.ts";
import { configurationText } from "./write-file.ts";

function ordersIn(text: string): readonly ChangeOrder[] {
  const parsed = parseConfigurationFile(text);
  assert.ok(parsed.ok, text);
  return parsed.value.entries.map((entry) => {
    const read = readEntry(entry, () => assert.fail("names a file"));
    assert.ok(read.ok, text);
    return read.value;
  });
}

test("law: a configuration without PEM texts and drains, written as a file and read again, is the same", () => {
  fc.assert(
    fc.property(orderList, (written) => {
      const state = new State();
      for (const each of written) {
        const order = readChangeOrder(each);
        if (!/CERTIFICATE|DRAIN/.test(order.type) && !JSON.stringify(order).includes('"ca"'))
          applyOrder(state, order);
      }
      const again = new State();
      for (const order of ordersIn(configurationText(ordersOf(state))))
        assert.ok(applyOrder(again, order).ok);
      assert.equal(again.hash(), state.hash());
    }),
  );
});

test("where a PEM text belongs stands a comment, and never the text", () => {
  const state = new State();
  const orders: readonly ChangeOrder[] = [
    readChangeOrder(["ADD_LISTENER", { address: "127.0.0.1:1", protocol: "https" }]),
    readChangeOrder([
      "ADD_CLUSTER",
      { cluster_id: "a", tls: { server_name: "x.example", certificate: "SECRET1", key: "SECRET2" } },
    ]),
  ];
  for (const order of orders) assert.ok(applyOrder(state, order).ok);
  const text = configurationText(ordersOf(state));
  assert.match(text, /^# here belongs tls\.key_file$/m);
  assert.doesNotMatch(text, /SECRET/);
});
