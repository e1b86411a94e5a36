/**
 * The configuration files that people copy: each is right.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ok } from "../../src/base/result.ts";
import { faultLines, readConfiguration } from "../../src/main/file/read-configuration.ts";
import { atOnce } from "../../src/main/file/slices.ts";
import { wantedState } from "../../src/main/file/wanted-state.ts";
import { readEntry } from "../../src/model/file/entry.ts";
import { parseConfigurationFile } from "../../src/model/file/parse-file.ts";

const PROJECT = join(import.meta.dirname, "..", "..");

test("the file of the service is right, and what a reload of it leaves to orders is all", async () => {
  const path = join(PROJECT, "packaging", "kakehi.toml");
  const read = await readConfiguration(path);
  assert.ok(read.ok, read.ok ? "" : faultLines(read.error).join("\n"));
  assert.equal(read.value.file.owns.size, 0);
  const unit = readFileSync(join(PROJECT, "packaging", "systemd", "kakehi.service"), "utf8");
  assert.match(unit, /^ExecStart=\S+ run --config \/etc\/kakehi\/kakehi\.toml$/m);
});

test("the example of the documents is right", () => {
  const page = readFileSync(join(PROJECT, "docs", "operating", "configuration.md"), "utf8");
  const [, text = ""] = /```toml\n([^]*?)```/.exec(page)!;
  const parsed = parseConfigurationFile(text);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const entries = parsed.value.entries.map((entry) => {
    const order = readEntry(entry, (file) => ok(`PEM of ${file}`));
    assert.ok(order.ok, JSON.stringify(order));
    return { path: entry.path, order: order.value };
  });
  // What a certificate holds is not an example's to show.
  const others = entries.filter(({ order }) => order.type !== "ADD_CERTIFICATE");
  const state = atOnce(wantedState(parsed.value, others));
  assert.ok(state.ok, JSON.stringify(state));
  assert.deepEqual(state.value.sizes(), { listener: 2, cluster: 2, frontend: 3, backend: 3, certificate: 0 });
  assert.equal(entries.length - others.length, 1);
});
