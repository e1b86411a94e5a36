import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type Surroundings, defaultSocketPath, findFolderFault } from "./socket-path.ts";

const USER: Surroundings = {
  environment: {},
  uid: 1000,
  temporaryFolder: "/temporary",
  isWritable: () => false,
};

test("a named socket is taken before every other", () => {
  const environment = { KAKEHI_SOCKET: "/srv/k.sock", XDG_RUNTIME_DIR: "/run/user/1000" };
  assert.equal(defaultSocketPath({ ...USER, environment }), "/srv/k.sock");
});

test("root's proxy is below /run, where that can be written", () => {
  const environment = { XDG_RUNTIME_DIR: "/run/user/0" };
  assert.equal(
    defaultSocketPath({ ...USER, environment, uid: 0, isWritable: () => true }),
    "/run/kakehi/command.sock",
  );
  assert.equal(defaultSocketPath({ ...USER, environment, uid: 0 }), "/run/user/0/kakehi/command.sock");
});

test("a user's proxy is in the user's own folder, even where /run could be written", () => {
  const environment = { XDG_RUNTIME_DIR: "/run/user/1000" };
  assert.equal(
    defaultSocketPath({ ...USER, environment, isWritable: () => true }),
    "/run/user/1000/kakehi/command.sock",
  );
});

test("without such a folder it is a folder of the user's in the temporary one", () => {
  assert.equal(defaultSocketPath(USER), "/temporary/kakehi-1000/command.sock");
  assert.equal(
    defaultSocketPath({ ...USER, environment: { KAKEHI_SOCKET: "" } }),
    "/temporary/kakehi-1000/command.sock",
  );
});

test("a folder that others own or can write is not trusted, ours and an absent one are", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-path-"));
  const socketPath = join(folder, "command.sock");
  const uid = process.getuid!();
  try {
    assert.equal(findFolderFault(socketPath), undefined);
    assert.equal(findFolderFault(join(folder, "absent", "command.sock")), undefined);
    if (uid !== 0) assert.match(findFolderFault(socketPath, uid + 1)!, /belongs to another user/);
    await symlink(folder, join(folder, "link"));
    assert.match(findFolderFault(join(folder, "link", "command.sock"))!, /is no folder/);
    await chmod(folder, 0o777);
    assert.match(findFolderFault(socketPath)!, /can be written by other users/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
