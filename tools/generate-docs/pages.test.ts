import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrder } from "../../src/model/catalogue/parse-order.ts";
import { CATALOGUE, ORDER_TYPES } from "../../src/model/catalogue/catalogue.ts";
import { METRICS } from "../../src/metrics/catalogue.ts";
import type { OrderType } from "../../src/model/orders.ts";
import { ORDER_ERRORS } from "../../src/model/errors.ts";
import { errorsPage } from "./errors-page.ts";
import { jsonText, table } from "./markdown.ts";
import { metricsPage } from "./metrics-page.ts";
import { ordersPage } from "./orders-page.ts";

test("the page of orders has each order once, with an example that is accepted and answered", () => {
  const sections = ordersPage().split("\n## ").slice(1);
  assert.deepEqual(
    sections.map((section) => section.slice(0, section.indexOf("\n"))),
    ORDER_TYPES,
  );
  for (const section of sections) {
    const [order, answer] = [...section.matchAll(/```json\n([^`]*)```/g)].map((block) =>
      JSON.parse(block[1]!),
    );
    assert.ok(parseOrder(order).ok, section);
    assert.equal(answer.status, CATALOGUE[order.type as OrderType].isEndless ? "PROCESSING" : "OK");
    assert.equal(answer.id, order.id);
  }
});

test("the page of errors has each code with its meaning and remedy", () => {
  const page = errorsPage();
  for (const [code, { meaning, remedy }] of Object.entries(ORDER_ERRORS)) {
    assert.ok(page.includes(`| \`${code}\` | ${meaning} | ${remedy} |`), code);
  }
});

test("the page of metrics has each metric with what it is", () => {
  const page = metricsPage();
  for (const [name, { help }] of Object.entries(METRICS)) {
    assert.ok(page.includes(`| \`${name}\` |`) && page.includes(help), name);
  }
});

test("generated pages say so in their first line, and end in one newline", () => {
  for (const page of [ordersPage(), errorsPage(), metricsPage()]) {
    assert.match(page, /^<!-- Generated from .* Do not edit\. -->\n/);
    assert.match(page, /[^\n]\n$/);
  }
});

test("JSON is broken only where it is too long, and stays the same JSON", () => {
  assert.equal(jsonText({ a: [1, { b: 2 }] }), '{"a":[1,{"b":2}]}');
  const long = { list: Array.from({ length: 20 }, (_, index) => ({ number: index, text: "x" })), flag: true };
  const text = jsonText(long);
  assert.deepEqual(JSON.parse(text), long);
  assert.ok(text.split("\n").every((line) => line.length <= 110));
});

test("a cell with a bar stays one cell", () => {
  assert.equal(table(["a"], [["x|y"]]), "| a |\n| --- |\n| x\\|y |");
});
