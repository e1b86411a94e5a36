import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { within } from "../../testing/deadline.ts";
import { ResponseReader } from "../../testing/http/response.ts";
import { type Outcome, parseTranscripts } from "../wire/transcript.ts";
import { fetchOnce, IOS, TIMEOUT_MS, withApp } from "./support.ts";

/** A transcript that is only this: bytes of a client, an error, the end, and nothing at a backend. */
interface Refusal {
  readonly name: string;
  readonly bytes: string;
  readonly outcome: Outcome;
}

function refusalsOf(document: string): Refusal[] {
  const markdown = readFileSync(new URL(`../wire/${document}`, import.meta.url), "utf8");
  return parseTranscripts(markdown).flatMap(({ name, steps }) => {
    const [first, second] = steps;
    if (steps.length !== 2 || first?.kind !== "client" || second?.kind !== "outcome") return [];
    const { outcome } = second;
    return outcome.client === "end" && outcome.backendSawNothing === true
      ? [{ name, bytes: first.bytes, outcome }]
      : [];
  });
}

const REFUSALS = [...refusalsOf("request-heads.md"), ...refusalsOf("request-framing.md")];

for (const io of IOS) {
  test(`over real sockets, whole and byte by byte, every refusal is one error, the end, and nothing at a backend (${io})`, async () => {
    assert.ok(REFUSALS.length > 80, `${REFUSALS.length} refusals`);
    await withApp({ io }, async (_proxy, port, [backend]) => {
      for (const { name, bytes, outcome } of REFUSALS) {
        for (const pieceBytes of [bytes.length, 1]) {
          if (pieceBytes === 1 && bytes.length > 2_000) continue;
          const statuses = await statusesOf(port, bytes, pieceBytes);
          assert.deepEqual(statuses, outcome.statuses, `${name}, in pieces of ${pieceBytes}`);
        }
      }
      assert.deepEqual(
        backend!.connections.map(({ raw }) => raw.toString("latin1")),
        [],
      );
      assert.equal((await fetchOnce(port, "/")).status, 200);
    });
  });
}

/** Sends bytes, reads until the end, and gives the status codes that came. */
async function statusesOf(port: number, bytes: string, pieceBytes: number): Promise<number[]> {
  const statuses: number[] = [];
  const reader = new ResponseReader({ response: ({ status }) => void statuses.push(status) }, () => "GET");
  const ended = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("data", (piece: Buffer) => reader.push(piece));
  socket.on("end", () => ended.resolve());
  socket.on("error", ended.reject);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    socket.write(Buffer.from(bytes.slice(at, at + pieceBytes), "latin1"));
    if (pieceBytes === 1) await new Promise((resolve) => setImmediate(resolve));
  }
  try {
    await within(TIMEOUT_MS, "the end", ended.promise);
    reader.end();
  } finally {
    socket.destroy();
  }
  return statuses;
}
