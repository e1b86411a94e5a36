/**
 * Certificates as configuration, through the whole program: sent, listed, kept over a restart, loaded from a
 * file, and no key where anybody looks.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Json } from "../../testing/order-client.ts";
import { freePort, Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { CertificateMaker, type MadeCertificate } from "../../testing/tls/make-certificates.ts";
import { TIMEOUT_MS } from "./support.ts";

const LIMIT = { timeout: 4 * TIMEOUT_MS };

interface Setting {
  readonly folder: string;
  readonly listener: string;
  readonly maker: CertificateMaker;
  /** Starts the proxy on the one state file of the test. */
  start(): Promise<Proxy>;
}

async function withSetting(body: (setting: Setting) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-certificates-"));
  const made = join(folder, "made");
  mkdirSync(made);
  const proxies: Proxy[] = [];
  const start = async (): Promise<Proxy> => {
    const proxy = await Proxy.start({ folder, args: ["--state", join(folder, "kakehi.state")] });
    proxies.push(proxy);
    return proxy;
  };
  try {
    const listener = `127.0.0.1:${await freePort()}`;
    await body({ folder, listener, maker: new CertificateMaker(made), start });
  } finally {
    for (const proxy of proxies) await proxy.discard();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A cluster that shows its backends a certificate. */
function clusterShowing({ certificate, key }: MadeCertificate): Json {
  return { cluster_id: "app", tls: { server_name: "app.internal", ca: [certificate], certificate, key } };
}

/** All that the proxy keeps of its state, folders and what is in them. */
function keptFiles(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.startsWith("kakehi.state"));
}

/** Some of a key's text, long enough to be no accident; keys are stored in one line. */
function secretOf({ key }: MadeCertificate): string {
  return key.split("\n")[1]!.slice(10, 40);
}

test(
  "a certificate is added, replaced and removed, and survives a restart, as a cluster's does",
  LIMIT,
  async () => {
    await withSetting(async ({ folder, listener, maker, start }) => {
      const [one, two] = [maker.make({ names: "DNS:a.example" }), maker.make({ names: "DNS:*.a.example" })];
      const proxy = await start();
      const { orders } = proxy;
      await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
      const added = await orders.ok("ADD_CERTIFICATE", { listener, ...one } as unknown as Json);
      const { fingerprint } = added.data as { fingerprint: string };
      const again = await orders.ok("ADD_CERTIFICATE", { listener, ...one } as unknown as Json);
      assert.equal(again.data.changed, false);
      const replacement = { listener, ...two, old_fingerprint: fingerprint } as unknown as Json;
      const replaced = await orders.ok("REPLACE_CERTIFICATE", replacement);
      assert.equal(replaced.data.changed, true);
      const listed = (await orders.ok("LIST_CERTIFICATES", { name: "www.a.example" })).data.items;
      assert.deepEqual(
        listed.map((item: { fingerprint: string }) => item.fingerprint),
        [replaced.data.fingerprint],
      );
      const question = { listener, method: "GET", host: "WWW.a.example", path: "/" };
      const explained = await orders.ok("EXPLAIN", question);
      assert.deepEqual(explained.data.certificate, { choice: "name", covers_host: true, ...listed[0] });
      const stranger = await orders.ok("EXPLAIN", { ...question, host: "b.example" });
      assert.deepEqual(stranger.data.certificate, { choice: "own" });
      await orders.ok("ADD_CLUSTER", clusterShowing(one));
      const { hash } = (await proxy.status()).data;
      await proxy.stop();

      const second = await start();
      const [cluster] = (await second.orders.ok("DUMP_STATE", { keys: true })).data.orders.slice(1);
      assert.equal((await second.orders.ok("ADD_CLUSTER", clusterShowing(one))).data.changed, false);
      assert.ok(cluster.data.tls.key.includes(secretOf(one)));
      const status = (await second.status()).data;
      assert.equal(status.hash, hash);
      assert.ok(status.workers.every((worker: { hash: string }) => worker.hash === hash));
      for (const name of keptFiles(folder)) {
        const stats = statSync(join(folder, name));
        assert.equal(stats.mode & 0o777, stats.isDirectory() ? 0o700 : 0o600, name);
      }
      const removal = await second.orders.ok("REMOVE_CERTIFICATE", {
        listener,
        fingerprint: replaced.data.fingerprint,
      });
      assert.equal(removal.data.changed, true);
      assert.deepEqual((await second.orders.ok("LIST_CERTIFICATES")).data.items, []);
      await second.stop();
    });
  },
);

test("a saved file brings certificates back, and a dump with keys makes them elsewhere", LIMIT, async () => {
  await withSetting(async ({ folder, listener, maker, start }) => {
    const made = maker.make({ names: "DNS:a.example" });
    const proxy = await start();
    const { orders } = proxy;
    await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
    const { data } = await orders.ok("ADD_CERTIFICATE", { listener, ...made } as unknown as Json);
    const { hash } = (await proxy.status()).data;
    const path = join(folder, "saved.state");
    await orders.ok("SAVE_STATE", { path });
    assert.ok(readFileSync(path, "utf8").includes(secretOf(made)));
    const dump = (await orders.ok("DUMP_STATE", { keys: true })).data.orders;

    await orders.ok("REMOVE_CERTIFICATE", { listener, fingerprint: data.fingerprint });
    const loaded = await orders.ok("LOAD_STATE", { path });
    assert.equal(loaded.data.added, 1);
    assert.equal((await proxy.status()).data.hash, hash);

    await orders.ok("REMOVE_LISTENER", { address: listener });
    for (const order of dump) await orders.ok(order.type, order.data);
    assert.equal((await proxy.status()).data.hash, hash);
    await proxy.stop();
  });
});

test("a file that a person has edited is read again before it is loaded", LIMIT, async () => {
  await withSetting(async ({ folder, listener, maker, start }) => {
    const [made, other] = [maker.make({ names: "DNS:a.example" }), maker.make({ names: "DNS:b.example" })];
    const proxy = await start();
    const { orders } = proxy;
    await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
    const { data } = await orders.ok("ADD_CERTIFICATE", { listener, ...made } as unknown as Json);
    const dump = (await orders.ok("DUMP_STATE", { keys: true })).data.orders as { data: { key?: string } }[];
    await orders.ok("REMOVE_CERTIFICATE", { listener, fingerprint: data.fingerprint });
    const path = join(folder, "edited.state");
    const write = (key: string): void => {
      const edited = dump.map((order) => ({
        ...order,
        data: order.data.key === undefined ? order.data : { ...order.data, key },
      }));
      const records = [{ format: "kakehi-state", version: 1, revision: 0 }, ...edited];
      writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\0\n`).join(""));
    };
    write(other.key);
    const refused = await orders.order("LOAD_STATE", { path });
    assert.equal(refused.error?.code, "KEY_MISMATCH");
    write(made.key);
    assert.equal((await orders.ok("LOAD_STATE", { path })).data.added, 1);
    await proxy.stop();
  });
});

test("what is wrong is refused with its reason, and what was there stays", LIMIT, async () => {
  await withSetting(async ({ listener, maker, start }) => {
    const made = maker.make({ names: "DNS:a.example" });
    const other = maker.make({ names: "DNS:b.example" });
    const proxy = await start();
    const { orders } = proxy;
    await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
    await orders.ok("ADD_CERTIFICATE", { listener, ...made } as unknown as Json);
    const { hash } = (await proxy.status()).data;
    const wrong: readonly (readonly [object, string, string])[] = [
      [{ ...made, key: other.key }, "KEY_MISMATCH", "data.key"],
      [{ ...made, certificate: "garbage!" }, "INVALID_CERTIFICATE", "data.certificate"],
      [{ ...made, certificate: "x".repeat(10 * 1024 * 1024) }, "INVALID_CERTIFICATE", "data.certificate"],
      [{ ...made, key: "" }, "INVALID_CERTIFICATE", "data.key"],
      [{ ...made, chain: [other.certificate] }, "INVALID_CERTIFICATE", "data.chain"],
      [{ ...made, names: ["a\0b"] }, "INVALID_FIELD", "data.names[0]"],
    ];
    for (const [data, code, field] of wrong) {
      const answer = await orders.order("ADD_CERTIFICATE", { listener, ...data });
      assert.deepEqual([answer.error?.code, answer.error?.field], [code, field]);
    }
    const ciphers = await orders.order("UPDATE_LISTENER", {
      address: listener,
      cipher_list: "NO-SUCH-CIPHER",
    });
    assert.equal(ciphers.error?.field, "data.cipher_list");
    const groups = await orders.order("UPDATE_LISTENER", {
      address: listener,
      groups: ["X25519", "nothing"],
    });
    assert.equal(groups.error?.field, "data.groups");
    await orders.ok("UPDATE_LISTENER", { address: listener, groups: ["X25519", "P-256"] });
    await orders.ok("UPDATE_LISTENER", { address: listener, groups: null });
    assert.equal((await proxy.status()).data.hash, hash);
    const expired = maker.make({ names: "DNS:c.example", days: -1 });
    const accepted = await orders.ok("ADD_CERTIFICATE", { listener, ...expired } as unknown as Json);
    assert.match(accepted.message, /warning: it expired on 2020-02-01/);
    assert.deepEqual(accepted.data.warnings, ["it expired on 2020-02-01"]);
    const refused = await orders.order("ADD_CERTIFICATE", {
      listener,
      ...expired,
      reject_expired: true,
    } as unknown as Json);
    assert.equal(refused.error?.code, "INVALID_CERTIFICATE");
    await proxy.stop();
  });
});

test("no key is in any answer or in the log", LIMIT, async () => {
  await withSetting(async ({ folder, listener, maker, start }) => {
    const [made, other] = [maker.make({ names: "DNS:a.example" }), maker.make({ names: "DNS:b.example" })];
    const proxy = await start();
    const { orders } = proxy;
    const path = join(folder, "saved.state");
    await orders.ok("ADD_LISTENER", { address: listener, protocol: "https" });
    const sent = { listener, ...made } as unknown as Json;
    const answers = [
      await orders.order("ADD_CERTIFICATE", sent, { dry_run: true }),
      await orders.order("ADD_CERTIFICATE", sent),
      await orders.order("ADD_CERTIFICATE", { ...(sent as object), names: ["other.example"] }),
      await orders.order("ADD_CERTIFICATE", { ...(sent as object), unknown: made.key }),
      await orders.order("ADD_CLUSTER", clusterShowing(made), { dry_run: true }),
      await orders.order("ADD_CLUSTER", clusterShowing(made)),
      await orders.order("ADD_CLUSTER", clusterShowing(other)),
      await orders.order("UPDATE_CLUSTER", clusterShowing(other)),
      await orders.order("UPDATE_CLUSTER", { cluster_id: "app", tls: { certificate: "x", key: made.key } }),
      await orders.order("LIST_CERTIFICATES"),
      await orders.order("LIST_CLUSTERS"),
      await orders.order("DUMP_STATE"),
      await orders.order("SAVE_STATE", { path }),
      await orders.order("REMOVE_LISTENER", { address: listener }, { dry_run: true }),
      await orders.order("REMOVE_LISTENER", { address: listener }),
      await orders.order("LOAD_STATE", { path }, { dry_run: true }),
    ];
    for (const index of [2, 6]) assert.equal(answers[index]?.error?.code, "EXISTS");
    for (const text of [JSON.stringify(answers), proxy.output])
      for (const secret of [secretOf(made), secretOf(other)]) assert.ok(!text.includes(secret));
    assert.ok(JSON.stringify(answers[0]).includes("a.example"), "all else is there");
    await proxy.stop();
  });
});

test("the commands read PEM from files and from standard input", LIMIT, async () => {
  await withSetting(async ({ folder, listener, maker, start }) => {
    const made = maker.make({ names: "DNS:a.example" });
    const both = made.certificate + made.key;
    const files = ["--certificate", maker.write("cert.pem", both), "--key", maker.write("key.pem", both)];
    const proxy = await start();
    const command = (args: readonly string[], input = "") =>
      runCommand(KAKEHI, ["--socket", proxy.socketPath, ...args], { input });
    await command(["listener", "add", listener, "--protocol", "https"]);
    const add = ["certificate", "add", "--listener", listener];
    const added = await command([...add, ...files]);
    assert.equal(added.code, 0, added.stderr);
    const again = await command([...add, "--certificate", "-", "--key", "-"], both);
    assert.match(again.stdout, /is already so/);
    const list = await command(["certificate", "list", "--name", "a.example", "--json"]);
    const [item] = (JSON.parse(list.stdout) as { items: { fingerprint: string }[] }).items;
    const shown = await command(["certificate", "show", item!.fingerprint]);
    assert.match(shown.stdout, /a\.example/);
    const next = maker.make({ names: "DNS:b.example" });
    const replacement = ["--listener", listener, "--certificate", "-", "--key", "-"];
    const replaced = await command(
      ["certificate", "replace", ...replacement, "--old-fingerprint", item!.fingerprint, "--json"],
      next.certificate + next.key,
    );
    assert.equal(replaced.code, 0, replaced.stderr);
    const soon = await command(["certificate", "list", "--expires-before", "744h"]);
    assert.match(soon.stdout, /b\.example/);
    assert.doesNotMatch(soon.stdout, /a\.example/);
    const sooner = await command(["certificate", "list", "--expires-before", "24h"]);
    assert.doesNotMatch(sooner.stdout, /b\.example/);
    const missing = await command([...add, "--certificate", join(folder, "none"), ...files.slice(2)]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /cannot be read/);
    const dump = await command(["state", "dump", "--keys"]);
    assert.ok(dump.stdout.includes(secretOf(next)));
    const { fingerprint } = (JSON.parse(replaced.stdout) as { data: { fingerprint: string } }).data;
    const gone = await command(["certificate", "remove", listener, fingerprint]);
    assert.equal(gone.code, 0, gone.stderr);
    await proxy.stop();
  });
});

test(
  "client_auth is set and taken away over the command line, dumped, and there after a restart",
  LIMIT,
  async () => {
    await withSetting(async ({ folder, listener, maker, start }) => {
      const [one, two] = ["one", "two"].map((commonName) => maker.make({ commonName, isAuthority: true }));
      const files = [one!, two!].flatMap(({ certificate }, index) => {
        const path = join(folder, `${index}.pem`);
        writeFileSync(path, certificate);
        return ["--client-auth-ca", path];
      });
      const proxy = await start();
      const command = (...args: readonly string[]) =>
        runCommand(KAKEHI, ["--socket", proxy.socketPath, "listener", ...args]);
      const added = await command("add", listener, "--protocol", "https", ...files);
      assert.equal(added.code, 0, added.stderr);
      const [addition] = (await proxy.orders.ok("DUMP_STATE")).data.orders;
      const { ca, mode } = addition.data.client_auth;
      assert.deepEqual([ca.length, mode], [2, "require"]);
      assert.equal((await proxy.orders.ok(addition.type, addition.data)).data.changed, false);
      const updated = await command(
        "update",
        listener,
        ...files.slice(0, 2),
        "--client-auth-mode",
        "request",
      );
      assert.equal(updated.code, 0, updated.stderr);
      const { hash } = (await proxy.status()).data;
      await proxy.stop();

      const second = await start();
      assert.equal((await second.status()).data.hash, hash);
      const authOf = async () => (await second.orders.ok("LIST_LISTENERS")).data.items[0].client_auth;
      assert.deepEqual(await authOf(), { ca: [ca[0]], mode: "request" });
      assert.match((await command("list")).stdout, /CLIENT AUTH[^]* request /);
      const reset = await command("update", listener, "--reset", "client-auth");
      assert.equal(reset.code, 0, reset.stderr);
      assert.equal(await authOf(), undefined);
      const { certificate } = maker.make({ isAuthority: true, days: -1 });
      const expired = { address: listener, client_auth: { ca: [certificate] } };
      const warned = await second.orders.ok("UPDATE_LISTENER", expired);
      assert.match(warned.data.warnings[0], /^authority 1 of its client_auth expired on \d{4}-/);
      assert.ok(warned.message.endsWith(`; warning: ${warned.data.warnings[0]}`));
    });
  },
);
