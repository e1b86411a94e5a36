/**
 * The clients of `docs/clients/` in other languages: the program on each page, run as it stands there against
 * a real proxy, and their streams of events over a connection that is lost.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { Proxy } from "../../testing/proxy.ts";
import { type Ended, runCommand } from "../../testing/run-command.ts";

const PAGES = join(import.meta.dirname, "..", "..", "docs", "clients");
const SOCKET = "/run/kakehi/command.sock";

/** What each page's program says to a proxy that nobody has asked for anything. */
const SAID = [
  "revision 0",
  "revision 2000",
  "PROCESSING",
  "OK",
  "refused CONFLICT",
  "event WORKER_STARTED",
  "so many later: 1",
];

interface Language {
  readonly name: string;
  readonly tool: readonly [string, ...string[]];
  /** Runs a program of this language, the client at hand, in `folder`. */
  run(folder: string, source: string): Promise<Ended>;
  /** Follows the events at a socket from the first, and prints the numbers of three. */
  follow(socketPath: string): string;
}

const PYTHON: Language = {
  name: "python",
  tool: ["python3", "--version"],
  run: async (folder, source) => {
    await copyFile(join(PAGES, "kakehi.py"), join(folder, "kakehi.py"));
    await writeFile(join(folder, "example.py"), source);
    return runCommand("python3", ["-B", "example.py"], { folder });
  },
  follow: (path) => `import itertools
from kakehi import events
for event in itertools.islice(events(${JSON.stringify(path)}, since=0, retry=0), 3):
    print(event["sequence"], event["event"])
`,
};

const GO: Language = {
  name: "go",
  tool: ["go", "version"],
  run: async (folder, source) => {
    await mkdir(join(folder, "kakehi"));
    await copyFile(join(PAGES, "kakehi.go"), join(folder, "kakehi", "kakehi.go"));
    await writeFile(join(folder, "go.mod"), "module example\n\ngo 1.22\n");
    await writeFile(join(folder, "main.go"), source);
    // Nothing is fetched: neither modules nor another Go.
    const environment = { GOPROXY: "off", GOTOOLCHAIN: "local", GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
    return runCommand("go", ["run", "."], { folder, environment });
  },
  follow: (path) => `package main

import (
	"context"
	"fmt"

	"example/kakehi"
)

func main() {
	left := 3
	err := kakehi.Follow(context.Background(), ${JSON.stringify(path)}, 0, func(event kakehi.Event) bool {
		fmt.Println(event.Sequence, event.Name)
		left--
		return left > 0
	})
	if err != nil {
		panic(err)
	}
}
`,
};

for (const language of [PYTHON, GO]) {
  const [tool, ...args] = language.tool;
  const found = spawnSync(tool, args);
  const isThere = found.error === undefined && found.status === 0;
  const options = { skip: !isThere && `${tool} must be installed` };

  test(`the program of the page on ${language.name} runs as it stands there`, options, async (t) => {
    const proxy = await Proxy.start();
    t.after(() => proxy.stop());
    const page = await readFile(join(PAGES, `${language.name}.md`), "utf8");
    const [, source = ""] = new RegExp(`^\`\`\`${language.name}\n(.*?)^\`\`\``, "ms").exec(page) ?? [];
    assert(source.includes(SOCKET));
    const ended = await language.run(await folderFor(t), source.replace(SOCKET, proxy.socketPath));
    assert.deepEqual([ended.stderr, ended.code], ["", 0]);
    assert.deepEqual(withoutRepeats(ended.stdout), SAID);
  });

  test(`events in ${language.name} go on behind the last one, a GAP's too`, options, async (t) => {
    const told = [
      { sequence: 1, event: "CHANGED" },
      { sequence: 9, event: "GAP", next: 10 },
      { sequence: 10 },
    ];
    const script: Script = (order, connection) => {
      const data = told[server.orders.length - 1] ?? {};
      connection.answer(order, {
        status: "PROCESSING",
        message: "",
        revision: 1,
        data: { event: "DRAINED", ...data },
      });
      connection.end();
    };
    await using server = await FakeCommandServer.start(script);
    const ended = await language.run(await folderFor(t), language.follow(server.path));
    assert.deepEqual([ended.stderr, ended.code], ["", 0]);
    assert.equal(ended.stdout, "1 CHANGED\n9 GAP\n10 DRAINED\n");
    assert.deepEqual(
      server.orders.map(({ type, data }) => [type, data]),
      [0, 1, 9].map((since) => ["SUBSCRIBE_EVENTS", { since }]),
    );
  });
}

async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-language-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** How often progress is told is the proxy's affair. */
function withoutRepeats(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .filter((line, index, lines) => line !== lines[index - 1]);
}
