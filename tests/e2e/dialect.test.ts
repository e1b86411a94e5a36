/**
 * Orders of Sōzu on the command socket, from a client that knows nothing of ours: what they do, and how they
 * are answered, byte for byte where the form says so.
 */
import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { within } from "../../testing/deadline.ts";
import { freePort, type Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { fetchOnce, TIMEOUT_MS, withBackends, withProxy } from "./support.ts";

/** Sends frames, and gives the texts of so many answers. */
function talk(path: string, frames: readonly string[], count: number = frames.length): Promise<string[]> {
  const answers = new Promise<string[]>((resolve, reject) => {
    let text = "";
    const socket = connect(path, () => socket.write(frames.map((frame) => `${frame}\0`).join("")));
    socket.on("error", reject).setEncoding("utf8");
    socket.on("data", (piece: string) => {
      text += piece;
      const found = text.split("\0").slice(0, -1);
      if (found.length < count) return;
      socket.destroy();
      resolve(found);
    });
  });
  return within(TIMEOUT_MS, "answers in Sōzu's form", answers);
}

const proxied = (id: string, type: string, data?: unknown): string =>
  JSON.stringify({ id, version: 0, type: "PROXY", data: { type, ...(data !== undefined && { data }) } });
const plain = (id: string, type: string, data?: unknown): string =>
  JSON.stringify({ id, version: 0, type, ...(data !== undefined && { data }) });
const ok = (id: string, message = ""): string =>
  JSON.stringify({ id, version: 0, status: "OK", message, data: null });

test(
  "a script of Sōzu configures the proxy, saves it, loads it again, and is told what has no equivalent",
  { timeout: 6 * TIMEOUT_MS },
  async () => {
    await withBackends(1, (backend) =>
      withProxy({ workers: 1 }, async ({ socketPath, folder, orders }) => {
        const port = await freePort();
        const front = `127.0.0.1:${port}`;
        const addBackend = { app_id: "xxx", backend_id: "xxx-0", address: backend!.address };
        const frontend = { app_id: "xxx", address: front, hostname: "a.example", path_begin: "" };
        const built = await talk(socketPath, [
          proxied("a", "ADD_HTTP_LISTENER", { front, answer_404: "", answer_503: "", expect_proxy: false }),
          proxied("b", "ACTIVATE_LISTENER", { front, proxy: "http", from_scm: false }),
          proxied("c", "ADD_APPLICATION", { app_id: "xxx", load_balancing: "random" }),
          proxied("d", "ADD_HTTP_FRONT", frontend),
          proxied("e", "ADD_BACKEND", addBackend),
          proxied("f", "ADD_BACKEND", addBackend),
        ]);
        assert.deepEqual(
          built,
          ["a", "b", "c", "d", "e", "f"].map((id) => ok(id)),
        );
        assert.equal((await fetchOnce(port, "/")).status, 200);

        const { data: before } = await orders.ok("STATUS");
        const wrong = { ...addBackend, address: "127.0.0.1:1" };
        const asked = await talk(socketPath, [
          plain("g", "LIST_WORKERS"),
          proxied("h", "QUERY", { type: "APPLICATIONS", data: { type: "APP_ID", data: "xxx" } }),
          proxied("i", "REMOVE_BACKEND", wrong),
          proxied("j", "ADD_TCP_FRONT", { app_id: "xxx", address: front }),
          proxied("k", "ADD_HTTPS_FRONT", frontend),
          proxied("l", "METRICS"),
        ]);
        const byId = new Map(asked.map((text) => [JSON.parse(text).id, JSON.parse(text)]));
        const [{ worker: id, pid }] = before.workers;
        assert.deepEqual(byId.get("g").data, { type: "WORKERS", data: [{ id, pid, run_state: "RUNNING" }] });
        assert.equal(byId.get("h").data.data[id].data[0].backends[0].backend_id, "xxx-0");
        assert.deepEqual(byId.get("i"), {
          id: "i",
          version: 0,
          status: "ERROR",
          message: "cannot remove backend: application xxx has no backends xxx-0 at 127.0.0.1:1",
          data: null,
        });
        assert.match(byId.get("j").message, /has no equivalent in Kakehi/);
        assert.match(byId.get("k").message, /speaks http, not https/);
        assert.equal(byId.get("l").data.data.workers[id].proxy.requests.type, "COUNT");
        assert.equal((await orders.ok("STATUS")).data.hash, before.hash, "what was refused changed nothing");

        const path = join(folder, "config_dump.json");
        assert.deepEqual(await talk(socketPath, [plain("m", "SAVE_STATE", { path })]), [
          ok("m", `saved 5 config messages to ${path}`),
        ]);
        assert.equal(statSync(path).mode & 0o777, 0o600);
        await talk(socketPath, [
          proxied("n", "REMOVE_BACKEND", addBackend),
          proxied("o", "REMOVE_HTTP_FRONT", frontend),
        ]);
        assert.equal((await fetchOnce(port, "/")).status, 404);
        assert.deepEqual(await talk(socketPath, [plain("p", "LOAD_STATE", { path })]), [
          ok("p", "ok: 5 messages, error: 0"),
        ]);
        assert.equal((await orders.ok("STATUS")).data.hash, before.hash);
        assert.equal((await fetchOnce(port, "/")).status, 200);

        await importWithReport(socketPath, path, orders);
      }),
    );
  },
);

/** A file with a record that cannot be taken: refused whole, or taken without it. */
async function importWithReport(socketPath: string, path: string, orders: Proxy["orders"]): Promise<void> {
  const extra = [
    proxied("SAVE-5", "ADD_TCP_FRONT", { app_id: "xxx", address: "127.0.0.1:1" }),
    JSON.stringify({ id: "SAVE-6", content: { request_type: { ADD_CLUSTER: { cluster_id: "late" } } } }),
  ];
  writeFileSync(path, `${readFileSync(path, "utf8")}${extra.map((record) => `${record}\n\0`).join("")}`);
  const { hash } = (await orders.ok("STATUS")).data;
  const kakehi = (...args: readonly string[]): ReturnType<typeof runCommand> =>
    runCommand(KAKEHI, ["state", "import", path, "--socket", socketPath, ...args]);
  const refused = await kakehi();
  assert.notEqual(refused.code, 0);
  assert.match(
    refused.stderr,
    /1 of 7 records cannot be taken, and nothing was changed; the first is record 6/,
  );
  const tried = await kakehi("--partial", "--dry-run");
  assert.match(
    tried.stdout,
    /nothing was changed; it would be: 1 object added[^]*\n {2}left out: record 6: /,
  );
  assert.equal((await orders.ok("STATUS")).data.hash, hash);
  const taken = await kakehi("--partial");
  assert.match(taken.stdout, /1 object added, 0 removed, 0 updated, from 7 records; 1 were left out/);
  assert.equal(taken.code, 0, taken.stderr);
  assert.equal((await orders.ok("LIST_CLUSTERS")).data.items.length, 2);
}
