import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf } from "../../../testing/model/orders.ts";
import { ok } from "../../base/result.ts";
import { readEntry } from "../../model/file/entry.ts";
import { parseConfigurationFile } from "../../model/file/parse-file.ts";
import type { State } from "../../model/state.ts";
import { atOnce } from "./slices.ts";
import { wantedState } from "./wanted-state.ts";

const CURRENT: State = stateOf(
  ["ADD_LISTENER", { address: "127.0.0.1:80", protocol: "http" }],
  ["ADD_LISTENER", { address: "127.0.0.1:81", protocol: "http" }],
  ["ADD_CLUSTER", { cluster_id: "app" }],
  ["ADD_CLUSTER", { cluster_id: "old" }],
  ["ADD_BACKEND", { cluster_id: "app", backend_id: "a", address: "10.0.0.1:80" }],
  ["ADD_BACKEND", { cluster_id: "old", backend_id: "b", address: "10.0.0.2:80" }],
  ["ADD_FRONTEND", { listener: "127.0.0.1:80", hostname: "a.example", cluster_id: "app" }],
  ["ADD_FRONTEND", { listener: "127.0.0.1:81", hostname: "b.example", cluster_id: "old" }],
);

function wanted(text: string): ReturnType<typeof wantedStateOf> {
  const file = parseConfigurationFile(text);
  assert.ok(file.ok, JSON.stringify(file));
  const objects = file.value.entries.map((entry) => {
    const order = readEntry(entry, () => ok(""));
    assert.ok(order.ok);
    return { path: entry.path, order: order.value };
  });
  return wantedStateOf(file.value, objects);
}

function wantedStateOf(...[file, objects]: Parameters<typeof wantedState>) {
  return atOnce(wantedState(file, objects, CURRENT));
}

test("a file that owns all says all: what it has not goes", () => {
  const state = wanted('[[clusters]]\ncluster_id = "app"\n');
  assert.ok(state.ok);
  assert.deepEqual(state.value.sizes(), { listener: 0, cluster: 1, frontend: 0, backend: 0, certificate: 0 });
});

test("what a file leaves to orders stays, but for what belongs to something that goes", () => {
  const listeners = wanted(
    'owns = ["listeners"]\n[[listeners]]\naddress = "127.0.0.1:80"\nprotocol = "http"\n',
  );
  assert.ok(listeners.ok);
  assert.deepEqual(listeners.value.sizes(), {
    listener: 1,
    cluster: 2,
    frontend: 1,
    backend: 2,
    certificate: 0,
  });
  const clusters = wanted('owns = ["clusters"]\n[[clusters]]\ncluster_id = "app"\n');
  assert.ok(clusters.ok);
  assert.deepEqual(clusters.value.sizes(), {
    listener: 2,
    cluster: 1,
    frontend: 2,
    backend: 1,
    certificate: 0,
  });
  const nothing = wanted("owns = []\n");
  assert.ok(nothing.ok);
  assert.equal(nothing.value.hash(), CURRENT.hash());
});

test("objects that do not go with the others are told by their places", () => {
  const frontend = '[[frontends]]\nlistener = "127.0.0.1:90"\nhostname = "*"\ndeny = true\n';
  const cluster = '[[clusters]]\ncluster_id = "a"\n';
  const state = wanted(`${cluster}${cluster}${frontend}`);
  assert.ok(!state.ok);
  assert.deepEqual(
    state.error.map(({ path }) => path),
    [
      ["clusters", 1],
      ["frontends", 0],
    ],
  );
  assert.match(state.error[0]!.message, /^clusters\[1\] is there twice/);
  assert.match(state.error[1]!.message, /^frontends\[0\]: listener .*127\.0\.0\.1:90/);
});
