/** A body that is cut short never looks whole, whatever ends the proxy, and a whole one never looks cut. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import type { Responder } from "../../testing/backends/http-backend.ts";
import { within } from "../../testing/deadline.ts";
import { signal, whenGone } from "../../testing/processes.ts";
import type { IoName, Proxy } from "../../testing/proxy.ts";
import { IOS, TIMEOUT_MS, withBackends, withProxy } from "./support.ts";

const PART = "the first half, ";
const REST = "the second half";

/** Sends half a body at once, the rest when the target says so. */
const respondByHalves: Responder = ({ target }, { socket, backend }) => {
  const [, framing] = target.split("/");
  const isChunked = framing === "chunked";
  const fields = { chunked: "Transfer-Encoding: chunked", length: "Content-Length: 31" }[framing!];
  const piece = (text: string): string => (isChunked ? `${text.length.toString(16)}\r\n${text}\r\n` : text);
  socket.write(`HTTP/1.1 200 OK\r\n${fields ?? "Connection: close"}\r\n\r\n${piece(PART)}`);
  backend.held.push(() => {
    socket.write(piece(REST) + (isChunked ? "0\r\n\r\n" : ""));
    if (fields === undefined) socket.end();
  });
};

/** Each way that a body can be framed for a client: what it asks for, and how it begins to be answered. */
const FRAMINGS = [
  ["a body that lasts until close", "GET /close HTTP/1.0\r\n\r\n"],
  ["a chunked body to a client of HTTP/1.0", "GET /chunked HTTP/1.0\r\n\r\n"],
  ["a chunked body", "GET /chunked HTTP/1.1\r\nHost: a.example\r\n\r\n"],
  ["a body until close that becomes chunks", "GET /close HTTP/1.1\r\nHost: a.example\r\n\r\n"],
  ["a body of known length", "GET /length HTTP/1.1\r\nHost: a.example\r\n\r\n"],
] as const;

interface Download {
  /** Fulfilled with the first half. */
  readonly half: Promise<void>;
  readonly ending: Promise<"ended" | "reset">;
  text: string;
}

function download(port: number, request: string): Download {
  const half = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<"ended" | "reset">();
  const progress: Download = { half: half.promise, ending: ending.promise, text: "" };
  const socket = connect(port, "127.0.0.1", () => socket.write(request));
  socket.setEncoding("latin1").on("data", (text) => {
    progress.text += text.toString();
    if (progress.text.includes(PART)) half.resolve();
  });
  socket.on("end", () => ending.resolve("ended"));
  socket.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "ECONNRESET") ending.resolve("reset");
    else ending.reject(new Error(`the download failed with ${code}`));
  });
  return progress;
}

/** Runs `body` with a download of each framing, half of which has come. */
async function withHalves(
  io: IoName,
  body: (proxy: Proxy, downloads: readonly Download[], release: () => void) => Promise<void>,
): Promise<void> {
  const serve = async (proxy: Proxy, address: string): Promise<readonly Download[]> => {
    const port = await proxy.serve("app", [{ id: "app-1", address }]);
    const downloads = FRAMINGS.map(([, request]) => download(port, request));
    const halves = Promise.all(downloads.map(({ half }) => half));
    await within(TIMEOUT_MS, "half of each body", halves);
    return downloads;
  };
  await withBackends(
    1,
    async (backend) => {
      await withProxy({ io }, async (proxy) => {
        await body(proxy, await serve(proxy, backend!.address), () => backend!.release());
      });
    },
    { respond: respondByHalves },
  );
}

/** How each download ended, by its name; one whose end shows by itself may end as it likes. */
async function endings(downloads: readonly Download[]): Promise<Readonly<Record<string, string>>> {
  const ended = await within(TIMEOUT_MS, "all endings", Promise.all(downloads.map(({ ending }) => ending)));
  return Object.fromEntries(FRAMINGS.map(([name], index) => [name, ended[index]!]));
}

const UNTIL_CLOSE = FRAMINGS.filter(([, request]) => request.includes("HTTP/1.0")).map(([name]) => name);

/** No download has its rest, and none whose end is the connection's saw a clean end. */
async function assertCut(downloads: readonly Download[]): Promise<void> {
  const seen = await endings(downloads);
  for (const name of UNTIL_CLOSE) assert.equal(seen[name], "reset", name);
  for (const { text } of downloads) {
    assert.ok(!text.includes(REST) && !text.endsWith("0\r\n\r\n"), text);
  }
}

for (const io of IOS) {
  test(`HARD_STOP cuts every body by a reset (${io})`, async () => {
    await withHalves(io, async (proxy, downloads) => {
      await proxy.orders.ok("HARD_STOP");
      await assertCut(downloads);
      for (const [name, ending] of Object.entries(await endings(downloads)))
        assert.equal(ending, "reset", name);
      assert.equal(await within(TIMEOUT_MS, "the end of main", proxy.exited), 0);
    });
  });

  test(`kill -9 of a worker: the kernel resets what only its end tells to be whole (${io})`, async () => {
    await withHalves(io, async (proxy, downloads) => {
      const [victim] = await proxy.workers();
      signal(victim!.pid, "SIGKILL");
      await whenGone([victim!.pid], TIMEOUT_MS);
      await assertCut(downloads);
    });
  });

  test(`a body that comes to its end ends as ever, with all its bytes (${io})`, async () => {
    await withHalves(io, async (_proxy, downloads, release) => {
      release();
      const untilClose = downloads.filter((_, index) => UNTIL_CLOSE.includes(FRAMINGS[index]![0]));
      const ended = await within(TIMEOUT_MS, "the ends", Promise.all(untilClose.map(({ ending }) => ending)));
      assert.deepEqual(new Set(ended), new Set(["ended"]));
      for (const { text } of untilClose) assert.ok(text.endsWith(PART + REST), text);
    });
  });
}
