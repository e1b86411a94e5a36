/**
 * Who may do what, with clients of other users. Only root can be another user, so only root runs these.
 */
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { within } from "../../testing/deadline.ts";
import { type Answer, OrderClient } from "../../testing/order-client.ts";
import { TIMEOUT_MS, withProxy } from "./support.ts";

const READER = 65_534;
const WRITER = 65_533;
const STRANGER = 65_532;
const isNotRoot = process.geteuid!() !== 0;

const RIGHTS = `
[[rights]]
uid = ${READER}
may = "read"

[[rights]]
uid = ${WRITER}
may = "write"
clusters = ["app-*"]
`;

/** A client of another user: the kernel notes who connects at that moment. */
async function connectAs(uid: number, path: string): Promise<OrderClient> {
  process.seteuid!(uid);
  const connecting = OrderClient.connect(path);
  process.seteuid!(0);
  return connecting;
}

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-rights-"));
  t.after(() => rm(folder, { recursive: true }));
  chmodSync(folder, 0o711);
  return folder;
}

function codeOf(answer: Answer): string {
  return answer.error?.code ?? answer.status;
}

test(
  "each user may do what the file says: over all forms of orders, until it says something else",
  { skip: isNotRoot },
  async (t) => {
    const folder = await newFolder(t);
    const path = join(folder, "kakehi.toml");
    writeFileSync(path, `owns = []\n${RIGHTS}`);
    await withProxy(
      { folder, args: ["--config", path, "--socket-mode", "666"] },
      async ({ orders, socketPath }) => {
        const [reader, writer] = await Promise.all([
          connectAs(READER, socketPath),
          connectAs(WRITER, socketPath),
        ]);
        const ask = async (client: OrderClient, type: string, data: Record<string, unknown> = {}) =>
          codeOf(await client.order(type, data as never));
        const add = (cluster_id: string) => ({ type: "ADD_CLUSTER", data: { cluster_id } });
        assert.equal(await ask(reader, "STATUS"), "OK");
        assert.equal(await ask(reader, "ADD_CLUSTER", { cluster_id: "app-1" }), "FORBIDDEN");
        assert.equal(await ask(reader, "DUMP_STATE", { keys: true }), "FORBIDDEN");
        assert.equal(await ask(reader, "HARD_STOP"), "FORBIDDEN");
        assert.equal(await ask(writer, "ADD_CLUSTER", { cluster_id: "app-1" }), "OK");
        assert.equal(await ask(writer, "ADD_CLUSTER", { cluster_id: "other" }), "FORBIDDEN");
        assert.equal(await ask(writer, "TRANSACTION", { orders: [add("app-2"), add("other")] }), "FORBIDDEN");
        for (const type of ["LOAD_STATE", "SAVE_STATE", "IMPORT_STATE", "RELOAD_CONFIGURATION"])
          assert.equal(await ask(writer, type, { path: "/x" }), "FORBIDDEN", type);
        for (const type of ["DRAIN", "UNDRAIN"])
          for (const client of [reader, writer])
            assert.equal(await ask(client, type, { worker: 0 }), "FORBIDDEN");
        const dialect = { type: "PROXY", data: { type: "ADD_CLUSTER", data: addClusterInDialect("other") } };
        for (const client of [reader, writer]) {
          client.sendRaw(`${JSON.stringify({ id: "theirs", version: 0, ...dialect })}\0`);
          assert.match((await client.stray()).message, /this user may/);
        }
        assert.equal((await orders.ok("LIST_CLUSTERS")).data.items.length, 1);
        const stranger = await connectAs(STRANGER, socketPath);
        assert.equal(codeOf(await stranger.stray()), "FORBIDDEN");
        await within(TIMEOUT_MS, "the end of a stranger", stranger.closed);
        writeFileSync(path, "owns = []\n[[rights]]\nuid = 65533\nmay = 'read'\n");
        await orders.ok("RELOAD_CONFIGURATION");
        await within(TIMEOUT_MS, "the end of one who may no more", reader.closed);
        assert.equal(await ask(writer, "ADD_CLUSTER", { cluster_id: "app-3" }), "FORBIDDEN");
        writer.close();
      },
    );
  },
);

function addClusterInDialect(cluster_id: string): object {
  return { cluster_id, sticky_session: false, https_redirect: false };
}

