import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { BackendStatus } from "../model/channel.ts";

const LISTENER = "127.0.0.1:80";
const ONE = "127.0.0.1:9001";
const TWO = "127.0.0.1:9002";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Two backends that answer with their name; `one` does so only when it is told to. */
class DrainingRig extends EngineRig {
  readonly held: (() => void)[] = [];

  constructor({ sticky = false } = {}) {
    super({ seed: 1 });
    this.listener(LISTENER);
    this.cluster("app", { sticky_session: sticky });
    this.backend("app", "one", ONE, { sticky_id: "s1" });
    this.backend("app", "two", TWO, { sticky_id: "s2" });
    this.frontend(LISTENER, "*", { cluster_id: "app" });
    this.net.backend(ONE).onConnection = (peer) => {
      peer.onReceived = () => void this.held.push(() => peer.send(answerOf("one")));
    };
    this.net.backend(TWO).onConnection = (peer) => {
      peer.onReceived = () => peer.send(answerOf("two"));
    };
  }

  /** Sends a request on a connection of its own; gives what came so far. */
  ask(fields = ""): string {
    const client = this.net.client(LISTENER);
    client.send(REQUEST.replace("\r\n\r\n", `\r\n${fields}\r\n`));
    this.net.settle();
    return client.received;
  }

  release(): void {
    for (const answer of this.held.splice(0)) this.net.perform(answer);
    this.net.advance(1_000);
  }

  stateOf(backendId: string): string | undefined {
    return this.#statuses().find(({ backend_id }) => backend_id === backendId)?.state;
  }

  /** Among which a new client is given one. */
  eligible(): readonly string[] {
    return this.#statuses().flatMap(({ backend_id, eligible }) => (eligible ? [backend_id] : []));
  }

  #statuses(): readonly BackendStatus[] {
    return this.engine.ask({ kind: "backends", cluster_id: "app" }) as BackendStatus[];
  }
}

function answerOf(name: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`;
}

test("a backend that drains gets nothing new, what it has goes on, and it comes back", () => {
  const rig = new DrainingRig();
  rig.ask();
  rig.ask();
  assert.equal(rig.held.length, 1);
  const drain = rig.drain("backend", "app one");
  assert.deepEqual([rig.drains.get(drain), rig.stateOf("one")], [1, "draining"]);
  for (let each = 0; each < 4; each++) assert.match(rig.ask(), /two$/);
  rig.release();
  assert.equal(rig.drains.get(drain), 0);
  rig.undrain("backend", "app one");
  for (let each = 0; each < 4; each++) rig.ask();
  assert.deepEqual([rig.held.length, rig.stateOf("one")], [2, "up"]);
  assert.equal(rig.drains.get(drain), 0, "what is used again is nobody's drain");
});

test("clients that came back to a backend that drains go elsewhere", () => {
  const rig = new DrainingRig({ sticky: true });
  rig.drain("backend", "app one");
  for (let each = 0; each < 3; each++) {
    const answer = rig.ask("Cookie: KAKEHI_STICKY=s1\r\n");
    assert.match(answer, /Set-Cookie: KAKEHI_STICKY=s2;[^]*two$/);
  }
  rig.undrain("backend", "app one");
  rig.ask("Cookie: KAKEHI_STICKY=s1\r\n");
  assert.equal(rig.held.length, 1);
});

test("a cluster that becomes sticky has no clients for a backend that drains", () => {
  const rig = new DrainingRig();
  rig.drain("backend", "app one");
  rig.cluster("app", { sticky_session: true });
  assert.match(rig.ask("Cookie: KAKEHI_STICKY=s1\r\n"), /two$/);
});

test("only those are eligible that drain neither themselves nor with their cluster", () => {
  const rig = new DrainingRig();
  assert.deepEqual(rig.eligible(), ["one", "two"]);
  rig.drain("backend", "app one");
  assert.deepEqual(rig.eligible(), ["two"]);
  rig.drain("cluster", "app");
  assert.deepEqual(rig.eligible(), []);
});

test("where all backends drain, nobody is left to serve", () => {
  const rig = new DrainingRig();
  rig.drain("backend", "app one");
  rig.drain("backend", "app two");
  assert.match(rig.ask(), /^HTTP\/1\.1 503 /);
});

test("idle connections to a backend that drains are closed, and none is kept from then on", () => {
  const rig = new DrainingRig();
  const idleOf = (): number | undefined =>
    (rig.engine.ask({ kind: "backends", cluster_id: "app" }) as BackendStatus[])[0]!.idle;
  rig.ask();
  rig.ask();
  rig.release();
  assert.equal(idleOf(), 1);
  rig.ask();
  rig.ask();
  rig.drain("backend", "app one");
  assert.equal(idleOf(), 0);
  rig.release();
  assert.equal(idleOf(), 0);
});

test("what drains and is then removed is counted on under the drain that it has", () => {
  const rig = new DrainingRig();
  rig.ask();
  rig.ask();
  const drain = rig.drain("backend", "app one");
  rig.removeDraining("backend", "app one");
  assert.equal(rig.drains.get(drain), 1);
  rig.release();
  assert.equal(rig.drains.get(drain), 0);
});

test("a cluster that drains is answered for with 503, until it is undrained", () => {
  const rig = new DrainingRig();
  rig.ask();
  rig.ask();
  const drain = rig.drain("cluster", "app");
  assert.equal(rig.drains.get(drain), 1);
  assert.match(rig.ask(), /^HTTP\/1\.1 503 /);
  rig.release();
  assert.equal(rig.drains.get(drain), 0);
  rig.undrain("cluster", "app");
  rig.ask();
  assert.match(rig.ask(), /two$/);
});

test("a listener that drains gives each client one more answer, and then takes new ones again", () => {
  const rig = new DrainingRig();
  rig.drain("backend", "app one");
  const client = rig.net.client(LISTENER);
  client.send(REQUEST);
  rig.net.settle();
  assert.doesNotMatch(client.received, /Connection: close/);
  const drain = rig.drain("listener", LISTENER);
  assert.equal(rig.drains.get(drain), 1, "its queue may hold clients");
  rig.net.perform(() => rig.engine.unlisten(LISTENER));
  rig.net.advance(1_000);
  assert.deepEqual([rig.drains.get(drain), rig.unlistened], [0, [LISTENER]]);
  client.send(REQUEST);
  rig.net.settle();
  assert.match(client.received, /Connection: close/);
  rig.undrain("listener", LISTENER);
  rig.net.perform(() => rig.engine.bindListener(LISTENER, rig.net.listen(LISTENER)));
  const answer = rig.ask();
  assert.match(answer, /two$/);
  assert.doesNotMatch(answer, /Connection: close/);
});

test("a drain that is taken back and asked for anew within one change goes on as it was", () => {
  const rig = new DrainingRig();
  rig.ask();
  rig.ask();
  const drain = rig.drain("backend", "app one");
  const value = { cluster_id: "app", backend_id: "one", address: ONE, weight: 100, backup: false } as const;
  const steps = [
    { kind: "backend", key: "app one", before: { ...value, draining: true }, after: value },
    { kind: "backend", key: "app one", before: value, after: { ...value, draining: true } },
  ] as const;
  rig.net.perform(() => rig.engine.apply(steps, []));
  rig.release();
  assert.equal(rig.drains.get(drain), 0);
});
