import assert from "node:assert/strict";
import { test } from "node:test";
import { makeCertificate } from "../../../testing/tls/certificates.ts";
import { LISTENER_DEFAULTS } from "../../model/defaults.ts";
import type { OrderError } from "../../model/errors.ts";
import type { ChangeOrder } from "../../model/orders.ts";
import { readOrders } from "./certificate-order.ts";

const LISTENER = "127.0.0.1:8443";

function refusal(order: ChangeOrder): OrderError {
  const read = readOrders([order]);
  assert.ok(!read.ok, "it was accepted");
  return read.error;
}

test("of a file's orders the one that is refused is named by its object, with the code of the fault", () => {
  const [one, other] = [makeCertificate({ name: "a.example" }), makeCertificate({ name: "a.example" })];
  const data = {
    listener: LISTENER,
    fingerprint: "a3".repeat(32),
    names: ["a.example"],
    certificate: one.pem,
    chain: [],
    key: other.keyPem,
    reject_expired: false,
  };
  const mismatch = refusal({ type: "ADD_CERTIFICATE", data });
  assert.equal(mismatch.code, "KEY_MISMATCH");
  assert.match(mismatch.message, /^certificate (a3){32} for a\.example of listener 127\.0\.0\.1:8443: /);
  assert.equal(mismatch.field, undefined, "no field of the client's order is wrong");
  const listener = {
    ...LISTENER_DEFAULTS,
    address: LISTENER,
    protocol: "https",
    cipher_list: "aNULL",
  } as const;
  const unserved = refusal({ type: "ADD_LISTENER", data: listener });
  assert.equal(unserved.code, "INVALID_FIELD");
  assert.match(unserved.message, /^listener 127\.0\.0\.1:8443: data\.cipher_list leaves no cipher/);
});
