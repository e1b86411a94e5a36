import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../src/base/prng.ts";
import { MalformedMessage } from "../../testing/http/head.ts";
import { RequestReader } from "../../testing/http/request.ts";
import { ResponseReader } from "../../testing/http/response.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const SEEDS = 300;
/** Longer than every time limit of a listener. */
const LONG_MS = 100_000;

const REQUESTS: readonly string[] = [
  "GET /a HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n",
  "POST /b HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
  "POST /c HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
  "HEAD /d?q=1 HTTP/1.1\r\nHost: a.example:80\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\n\r\n",
  "GET http://a.example/e HTTP/1.1\r\nHost: a.example\r\n\r\n",
  "PUT /f HTTP/1.0\r\nHost: a.example\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok",
];
const RESPONSES: readonly string[] = [
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n",
  "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
  "HTTP/1.1 200 OK\r\n\r\nto the end",
];
const SOUND = RESPONSES[0]!;
/** What tends to be read in two ways. */
const PIECES: readonly string[] = [
  "\r",
  "\n",
  "\r\n",
  "\r\n\r\n",
  "\0",
  " ",
  "\t",
  ":",
  ",",
  ";",
  "0",
  "5",
  "f",
  "-",
  "+",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "Host: b.example\r\n",
  "HTTP/1.1",
  "GET / ",
];

/** A few changes at places drawn from the seed: taken out, put in, doubled, cut off. */
function spoil(prng: Prng, text: string): string {
  let spoiled = text;
  for (let count = prng.between(1, 3); count > 0; count--) {
    const at = prng.below(spoiled.length + 1);
    const end = Math.min(spoiled.length, at + prng.between(1, 4));
    const piece = PIECES[prng.below(PIECES.length)]!;
    const ways = [
      spoiled.slice(0, at) + piece + spoiled.slice(at),
      spoiled.slice(0, at) + piece + spoiled.slice(end),
      spoiled.slice(0, at) + spoiled.slice(end),
      spoiled.slice(0, end) + spoiled.slice(at),
    ];
    spoiled = prng.chance(0.05) ? spoiled.slice(0, at) : ways[prng.below(ways.length)]!;
  }
  return spoiled;
}

interface Seen {
  /** What the client read: status codes, and whether the last answer was cut. */
  readonly client: string;
  /** The complete requests at backends. */
  readonly backend: readonly string[];
}

/** Sends `sent` as a client; each complete request at the backend is answered with `answer`. */
function run(sent: string, answer: string, pieces: "whole" | "bytes" | "random", seed: number): Seen {
  const rig = new EngineRig({ pieces, seed, buffers: 128 });
  const { net } = rig;
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  const backend: string[] = [];
  net.backend(BACKEND).onConnection = (peer) => answerAll(peer, answer, backend);
  const client = net.client(LISTENER).send(sent);
  net.advance(LONG_MS);
  const seen = { client: readResponses(client, sent), backend };
  if (client.side === "open") client.reset();
  net.advance(LONG_MS);
  rig.assertAtRest();
  return seen;
}

/** Throws for what is no request: the strict reader is the judge of what a backend may ever see. */
function answerAll(peer: SimPeer, answer: string, requests: string[]): void {
  const reader = new RequestReader({
    request: ({ method, target, body, trailers }) => {
      requests.push(`${method} ${target} ${body.toString("latin1")} ${trailers.join()}`);
      peer.send(method === "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : answer);
      // An answer that is spoiled may have no end of its own.
      if (answer !== SOUND) peer.end();
    },
  });
  peer.onReceived = () => {
    if (peer.side === "open") reader.push(peer.takeNew());
  };
}

function readResponses(client: SimPeer, sent: string): string {
  const methods = [...sent.matchAll(/([A-Z]+) \S+ HTTP\/1\.[01]\r\n/g)].map(([, method]) => method!);
  const statuses: (number | string)[] = [];
  const read = { count: 0 };
  const reader = new ResponseReader(
    { response: ({ status }) => void (statuses.push(status), read.count++) },
    () => methods[read.count] ?? "GET",
  );
  try {
    reader.push(client.takeNew());
    if (client.ending === "ended") reader.end();
    // A reset is a cut, also where it came before the first byte of an answer.
    else if (reader.expects !== "idle" || client.ending === "reset") statuses.push("cut");
  } catch (error) {
    if (!(error instanceof MalformedMessage && error.message.startsWith("cut in"))) throw error;
    statuses.push("cut");
  }
  return statuses.join(" ");
}

function eachSeed(check: (prng: Prng, seed: number) => void): void {
  const replayed = process.env["KAKEHI_SEED"];
  const seeds =
    replayed === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(replayed)];
  for (const seed of seeds) {
    try {
      check(new Prng(seed), seed);
    } catch (error) {
      throw new Error(`seed ${seed}; run it again with KAKEHI_SEED=${seed}: ${String(error)}`, {
        cause: error,
      });
    }
  }
}

test("spoiled requests: a backend never sees what is no request, and pieces make no difference", () => {
  eachSeed((prng, seed) => {
    const sent = spoil(prng, REQUESTS[prng.below(REQUESTS.length)]!) + REQUESTS[prng.below(REQUESTS.length)]!;
    const [whole, bytes, random] = (["whole", "bytes", "random"] as const).map((pieces) =>
      run(sent, SOUND, pieces, seed),
    );
    assert.deepEqual(bytes, whole, JSON.stringify(sent));
    assert.deepEqual(random, whole, JSON.stringify(sent));
  });
});

test("spoiled answers: a client never gets what is no answer, and pieces make no difference", () => {
  eachSeed((prng, seed) => {
    const answer = spoil(prng, RESPONSES[prng.below(RESPONSES.length)]!);
    const [whole, bytes, random] = (["whole", "bytes", "random"] as const).map((pieces) =>
      run(REQUESTS[0]!, answer, pieces, seed),
    );
    assert.deepEqual(bytes, whole, JSON.stringify(answer));
    assert.deepEqual(random, whole, JSON.stringify(answer));
  });
});
