import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { Result } from "../../base/result.ts";
import { programVersion } from "../../io/program-version.ts";
import { CHANNEL_FORMAT } from "../../model/channel.ts";
import { HANDOVER_FORMAT } from "../../model/handover.ts";
import { State } from "../../model/state.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { stateInMemory } from "../../io/memory-files.ts";
import { documentInMemory } from "./document-file.ts";
import { rehearse } from "./rehearsal.ts";
import { readFileSync } from "node:fs";
import { parseDocument } from "../../model/upgrade-document.ts";

const KAKEHI = fileURLToPath(new URL("../../../bin/kakehi", import.meta.url));
const FIXTURE = new URL("../../../tests/compat/upgrade-document-1.json", import.meta.url);

const state = new State();
state.applyChange({
  kind: "cluster",
  key: "app",
  after: { cluster_id: "app", load_balancing: "round_robin", sticky_session: false, https_redirect: false },
});

/** Rehearses with a program that is this shell script, or with that program. */
async function rehearseWith(
  t: TestContext,
  program: { readonly script: string } | { readonly path: string },
  wishes: { version?: string; revision?: number; timeoutMs?: number; givenUp?: AbortSignal } = {},
): Promise<Result<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-rehearsal-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = "path" in program ? program.path : join(folder, "program");
  if ("script" in program) {
    writeFileSync(path, `#!/bin/sh\n${program.script}\n`);
    chmodSync(path, 0o755);
  }
  const document = parseDocument(readFileSync(FIXTURE, "utf8"));
  assert.ok(document.ok);
  const [documentFd, stateFd] = [documentInMemory(document.value), stateInMemory(state, 7)];
  t.after(() => [documentFd, stateFd].forEach(closeDescriptor));
  return rehearse({
    command: [path],
    documentFd,
    stateFd,
    timeoutMs: wishes.timeoutMs ?? 20_000,
    givenUp: wishes.givenUp ?? new AbortController().signal,
    revision: wishes.revision ?? 7,
    hash: state.hash(),
    version: wishes.version,
  });
}

function answerOf(fields: object): string {
  const answer = { version: "9", channel: CHANNEL_FORMAT, handover: HANDOVER_FORMAT, revision: 7 };
  return `cat > /dev/null; echo '${JSON.stringify({ ...answer, hash: state.hash(), ...fields })}'`;
}

test("this program can become itself", async (t) => {
  assert.deepEqual(await rehearseWith(t, { path: KAKEHI }), { ok: true, value: programVersion() });
});

test("a program that is not there, or is none, is refused with the reason", async (t) => {
  const missing = await rehearseWith(t, { path: "/nowhere/kakehi" });
  assert.match(String(!missing.ok && missing.error), /\/nowhere\/kakehi cannot be started: ENOENT/);
  const folder = await rehearseWith(t, { path: tmpdir() });
  assert.match(String(!folder.ok && folder.error), /cannot be started: EACCES/);
});

test("a program that ends, is killed, or says nothing in its time is refused", async (t) => {
  const ended = await rehearseWith(t, { script: "exit 3" });
  assert.match(String(!ended.ok && ended.error), /ended with exit code 3/);
  const reasoned = await rehearseWith(t, { script: "echo no such format; exit 1" });
  assert.equal(!reasoned.ok && reasoned.error, "no such format");
  const contradictory = await rehearseWith(t, { script: `${answerOf({})}; exit 4` });
  assert.equal(
    !contradictory.ok && contradictory.error,
    "the new program ended with exit code 4, after it had said that it can take over",
  );
  const killed = await rehearseWith(t, { script: "kill -9 $$" });
  assert.match(String(!killed.ok && killed.error), /ended with SIGKILL/);
  const late = await rehearseWith(t, { script: "exec sleep 60" }, { timeoutMs: 200 });
  assert.match(String(!late.ok && late.error), /did not say that it can take over, in 200 ms/);
});

test("a program that answers with something else, of another version or format, is refused", async (t) => {
  const cases: readonly [script: string, wishes: { version?: string }, wanted: RegExp][] = [
    ["echo kakehi 9", {}, /something else than it should/],
    [answerOf({ hash: 5 }), {}, /something else than it should/],
    [answerOf({}), { version: "8" }, /is version 9, not 8/],
    [answerOf({ channel: 99 }), {}, /another format with workers/],
    [answerOf({ handover: 99 }), {}, /another format with workers/],
    [answerOf({ revision: 6 }), {}, /another configuration/],
    [answerOf({ hash: "other" }), {}, /another configuration/],
  ];
  for (const [script, wishes, wanted] of cases) {
    const refused = await rehearseWith(t, { script }, wishes);
    assert.match(String(!refused.ok && refused.error), wanted);
  }
  assert.deepEqual(await rehearseWith(t, { script: answerOf({}) }, { version: "9" }), {
    ok: true,
    value: "9",
  });
});

test("a rehearsal gives way to those that carry traffic", async (t) => {
  // Waits until it is no more urgent than that: the 19th field of its stat is its nice value.
  const script = 'until [ "$(cut -d" " -f19 /proc/$$/stat)" -ge 10 ]; do :; done';
  const said = await rehearseWith(t, { script: `${script}; ${answerOf({})}` }, { timeoutMs: 5_000 });
  assert.deepEqual(said, { ok: true, value: "9" });
});
