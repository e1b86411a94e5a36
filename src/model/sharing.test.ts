import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "./channel.ts";
import {
  BACKEND_DEFAULTS,
  CLUSTER_DEFAULTS,
  LISTENER_DEFAULTS,
  PATH_DEFAULT,
  TAGS_DEFAULT,
} from "./defaults.ts";
import type { Frontend } from "./objects.ts";
import { sharing } from "./sharing.ts";
import { State } from "./state.ts";

const ADDRESS = "127.0.0.1:80";

/** As it comes over a channel: nothing in it is anybody else's. */
function received(change: Change): Change {
  return JSON.parse(JSON.stringify(change)) as Change;
}

function stateWithOneCluster(): State {
  const state = new State();
  const listener = { ...LISTENER_DEFAULTS, address: ADDRESS, protocol: "http" } as const;
  state.applyChange({ kind: "listener", key: ADDRESS, after: listener });
  state.applyChange({ kind: "cluster", key: "app", after: { ...CLUSTER_DEFAULTS, cluster_id: "app" } });
  return state;
}

function frontend(fields: Partial<Frontend>): Change {
  const value: Frontend = {
    listener: ADDRESS,
    hostname: "a.example",
    path: { prefix: "/" },
    cluster_id: "app",
    tags: {},
    ...fields,
  };
  return received({ kind: "frontend", key: "some key", after: value });
}

test("an object says the same as before", () => {
  const state = stateWithOneCluster();
  const changes = [
    frontend({}),
    frontend({ path: { regex: "/a.*" }, method: "GET", tags: { owner: "me" } }),
    frontend({ path: { prefix: "/a" }, cluster_id: "not there yet" }),
    received({
      kind: "backend",
      key: "app one",
      after: { ...BACKEND_DEFAULTS, cluster_id: "app", backend_id: "one", address: "127.0.0.1:1" },
    }),
    received({ kind: "frontend", key: "some key", before: frontend({}).after! }),
  ];
  for (const change of changes) assert.deepEqual(sharing(change, state), change);
});

test("default paths and empty tags are one object for all", () => {
  const shared = sharing(frontend({}), stateWithOneCluster()).after as Frontend;
  assert.equal(shared.path, PATH_DEFAULT);
  assert.equal(shared.tags, TAGS_DEFAULT);
});

test("a frontend without cluster stays without", () => {
  const value: Frontend = { listener: ADDRESS, hostname: "*", path: { prefix: "/" }, deny: true, tags: {} };
  const shared = sharing({ kind: "frontend", key: "some key", after: value }, stateWithOneCluster());
  assert.equal("cluster_id" in shared.after!, false);
});
