import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";

const LISTENER = "127.0.0.1:80";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** What comes back for bytes that are sent at once. */
function ask({ net }: EngineRig, text: string): string {
  const client = net.client(LISTENER);
  client.send(text);
  net.advance(1_000);
  const { received } = client;
  client.close();
  net.advance(1_000);
  return received;
}

function reach({ net, engine }: EngineRig, revision: number): void {
  net.perform(() => engine.apply([], [], revision));
}

test("default responses say which revision decided them, also those to what cannot be read", () => {
  const rig = new EngineRig();
  rig.listener(LISTENER, { revision_header: true });
  reach(rig, 41);
  assert.match(ask(rig, REQUEST), /^HTTP\/1\.1 404 [^]*\r\nX-Kakehi-Revision: 41\r\n\r\n404 Not Found/);
  reach(rig, 42);
  const both = ask(rig, `${REQUEST}nonsense\r\n\r\n`);
  assert.equal(both.match(/^X-Kakehi-Revision: 42\r$/gm)?.length, 2, both);
});

test("without revision_header no response says it; an update changes that for the next request", () => {
  const rig = new EngineRig();
  rig.listener(LISTENER);
  reach(rig, 7);
  assert.doesNotMatch(ask(rig, REQUEST), /Revision/);
  rig.updateListener(LISTENER, { revision_header: true });
  reach(rig, 8);
  assert.match(ask(rig, REQUEST), /X-Kakehi-Revision: 8\r/);
  rig.updateListener(LISTENER, {});
  assert.doesNotMatch(ask(rig, REQUEST), /Revision/);
});
