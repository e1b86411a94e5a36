import assert from "node:assert/strict";
import { test } from "node:test";
import { ORDER_ERRORS } from "../errors.ts";
import { isChangeOrder } from "../orders.ts";
import { CATALOGUE, ORDER_TYPES } from "./catalogue.ts";
import { describeFields, type FieldDescription } from "./describe.ts";
import { parseOrderBody } from "./parse-order.ts";

test("every example is accepted", () => {
  for (const type of ORDER_TYPES) {
    const parsed = parseOrderBody(type, CATALOGUE[type].example);
    assert.ok(parsed.ok, parsed.ok ? "" : `${type}: ${parsed.error.message}`);
  }
});

test("every order that changes objects says that it changes the state", () => {
  for (const type of ORDER_TYPES) {
    const parsed = parseOrderBody(type, CATALOGUE[type].example);
    if (parsed.ok && isChangeOrder(parsed.value)) assert.ok(CATALOGUE[type].changesState, type);
  }
});

test("every error that an order names is explained", () => {
  for (const type of ORDER_TYPES) {
    for (const code of CATALOGUE[type].errors) assert.ok(ORDER_ERRORS[code].remedy, `${type} ${code}`);
  }
});

test("summaries and descriptions are sentences, and every field has one", () => {
  const check = (owner: string, fields: readonly FieldDescription[]) => {
    for (const field of fields) {
      assert.match(field.description, /^.+\.$/, `${owner}.${field.name}`);
      assert.notEqual(field.type, "any", `${owner}.${field.name}`);
      check(`${owner}.${field.name}`, field.fields);
    }
  };
  for (const type of ORDER_TYPES) {
    assert.match(CATALOGUE[type].summary, /^[A-Z].+\.$/);
    check(type, describeFields(type));
  }
});

test("descriptions have the types, limits and defaults that are checked", () => {
  const fields = new Map(describeFields("ADD_BACKEND").map((field) => [field.name, field]));
  assert.deepEqual(
    [...fields.keys()],
    ["cluster_id", "backend_id", "address", "weight", "backup", "sticky_id", "draining"],
  );
  assert.equal(fields.get("weight")?.type, "integer from 0 to 256");
  assert.equal(fields.get("weight")?.default, 100);
  assert.equal(fields.get("address")?.required, true);
  const path = describeFields("ADD_FRONTEND").find((field) => field.name === "path");
  assert.deepEqual(path?.default, { prefix: "/" });
  assert.deepEqual(
    path.fields.map((field) => field.name),
    ["prefix", "exact", "regex"],
  );
  const policy = describeFields("UPDATE_CLUSTER").find((field) => field.name === "load_balancing");
  assert.ok(policy !== undefined && policy.choices.includes("round_robin"));
  assert.match(policy.type, /, or null$/);
});