test(
  "a reload that takes a user's entry away answers what that user has under way with FORBIDDEN, and closes",
  { skip: isNotRoot },
  async (t) => {
    const folder = await newFolder(t);
    const path = join(folder, "kakehi.toml");
    writeFileSync(path, `owns = []\n${RIGHTS}`);
    const args = ["--config", path, "--socket-mode", "666"];
    await withProxy({ folder, args }, async ({ orders, socketPath }) => {
      const [waits, rests] = [await connectAs(READER, socketPath), await connectAs(READER, socketPath)];
      const events = waits.send("SUBSCRIBE_EVENTS");
      await events.processing();
      assert.equal(codeOf(await rests.order("STATUS")), "OK");
      writeFileSync(path, `owns = []\n[[rights]]\nuid = ${WRITER}\nmay = "write"\n`);
      await orders.ok("RELOAD_CONFIGURATION");
      assert.equal(codeOf(await events.final()), "FORBIDDEN");
      assert.equal(codeOf(await rests.stray()), "FORBIDDEN");
      for (const client of [waits, rests])
        await within(TIMEOUT_MS, "the end of its connection", client.closed);
    });
  },
);

test(
  "a user who may only look takes no more than a share of the connections: others and root get in",
  { skip: isNotRoot },
  async (t) => {
    const folder = await newFolder(t);
    const path = join(folder, "kakehi.toml");
    const limits = "[limits]\nconnections_max = 3\nconnections_per_user_max = 2\n";
    writeFileSync(path, `owns = []\n${limits}${RIGHTS}`);
    const args = ["--config", path, "--socket-mode", "666"];
    await withProxy({ folder, args }, async ({ orders, socketPath }) => {
      const taken = [await connectAs(READER, socketPath), await connectAs(READER, socketPath)];
      const tooMany = await connectAs(READER, socketPath);
      const refusal = await tooMany.stray();
      assert.equal(codeOf(refusal), "LIMIT_EXCEEDED");
      assert.match(refusal.message, new RegExp(`user ${READER} has 2 .*connections_per_user_max`));
      await within(TIMEOUT_MS, "the end of one too many", tooMany.closed);
      // The program that main becomes counts those that were there.
      await orders.ok("UPGRADE_MAIN");
      assert.equal(codeOf(await (await connectAs(READER, socketPath)).stray()), "LIMIT_EXCEEDED");
      const writer = await connectAs(WRITER, socketPath);
      assert.equal(codeOf(await writer.order("STATUS")), "OK");
      assert.equal(codeOf(await (await connectAs(WRITER, socketPath)).stray()), "LIMIT_EXCEEDED");
      const roots = [await connectAs(0, socketPath), await connectAs(0, socketPath)];
      for (const client of [...taken, ...roots]) assert.equal(codeOf(await client.order("STATUS")), "OK");
      for (const client of [...taken, ...roots, writer]) client.close();
    });
  },
);

test(
  "rights and the socket for looking hold in the program that main becomes",
  { skip: isNotRoot },
  async (t) => {
    const folder = await newFolder(t);
    const path = join(folder, "kakehi.toml");
    const readPath = join(folder, "read.sock");
    writeFileSync(path, `[socket]\nread_path = "read.sock"\nread_mode = "0666"\n${RIGHTS}`);
    const args = ["--config", path, "--socket-mode", "666"];
    await withProxy({ folder, args }, async ({ orders, socketPath }) => {
      const clients = await Promise.all([
        connectAs(0, readPath),
        connectAs(WRITER, readPath),
        connectAs(READER, socketPath),
      ]);
      const mayOnlyLook = async (client: OrderClient): Promise<void> => {
        assert.equal(codeOf(await client.order("STATUS")), "OK");
        assert.equal(codeOf(await client.order("ADD_CLUSTER", { cluster_id: "app-1" })), "FORBIDDEN");
        assert.equal(codeOf(await client.order("HARD_STOP")), "FORBIDDEN");
      };
      for (const client of clients) await mayOnlyLook(client);
      // The next program does not read the file again: what is there now is nobody's business.
      writeFileSync(path, "nonsense");
      await orders.ok("UPGRADE_MAIN");
      for (const client of clients) await mayOnlyLook(client);
      await mayOnlyLook(await connectAs(WRITER, readPath));
      const stranger = await connectAs(STRANGER, socketPath);
      assert.equal(codeOf(await stranger.stray()), "FORBIDDEN");
      assert.equal(codeOf(await orders.order("ADD_CLUSTER", { cluster_id: "mine" })), "OK");
      for (const client of clients) client.close();
    });
  },
);
