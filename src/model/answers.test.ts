import assert from "node:assert/strict";
import { test } from "node:test";
import { errorAnswer, okAnswer, processingAnswer } from "./answers.ts";

const place = { id: "42", revision: 7 };

test("an OK has the fields of the protocol, in its order", () => {
  assert.equal(
    JSON.stringify(okAnswer(place, "backend app-1 added to cluster app", { changed: true })),
    '{"id":"42","version":1,"status":"OK","message":"backend app-1 added to cluster app",' +
      '"revision":7,"data":{"changed":true}}',
  );
});

test("a PROCESSING has the fields of the protocol, in its order", () => {
  assert.equal(
    JSON.stringify(processingAnswer(place, "3 connections remain", { connections: 3 })),
    '{"id":"42","version":1,"status":"PROCESSING","message":"3 connections remain",' +
      '"revision":7,"data":{"connections":3}}',
  );
});

test("an ERROR has its message outside and the facts inside, and only the facts that there are", () => {
  const refusal = { code: "UNKNOWN_CLUSTER", message: "no such cluster", field: "data.cluster_id" } as const;
  assert.equal(
    JSON.stringify(errorAnswer(place, refusal)),
    '{"id":"42","version":1,"status":"ERROR","message":"no such cluster","revision":7,' +
      '"error":{"code":"UNKNOWN_CLUSTER","field":"data.cluster_id"}}',
  );
  const { error, id } = errorAnswer({ id: null, revision: 0 }, { code: "BAD_FRAME", message: "not JSON" });
  assert.deepEqual([error, id], [{ code: "BAD_FRAME" }, null]);
});
