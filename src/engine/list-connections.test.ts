import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { ClosedPart, ConnectionFilter, ConnectionsPart } from "../model/connections.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "127.0.0.1:9001";
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const UPGRADED = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

/** One client between two requests, one whose request is not answered, one in a tunnel. */
class ThreeClients extends EngineRig {
  readonly idle: ReturnType<EngineRig["net"]["client"]>;
  readonly busy: ReturnType<EngineRig["net"]["client"]>;
  release: () => void = () => assert.fail("nobody waits");

  constructor() {
    super({ seed: 1 });
    this.listener(LISTENER);
    this.cluster("app");
    this.backend("app", "one", BACKEND);
    this.frontend(LISTENER, "*", { cluster_id: "app" });
    this.net.backend(BACKEND).onConnection = (peer) => {
      peer.onReceived = () => {
        const request = peer.takeNew().toString("latin1");
        if (request.includes("Upgrade:")) peer.send(UPGRADED);
        else if (request.startsWith("GET /hold")) this.release = () => peer.send(ANSWER);
        else peer.send(ANSWER);
      };
    };
    this.#send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    this.net.advance(30_000);
    this.idle = this.#send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    this.busy = this.#send("GET /hold HTTP/1.1\r\nHost: B.example:80\r\n\r\n");
  }

  list(filter: ConnectionFilter = {}, from = 0, limit = 100): ConnectionsPart {
    return this.engine.ask({ kind: "connections", filter, from, limit }) as ConnectionsPart;
  }

  close(filter: ConnectionFilter, reset: boolean): number {
    const ask = (from: number): ClosedPart => {
      const question = { kind: "close-connections", filter, from, reset } as const;
      return this.net.perform(() => this.engine.ask(question)) as ClosedPart;
    };
    const { closed } = ask(0);
    this.net.settle();
    return closed;
  }

  #send(request: string): ReturnType<EngineRig["net"]["client"]> {
    const client = this.net.client(LISTENER);
    client.send(request);
    this.net.settle();
    return client;
  }
}

test("each client's connection is listed with what it does, for whom, and how long it is there", () => {
  const rig = new ThreeClients();
  const items = rig.list().items.toSorted((one, other) => one.state.localeCompare(other.state));
  assert.deepEqual(
    items.map(({ state, listener, cluster_id, backend_id, host }) => [
      state,
      listener,
      cluster_id,
      backend_id,
      host,
    ]),
    [
      ["exchange", LISTENER, "app", "one", "b.example"],
      ["idle", LISTENER, undefined, undefined, undefined],
      ["tunnel", LISTENER, "app", "one", undefined],
    ],
  );
  assert.ok(items[2]!.age_ms >= 30_000 && items[0]!.age_ms < 10_000);
});

test("every field of a filter has to fit", () => {
  const rig = new ThreeClients();
  const statesOf = (filter: ConnectionFilter): string[] =>
    rig
      .list(filter)
      .items.map(({ state }) => state)
      .toSorted();
  assert.deepEqual(statesOf({ cluster_id: "app", backend_id: "one" }), ["exchange", "tunnel"]);
  assert.deepEqual(statesOf({ state: "idle", protocol: "http" }), ["idle"]);
  assert.deepEqual(statesOf({ host: "b.example" }), ["exchange"]);
  assert.deepEqual(statesOf({ older_than_ms: 20_000 }), ["tunnel"]);
  assert.deepEqual(statesOf({ protocol: "https" }), []);
  assert.deepEqual(statesOf({ listener: "127.0.0.1:81" }), []);
  const { client } = rig.list({ state: "idle" }).items[0]!;
  assert.deepEqual(statesOf({ client: client! }), ["idle"]);
  assert.equal(statesOf({ client: client!.slice(0, client!.lastIndexOf(":")) }).length, 3);
});

test("a client and a host are found however they were written", () => {
  const rig = new ThreeClients();
  for (const [ip, host] of [
    ["[::ffff:192.0.2.7]", "C.example."],
    ["[2001:db8::1]", "[::1]:80"],
  ] as const) {
    rig.net.client(LISTENER, { ip }).send(`GET /hold HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    rig.net.settle();
  }
  const clientsOf = (filter: ConnectionFilter): (string | undefined)[] =>
    rig.list(filter).items.map(({ client }) => client?.replace(/:\d+$/, ""));
  assert.deepEqual(clientsOf({ client: "192.0.2.7" }), ["[::ffff:c000:207]"]);
  assert.deepEqual(clientsOf({ host: "c.example" }), ["[::ffff:c000:207]"]);
  assert.deepEqual(clientsOf({ client: "2001:db8::1" }), ["[2001:db8::1]"]);
  assert.deepEqual(clientsOf({ host: "[::1]" }), ["[2001:db8::1]"]);
});

test("a part says where to go on, until nobody is left", () => {
  const rig = new ThreeClients();
  const seen = new Set<number>();
  let parts = 0;
  for (let from: number | null = 0; from !== null; parts++) {
    const { items, next }: ConnectionsPart = rig.list({}, from, 1);
    for (const { connection } of items) seen.add(connection);
    assert.ok(items.length <= 1);
    from = next;
  }
  assert.deepEqual([seen.size, parts >= 3], [3, true]);
});

test("who is asked to leave gets one more answer, which says so; a tunnel ends at once", () => {
  const rig = new ThreeClients();
  assert.equal(rig.close({ listener: LISTENER }, false), 3);
  assert.deepEqual(rig.list({ state: "tunnel" }).items, [], "nothing can be said in a tunnel");
  rig.net.perform(() => rig.release());
  rig.net.settle();
  for (const client of [rig.busy, rig.idle]) {
    if (client === rig.idle) client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    rig.net.settle();
    assert.match(client.received, /200 OK[^]*Connection: close/);
  }
});

test("what is reset is cut at once, and nobody else", () => {
  const rig = new ThreeClients();
  assert.equal(rig.close({ state: "exchange" }, true), 1);
  assert.deepEqual(
    rig
      .list()
      .items.map(({ state }) => state)
      .toSorted(),
    ["idle", "tunnel"],
  );
});

test("neighbours are listed each once, and a part looks at so many numbers at most", () => {
  const rig = new EngineRig({ seed: 1, connectionsMax: 5_000 });
  rig.listener(LISTENER);
  for (let client = 0; client < 4; client++) rig.net.client(LISTENER);
  rig.net.settle();
  const ask = (filter: ConnectionFilter, from: number): ConnectionsPart =>
    rig.engine.ask({ kind: "connections", filter, from, limit: 1 }) as ConnectionsPart;
  const seen: number[] = [];
  for (let from: number | null = 0; from !== null;) {
    const { items, next }: ConnectionsPart = ask({}, from);
    seen.push(...items.map(({ connection }) => connection));
    from = next;
  }
  assert.equal(new Set(seen).size, 4);
  assert.equal(seen.length, 4);
  assert.deepEqual(ask({ state: "tunnel" }, 0), { items: [], next: 4_096 });
  assert.deepEqual(ask({ state: "tunnel" }, 4_096), { items: [], next: null });
});
