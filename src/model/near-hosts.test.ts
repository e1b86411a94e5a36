import assert from "node:assert/strict";
import { test } from "node:test";
import { stateOf, type Written } from "../../testing/model/orders.ts";
import { findNearHosts, NEAR_HOSTS_MAX } from "./near-hosts.ts";

const HERE = "127.0.0.1:80";
const THERE = "127.0.0.1:443";
const LISTENERS: readonly Written[] = [HERE, THERE].map((address) => [
  "ADD_LISTENER",
  { address, protocol: "http" },
]);

function frontend(listener: string, hostname: string): Written {
  return ["ADD_FRONTEND", { listener, hostname, path: { prefix: "/" }, cluster_id: "app" }];
}

function reasonsOf(host: string, ...frontends: readonly Written[]): readonly string[] {
  const near = findNearHosts(stateOf(...LISTENERS, ...frontends), { listener: HERE, host });
  for (const { failed } of near) assert.equal(failed, "host");
  return near.map(({ frontend: { listener, hostname }, reason }) => `${listener} ${hostname}: ${reason}`);
}

test("a name, or a wildcard over it, at another listener is near", () => {
  assert.deepEqual(reasonsOf("a.example", frontend(THERE, "a.example")), [
    `${THERE} a.example: it is at the listener ${THERE}, not at ${HERE}`,
  ]);
  assert.equal(reasonsOf("a.example", frontend(THERE, "*.example")).length, 1);
});

test("a wildcard says that it does not take its own domain", () => {
  assert.deepEqual(reasonsOf("Example.com.", frontend(HERE, "*.example.com")), [
    `${HERE} *.example.com: it takes what stands before .example.com, not example.com itself`,
  ]);
});

test("a name with or without its first label is near, and so is a slip of the keyboard", () => {
  const near = (hostname: string, host: string): string =>
    `${HERE} ${hostname}: its hostname is ${hostname}, not ${host}`;
  assert.deepEqual(reasonsOf("example.com", frontend(HERE, "www.example.com")), [
    near("www.example.com", "example.com"),
  ]);
  assert.deepEqual(reasonsOf("www.example.com", frontend(HERE, "example.com")), [
    near("example.com", "www.example.com"),
  ]);
  assert.deepEqual(reasonsOf("exmaple.com", frontend(HERE, "example.com")), [
    near("example.com", "exmaple.com"),
  ]);
  assert.deepEqual(reasonsOf("other.org", frontend(HERE, "example.com")), []);
});

test("a host that has frontends of its own is not the mistake", () => {
  const frontends = [frontend(HERE, "a.example"), frontend(THERE, "a.example"), frontend(HERE, "b.example")];
  assert.deepEqual(reasonsOf("a.example", ...frontends), []);
});

test("what was asked already is not told again: a wildcard over the name at this listener", () => {
  assert.deepEqual(reasonsOf("a.example", frontend(HERE, "*.example")), []);
});

test("of very many that are near only some are told", () => {
  const others = Array.from({ length: 2 * NEAR_HOSTS_MAX }, (_, index) => `127.0.0.1:${1_000 + index}`);
  const listeners = others.map((address): Written => ["ADD_LISTENER", { address, protocol: "http" }]);
  const frontends = others.map((address) => frontend(address, "a.example"));
  assert.equal(reasonsOf("a.example", ...listeners, ...frontends).length, NEAR_HOSTS_MAX);
});
