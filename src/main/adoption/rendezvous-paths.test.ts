import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findRendezvous, rendezvousPath } from "./rendezvous-paths.ts";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-rendezvous-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("workers of this command socket are found by number, and nothing else is", (t) => {
  const folder = folderFor(t);
  const socketPath = join(folder, "command.sock");
  const paths = [10, 9].map((number) => rendezvousPath(socketPath, number));
  for (const path of [
    ...paths,
    `${socketPath}.worker-x`,
    `${socketPath}.lock`,
    join(folder, "b.sock.worker-1"),
  ])
    writeFileSync(path, "");
  assert.deepEqual(findRendezvous(socketPath), {
    ok: true,
    value: [
      { number: 9, path: paths[1] },
      { number: 10, path: paths[0] },
    ],
  });
});

test("a folder that is gone is told", (t) => {
  const folder = folderFor(t);
  rmSync(folder, { recursive: true });
  const found = findRendezvous(join(folder, "command.sock"));
  assert.match(String(!found.ok && found.error), /cannot look for workers in .*ENOENT/);
});
