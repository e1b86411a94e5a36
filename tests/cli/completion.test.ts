import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeCommandServer, type Script } from "../../testing/fake-command-server.ts";
import { Proxy } from "../../testing/proxy.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";

/** Ids that a careless script would run, each making a file. */
const HOSTILE = [
  "$(touch${IFS}made-1)",
  "`touch${IFS}made-2`",
  "';touch${IFS}made-3;'",
  '";touch${IFS}made-4;"',
  "a&touch${IFS}made-5",
  "|touch${IFS}made-6",
  "\\$(touch${IFS}made-7)",
  "{a,b}",
  "*",
  "~root",
  "#no",
  "a!b",
  "$HOME",
  "ünï-😀",
].toSorted();
/** No proxy of ours has them; another program at the socket may say anything. */
const NO_IDS = ["a\ntouch made-8", "b touch", "\u001b]0;c\u0007", "d\u202ee"];

const hasNot = (shell: string): string | false =>
  spawnSync(shell, ["-c", "exit 0"]).error !== undefined && `${shell} must be installed`;

function answering(data: object): Script {
  return (order, connection) => connection.answer(order, { status: "OK", message: "", revision: 1, data });
}

function withClusters(ids: readonly string[]): Script {
  return answering({ items: ids.map((cluster_id) => ({ cluster_id })), next: null });
}

/** The candidates for a line of words, and what they came as. */
async function complete(line: string, socketPath: string) {
  const ended = await runCommand(KAKEHI, ["complete", "--", ...line.split(" ")], {
    environment: { KAKEHI_SOCKET: socketPath },
  });
  assert.deepEqual([ended.code, ended.stderr], [0, ""]);
  const [what, ...candidates] = ended.stdout.split("\n").slice(0, -1);
  return { what, candidates };
}

