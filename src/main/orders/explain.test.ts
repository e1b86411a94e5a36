import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendStatus } from "../../model/channel.ts";
import { mergeBackends, routeData } from "./explain.ts";

const status = (backend_id: string, state: BackendStatus["state"], connections: number): BackendStatus => ({
  backend_id,
  address: "127.0.0.1:9001",
  state,
  connections,
  idle: 1,
});

test("a backend's connections are summed over the workers, and each worker's view is kept", () => {
  const merged = mergeBackends(
    new Map([
      [0, [status("a", "up", 2), status("b", "up", 0)]],
      [1, [status("a", "resting", 3)]],
    ]),
  );
  assert.deepEqual(
    merged.map(({ backend_id, state, connections, idle, workers }) => [
      backend_id,
      state,
      connections,
      idle,
      workers,
    ]),
    [
      ["a", "up", 5, 2, { "0": "up", "1": "resting" }],
      ["b", "up", 0, 1, { "0": "up" }],
    ],
  );
});

test("why a backend is down is told only where no worker finds it up", () => {
  const down = { ...status("a", "down", 0), reason: "status 500" };
  const up = status("a", "up", 0);
  const reasonOf = (...statuses: BackendStatus[]) => {
    const [merged] = mergeBackends(new Map(statuses.map((one, worker) => [worker, [one]])));
    return [merged?.state, merged?.reason];
  };
  assert.deepEqual(reasonOf(down, down), ["down", "status 500"]);
  assert.deepEqual(reasonOf(down, up), ["up", undefined]);
  assert.deepEqual(reasonOf(up, down), ["up", undefined]);
});

test("a backend that rests in every worker rests", () => {
  const merged = mergeBackends(new Map([0, 1].map((worker) => [worker, [status("a", "resting", 0)]])));
  assert.equal(merged[0]?.state, "resting");
});

test("a backend may be chosen where one worker may choose it, and nobody says so of older workers", () => {
  const eligibleOf = (...views: readonly (boolean | undefined)[]): boolean | undefined => {
    const statuses = views.map((eligible) => ({
      ...status("a", "up", 0),
      ...(eligible !== undefined && { eligible }),
    }));
    return mergeBackends(new Map(statuses.map((one, worker) => [worker, [one]])))[0]?.eligible;
  };
  assert.equal(eligibleOf(false, true), true);
  assert.equal(eligibleOf(true, false), true);
  assert.equal(eligibleOf(false, false), false);
  assert.equal(eligibleOf(undefined, undefined), undefined);
});

test("what a worker tells of the rules comes first, and a worker of an older version may tell less", () => {
  const frontend = {
    listener: "127.0.0.1:80",
    hostname: "h",
    path: { prefix: "/" },
    deny: true,
    tags: {},
  } as const;
  const other = { frontend, reason: "it is elsewhere", failed: "host" } as const;
  const near = { frontend, why: "the path is another", failed: "path" } as const;
  assert.deepEqual(
    routeData({ chosen: frontend, because: "it is so", nearly: [near], isCut: true, tried: [] }, [other]),
    {
      frontend,
      because: "it is so",
      tried: [],
      nearly: [{ frontend, reason: "the path is another", failed: "path" }, other],
      nearly_cut: true,
    },
  );
  assert.deepEqual(routeData({ nearly: [{ frontend, why: "so" }], isCut: false, tried: [] }, []), {
    frontend: null,
    tried: [],
    nearly: [{ frontend, reason: "so" }],
  });
});
