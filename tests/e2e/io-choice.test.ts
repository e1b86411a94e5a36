/** Where io_uring is refused: `--io auto` falls back and says why, `--io uring` fails and says why. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { fetchOnce, withProxy } from "./support.ts";

const WITHOUT = fileURLToPath(new URL("../../testing/without-io-uring.ts", import.meta.url));

/** Why the kernel may refuse a ring, and the words that tell it. */
const REFUSALS = [
  ["EPERM", 1, /io_uring is forbidden here \(kernel\.io_uring_disabled, or a container's seccomp profile\)/],
  ["ENOSYS", 38, /io_uring_setup: not offered by this kernel \(ENOSYS\)/],
  ["ENOMEM", 12, /io_uring_setup: out of memory \(ENOMEM\)/],
  ["EINVAL", 22, /this kernel's io_uring is older than Linux 6\.1/],
] as const;

function launcherFor(errno: number): readonly string[] {
  return [process.execPath, WITHOUT, `${errno}`];
}

for (const [name, errno, why] of REFUSALS) {
  test(`${name}: --io auto serves over io/node; STATUS and one line of the log say why`, async () => {
    const backend = await HttpBackend.start({ id: "app-1" });
    try {
      await withProxy({ launcher: launcherFor(errno), io: "auto" }, async (proxy) => {
        const port = await proxy.serve("app", [{ id: "app-1", address: backend.address }]);
        assert.equal((await fetchOnce(port, "/")).status, 200);
        const [worker] = (await proxy.status()).data.workers;
        assert.equal(worker.io, "node");
        assert.match(worker.io_reason, new RegExp(`^no io_uring: ${why.source}$`));
        const lines = proxy.output.split("\n").filter((line) => line.startsWith("{") && why.test(line));
        assert.equal(lines.length, 1, proxy.output);
      });
    } finally {
      await backend.stop();
    }
  });
}

const [, forbidden, whyForbidden] = REFUSALS[0];

test("--io uring ends with 1, says why, and leaves no socket", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-io-"));
  try {
    const [program, ...first] = [...launcherFor(forbidden), KAKEHI];
    const args = ["run", "--io", "uring", "--workers", "2", "--socket", join(folder, "command.sock")];
    const { code, stderr, stdout } = await runCommand(program!, [...first, ...args]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, whyForbidden);
    assert.match(stderr, /^error: worker \d cannot run as it was told/m);
    assert.doesNotMatch(stderr + stdout, /\bat .*\.(ts|js):\d+/, "no stack trace");
    assert.deepEqual(
      (await readdir(folder)).filter((file) => file.endsWith(".sock")),
      [],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