/** Runs `script` in an empty folder; what it printed, and which of the ids' files it made. */
async function runIn(shell: string, args: readonly string[], script: string, socketPath: string) {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-completion-"));
  try {
    const environment = { KAKEHI, HOME: folder, KAKEHI_SOCKET: socketPath };
    const ended = await runCommand(shell, [...args, script], { folder, environment });
    assert.deepEqual([ended.code, ended.stderr], [0, ""]);
    const made = (await readdir(folder)).filter((name) => name.startsWith("made"));
    return { lines: ended.stdout.split("\n").slice(0, -1), made };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test(
  "in bash no id can run: what is inserted is read as the id, in any quotes",
  { skip: hasNot("bash") },
  async () => {
    await using server = await FakeCommandServer.start(withClusters([...HOSTILE, ...NO_IDS]));
    const script = `source <("$KAKEHI" completion bash)
for quote in '' "'" '"'; do
  COMP_LINE="kakehi cluster remove $quote"
  COMP_POINT=\${#COMP_LINE}
  _kakehi "$KAKEHI"
  for each in "\${COMPREPLY[@]}"; do eval "set -- $quote$each$quote"; printf '%s\\n' "$# $1"; done
done`;
    const { lines, made } = await runIn("bash", ["-c"], script, server.path);
    const inDoubleQuotes = HOSTILE.filter((id) => !id.includes("!"));
    assert.deepEqual(
      lines,
      [...HOSTILE, ...HOSTILE, ...inDoubleQuotes].map((id) => `1 ${id}`),
    );
    assert.deepEqual(made, []);
  },
);

test("in bash what is typed already stays, up to bash's own breaks", { skip: hasNot("bash") }, async () => {
  await using server = await FakeCommandServer.start(
    answering({ items: [{ address: "127.0.0.1:80" }, { address: "[::1]:80" }], next: null }),
  );
  const script = `source <("$KAKEHI" completion bash)
for COMP_LINE in 'kakehi listener remove 127' 'kakehi listener remove 127.0.0.1:' 'kakehi listener remove --address=1' \\
  'kakehi listener rem' 'kakehi listener remove x --n'; do
  COMP_POINT=\${#COMP_LINE}
  _kakehi "$KAKEHI"
  echo "\${COMPREPLY[@]}"
done`;
  const { lines } = await runIn("bash", ["-c"], script, server.path);
  const expected = ["127.0.0.1:80", "80", "127.0.0.1:80", "remove", "--no-wait --no-color"];
  assert.deepEqual(lines, expected);
});

test("in fish no id can run", { skip: hasNot("fish") }, async () => {
  await using server = await FakeCommandServer.start(withClusters([...HOSTILE, ...NO_IDS]));
  const script = `"$KAKEHI" completion fish | source
complete -C "$KAKEHI cluster remove "`;
  const { lines, made } = await runIn("fish", ["--no-config", "-c"], script, server.path);
  assert.deepEqual(lines.toSorted(), HOSTILE);
  assert.deepEqual(made, []);
});

test("in zsh no id can run", { skip: hasNot("zsh") }, async () => {
  await using server = await FakeCommandServer.start(withClusters([...HOSTILE, ...NO_IDS]));
  // Completion itself needs a terminal: its functions are stood in for here.
  const script = `compdef() { :; }
compset() { [[ $PREFIX == --*=* ]]; }
compadd() { shift; print -rl -- "$@"; }
source <("$KAKEHI" completion zsh)
words=("$KAKEHI" cluster 'remo\\ve' '') CURRENT=4 PREFIX=
_kakehi
PREFIX=--cluster-id=
_kakehi
words[4]="--cluster-id='"
_kakehi || echo nothing`;
  const { lines, made } = await runIn("zsh", ["-f", "-c"], script, server.path);
  assert.deepEqual([lines, made], [[...HOSTILE, ...HOSTILE, "nothing"], []]);
});

test("without a proxy there are commands and options, and silently no ids", async () => {
  assert.deepEqual(await complete("clus", "/nowhere"), { what: "words", candidates: ["cluster"] });
  assert.deepEqual(await complete("cluster remove ", "/nowhere"), { what: "words", candidates: [] });
  assert.deepEqual(await complete("--socket /nowhere state load ", "/"), { what: "files", candidates: [] });
});

test("a proxy that does not answer, or not sensibly, is not waited for", async () => {
  await using silent = await FakeCommandServer.start(() => {});
  assert.deepEqual((await complete("cluster remove ", silent.path)).candidates, []);
  await using odd = await FakeCommandServer.start(answering({ items: [{ cluster_id: 7 }, null], next: 1 }));
  assert.deepEqual((await complete("cluster remove ", odd.path)).candidates, []);
});

test("a real proxy's names are completed where they begin so, however many there are", async (t) => {
  const proxy = await Proxy.start();
  t.after(() => proxy.stop());
  const orders = Array.from({ length: 3_000 }, (_, index) => ({
    type: "ADD_CLUSTER",
    data: { cluster_id: `c${String(index).padStart(4, "0")}` },
  }));
  const cluster = { type: "ADD_CLUSTER", data: { cluster_id: "zoo" } };
  const backends = ["zoo-1", "zoo-2"].map((backend_id, index) => ({
    type: "ADD_BACKEND",
    data: { cluster_id: "zoo", backend_id, address: `127.0.0.1:900${index}` },
  }));
  await proxy.orders.ok("TRANSACTION", { orders: [...orders, cluster, ...backends] });
  const candidatesFor = async (line: string) => (await complete(line, proxy.socketPath)).candidates;
  assert.deepEqual(await candidatesFor("cluster remove zo"), ["zoo"]);
  assert.deepEqual(await candidatesFor("cluster remove zoo"), ["zoo"]);
  assert.deepEqual(await candidatesFor("cluster remove --cluster-id=c299"), [
    ...Array.from({ length: 10 }, (_, digit) => `--cluster-id=c299${digit}`),
  ]);
  assert.deepEqual(await candidatesFor("backend remove zoo "), ["zoo-1", "zoo-2"]);
  assert.deepEqual(await candidatesFor("backend remove zoo zoo-2"), ["zoo-2"]);
  assert.deepEqual(await candidatesFor("workers restart "), ["0"]);
  const many = await candidatesFor("cluster remove c");
  // What is left out shows as an entry that begins like the word, so no shell takes more for common to all.
  assert.deepEqual([many.length, many[0], many.at(-1)], [201, "c0000", "c…"]);
});
