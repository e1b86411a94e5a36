/**
 * The examples of the client library, in its doc comments and on its page, run as they stand there: by Node,
 * and by Bun and Deno where they are installed.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseOrder } from "../../src/model/catalogue/parse-order.ts";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { runCommand } from "../../testing/run-command.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const CLIENT = join(ROOT, "src", "client", "client.ts");
const OK = { status: "OK", message: "done", revision: 1, data: { changed: true } };
const EVENT = { status: "PROCESSING", message: "", revision: 1, data: { sequence: 5, event: "DRAINED" } };
const FULL = { status: "ERROR", message: "enough", revision: 1, error: { code: "LIMIT_EXCEEDED" } };

/** Answers each order, and ends a stream of events after the first one. */
const script: Script = (order, connection) => {
  if (order.type === "SUBSCRIBE_EVENTS") connection.answer(order, EVENT);
  connection.answer(order, order.type === "SUBSCRIBE_EVENTS" ? FULL : OK);
};

interface Runtime {
  readonly name: string;
  /** The program that runs a file, with its arguments before that. */
  readonly command: readonly [string, ...string[]];
}

const RUNTIMES: readonly Runtime[] = [
  { name: "Node", command: [process.execPath] },
  { name: "Bun", command: ["bun", "run"] },
  { name: "Deno", command: ["deno", "run", "--allow-all", "--no-config", "--quiet"] },
];

/** Why it cannot run here; `false` if it can. */
function absence({ name, command: [program] }: Runtime): string | false {
  const isThere = spawnSync(program, ["--version"]).status === 0;
  return !isThere && `${name} is not installed`;
}

/** Runs one example; it may end by the refusal that ends its events. */
async function runExample(
  { command: [program, ...args] }: Runtime,
  source: string,
): Promise<{ stdout: string; types: readonly string[] }> {
  await using server = await FakeCommandServer.start(script);
  const folder = await mkdtemp(join(tmpdir(), "kakehi-example-"));
  try {
    const file = join(folder, "example.ts");
    await writeFile(file, source);
    const ended = await runCommand(program, [...args, file], { environment: { KAKEHI_SOCKET: server.path } });
    const isRefused = ended.stderr.includes("OrderRefusedError: enough");
    assert(ended.code === 0 || (source.includes("followEvents(") && isRefused), ended.stderr);
    for (const order of server.orders) assert(parseOrder(order).ok, JSON.stringify(order));
    return { stdout: ended.stdout, types: server.orders.map(({ type }) => type) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const runtime of RUNTIMES) {
  const { name } = runtime;
  const skip = absence(runtime);
  test(`${name} runs the examples of the doc comments as they stand there`, { skip }, async () => {
    const source = await readFile(CLIENT, "utf8");
    const examples = [...source.matchAll(/^ \* ```ts\n(.*?)^ \* ```$/gms)].map(([, lines = ""]) =>
      lines.replaceAll(/^ \* ?/gm, ""),
    );
    assert.equal(examples.length, 2);
    const imports = `import { connect, defaultSocketPath, followEvents } from ${JSON.stringify(CLIENT)};\n`;
    const [first, second] = await Promise.all(
      examples.map((example) => runExample(runtime, imports + example)),
    );
    assert.deepEqual(first, { stdout: "done\n", types: ["ADD_CLUSTER", "REMOVE_CLUSTER"] });
    assert.deepEqual(second, { stdout: "5 DRAINED\n", types: ["SUBSCRIBE_EVENTS"] });
  });

  test(`${name} runs the examples of the page as one program`, { skip }, async () => {
    const page = await readFile(join(ROOT, "docs", "clients", "typescript.md"), "utf8");
    const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, lines = ""]) => lines);
    assert.equal(blocks.length, 4);
    const backends = `const backends = [{ cluster_id: "app", backend_id: "b", address: "127.0.0.1:9002" }];\n`;
    const program = [blocks[0], backends, ...blocks.slice(1)].join("\n");
    const { stdout, types } = await runExample(
      runtime,
      program.replace('"kakehi/client"', JSON.stringify(CLIENT)),
    );
    assert.equal(stdout, "OK done\n5 DRAINED\n");
    const orders = ["ADD_CLUSTER", "ADD_BACKEND", "ADD_BACKEND", "REMOVE_BACKEND", "SUBSCRIBE_EVENTS"];
    assert.deepEqual(types, orders);
  });
}
