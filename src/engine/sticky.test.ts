import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { Backend } from "../model/objects.ts";

const LISTENER = "127.0.0.1:80";
const ADDRESSES: Readonly<Record<string, string>> = { one: "10.0.0.1:80", two: "10.0.0.2:80" };
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";

/** A sticky cluster with backends `one` and `two`, which answer with their names. */
class StickyRig {
  readonly rig: EngineRig = new EngineRig({ seed: 1 });
  /** The heads that backends got. */
  readonly requests: string[] = [];

  constructor(stickySession = true) {
    const { rig } = this;
    rig.listener(LISTENER);
    rig.cluster("app", { sticky_session: stickySession });
    rig.frontend(LISTENER, "*", { cluster_id: "app" });
    for (const [id, address] of Object.entries(ADDRESSES)) {
      this.backend(id);
      rig.net.backend(address).onConnection = (peer) => {
        peer.onReceived = () => {
          this.requests.push(peer.takeNew().toString("latin1"));
          peer.send(OK + id);
        };
      };
    }
  }

  backend(id: string, fields: Partial<Backend> = {}): void {
    this.rig.backend("app", id, ADDRESSES[id]!, { sticky_id: `s-${id}`, ...fields });
  }

  /** Who answers a new connection, and the cookie that it is given. */
  ask(cookie?: string, version = "1.1"): { by: string; given: string | undefined } {
    const client = this.rig.net.client(LISTENER);
    const line = cookie === undefined ? "" : `Cookie: ${cookie}\r\n`;
    client.send(`GET / HTTP/${version}\r\nHost: a\r\n${line}\r\n`);
    this.rig.net.settle();
    const given = /\r\nSet-Cookie: KAKEHI_STICKY=([^;]*); Path=\/; HttpOnly; SameSite=Lax\r\n/.exec(
      client.received,
    )?.[1];
    const by = client.received.slice(-3);
    client.close();
    this.rig.net.settle();
    return { by, given };
  }
}

test("a new client is given a cookie, and comes back by it, however others are balanced", () => {
  const rig = new StickyRig();
  const first = rig.ask();
  assert.equal(first.given, `s-${first.by}`);
  for (let count = 0; count < 5; count++)
    assert.deepEqual(rig.ask(`KAKEHI_STICKY=${first.given}`), { by: first.by, given: undefined });
  assert.deepEqual(new Set([rig.ask().by, rig.ask().by]), new Set(["one", "two"]));
});

test("a client of HTTP/1.0, and one with several cookies, come back as well", () => {
  const rig = new StickyRig();
  assert.deepEqual(rig.ask("KAKEHI_STICKY=s-two", "1.0"), { by: "two", given: undefined });
  const several = "KAKEHI_STICKY=gone; a=b\r\nCookie: c; KAKEHI_STICKY=s-two";
  for (let count = 0; count < 3; count++) assert.deepEqual(rig.ask(several), { by: "two", given: undefined });
});

test("the cookie goes on to the backend as it came", () => {
  const rig = new StickyRig();
  rig.ask("a=b; KAKEHI_STICKY=s-one; c=d");
  assert.match(rig.requests[0]!, /\r\nCookie: a=b; KAKEHI_STICKY=s-one; c=d\r\n/);
});

test("a client whose backend is gone, or was never there, is given another", () => {
  const rig = new StickyRig();
  rig.rig.remove("backend", "app one");
  assert.deepEqual(rig.ask("KAKEHI_STICKY=s-one"), { by: "two", given: "s-two" });
  assert.deepEqual(rig.ask("KAKEHI_STICKY=nonsense"), { by: "two", given: "s-two" });
});

test("a backend of weight 0 keeps its clients and gets no new ones", () => {
  const rig = new StickyRig();
  rig.backend("one", { weight: 0 });
  for (let count = 0; count < 3; count++) {
    assert.deepEqual(rig.ask("KAKEHI_STICKY=s-one"), { by: "one", given: undefined });
    assert.equal(rig.ask().by, "two");
  }
});

test("where the connect fails another takes the request, and the client; after its rest too", () => {
  const rig = new StickyRig();
  rig.rig.net.backend(ADDRESSES["one"]!).mode = "refused";
  for (let count = 0; count < 5; count++)
    assert.deepEqual(rig.ask("KAKEHI_STICKY=s-one"), { by: "two", given: "s-two" });
  assert.equal(rig.rig.net.backend(ADDRESSES["one"]!).attempts, 3, "it rests");
  rig.rig.net.backend(ADDRESSES["one"]!).mode = "accepts";
  rig.rig.net.advance(30_000);
  assert.deepEqual(rig.ask("KAKEHI_STICKY=s-one"), { by: "one", given: undefined });
});

test("a cluster becomes sticky, and stops being so, while it runs", () => {
  const rig = new StickyRig(false);
  assert.equal(rig.ask().given, undefined);
  const answers = [rig.ask("KAKEHI_STICKY=s-one").by, rig.ask("KAKEHI_STICKY=s-one").by];
  assert.deepEqual(new Set(answers), new Set(["one", "two"]));
  rig.rig.cluster("app", { sticky_session: true });
  for (let count = 0; count < 3; count++) assert.equal(rig.ask("KAKEHI_STICKY=s-one").by, "one");
  rig.backend("one", { sticky_id: "new" });
  assert.deepEqual(rig.ask("KAKEHI_STICKY=new"), { by: "one", given: undefined });
  rig.rig.cluster("app");
  assert.equal(rig.ask().given, undefined);
});

test("an answer of our own gives no cookie", () => {
  const rig = new StickyRig();
  for (const address of Object.values(ADDRESSES)) rig.rig.net.backend(address).mode = "refused";
  const client = rig.rig.net.client(LISTENER);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.rig.net.settle();
  assert.match(client.received, /^HTTP\/1\.1 50\d /);
  assert.ok(!client.received.includes("Set-Cookie"));
});

test("EXPLAIN's answer tells what the cookie of each backend holds", () => {
  const rig = new StickyRig();
  const statuses = (): unknown => rig.rig.engine.ask({ kind: "backends", cluster_id: "app" });
  assert.match(JSON.stringify(statuses()), /"backend_id":"one".*"sticky_id":"s-one"/);
  rig.rig.cluster("app");
  assert.ok(!JSON.stringify(statuses()).includes("sticky_id"));
});
