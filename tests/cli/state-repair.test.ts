import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";

test("a damaged journal: the start says how to go on, and the repair says what it does before it does it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-repair-"));
  const path = join(folder, "kakehi.state");
  const journal = `${path}.journal`;
  const kakehi = (...args: string[]) => runCommand(KAKEHI, args, { folder });
  try {
    const first = await Proxy.start({ args: ["--state", path] });
    for (const cluster_id of ["one", "two", "three"]) await first.orders.ok("ADD_CLUSTER", { cluster_id });
    const refused = await kakehi("state", "repair", path, "--yes");
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(refused.stderr, new RegExp(`pid ${first.pid}.*stop it first`));
    const [before, state] = [journal, path].map((file) => readFileSync(file, "utf8"));
    await first.stop();
    const damaged = before!.replace('"two"', '"owt"');
    writeFileSync(path, state!);
    writeFileSync(journal, damaged);

    const start = await kakehi("run", "--socket", join(folder, "command.sock"), "--state", path);
    assert.equal(start.code, 1);
    assert.match(start.stderr, /damaged \(record 3, at byte \d+\).*kakehi state repair/);

    const said = await kakehi("state", "repair", path);
    assert.equal(said.code, 1);
    assert.match(said.stdout, /record 3, at byte \d+.*\nkept, as revision 4: .*1 cluster.*\nleft out: 2\n/);
    assert.match(said.stdout, /ADD_CLUSTER .*"owt".*\n.*ADD_CLUSTER .*"three".*\nnothing was changed/);
    assert.equal(readFileSync(journal, "utf8"), damaged);

    const done = await kakehi("state", "repair", path, "--yes", "--json");
    assert.equal(done.code, 0);
    const { revision, done: what } = JSON.parse(done.stdout);
    assert.deepEqual([revision, what.kind], [4, "replaced"]);
    assert.ok(readdirSync(folder).some((name) => name.startsWith("kakehi.state.journal.damaged-")));
    assert.equal((await kakehi("state", "repair", path)).code, 0);

    const second = await Proxy.start({ args: ["--state", path] });
    assert.equal((await second.status()).data.revision, 4);
    await second.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
