/**
 * `npm run bench`: Kakehi beside HAProxy and nginx, in one run, on this machine, loopback only. Writes a
 * Markdown table. Every part is bounded in time, and every process that it starts is ended by its id.
 *
 * It runs without V8's threads (`--single-threaded`, in package.json): clients that measure live in this
 * process, and where such a thread was put aside while it held the queue's lock, all of them waited for up to
 * 80 ms, which looked like the proxy's doing.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { haproxy } from "./contestants/haproxy.ts";
import { kakehiNode, kakehiUring } from "./contestants/kakehi.ts";
import { nginx } from "./contestants/nginx.ts";
import { describeMachine, isQuiet, waitForQuiet } from "./machine.ts";
import { parseBenchOptions, USAGE, type BenchOptions } from "./options.ts";
import { listConnectionsPart } from "./parts/list-connections.ts";
import { controlPart } from "./parts/control.ts";
import { COST_PARTS } from "./parts/cost.ts";
import { crashesPart } from "./parts/crashes.ts";
import { handOverPart } from "./parts/hand-over.ts";
import { historyPart } from "./parts/history.ts";
import { idlePart } from "./parts/idle.ts";
import { latencyPart } from "./parts/latency.ts";
import { memoryPart } from "./parts/memory.ts";
import { ordersPart } from "./parts/orders.ts";
import type { Part, Surroundings } from "./parts/part.ts";
import { startPart } from "./parts/start.ts";
import { tlsCertificatesPart } from "./parts/tls-certificates.ts";
import { HANDSHAKE_PARTS } from "./parts/tls-handshakes.ts";
import { tlsIdlePart } from "./parts/tls-idle.ts";
import { tlsReplacementsPart } from "./parts/tls-replacements.ts";
import { transactionsPart } from "./parts/transactions.ts";
import { upgradePart } from "./parts/upgrade.ts";
import { endAll, isInstalled, LOAD_CORE } from "./processes.ts";
import { formatSection, type Section } from "./section.ts";
import { PROJECT_FOLDER } from "../tools/tracked-files.ts";
import { startUpstream } from "./upstream.ts";

const PARTS: readonly Part[] = [
  ...COST_PARTS,
  ...HANDSHAKE_PARTS,
  ...[latencyPart, ordersPart, memoryPart, startPart, idlePart],
  ...[transactionsPart, controlPart, historyPart, listConnectionsPart],
  ...[tlsCertificatesPart, tlsReplacementsPart, tlsIdlePart],
  ...[upgradePart, handOverPart, crashesPart],
];
const CONTESTANTS = [kakehiUring, kakehiNode, haproxy, nginx];
/** Where Debian puts daemons, and where users do not look. */
process.env["PATH"] = `${process.env["PATH"]}:/usr/sbin:/sbin`;
const OUTPUT_NOTE = "<!-- Written by `npm run bench`. -->";

const parsed = parseBenchOptions(process.argv.slice(2), {
  parts: PARTS.map((part) => part.name),
  contestants: CONTESTANTS.map((contestant) => contestant.name),
});
if (typeof parsed === "string") {
  console.error(`${parsed}\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  process.exitCode = await run(parsed);
}

async function run(options: BenchOptions): Promise<number> {
  const contestants = CONTESTANTS.filter((kind) => options.contestants.includes(kind.name));
  const missing = [
    ...contestants.map((kind) => kind.missing()),
    options.parts.includes("latency") ? haproxy.missing() : undefined,
    isInstalled("wrk") ? undefined : "wrk is missing: apt-get install wrk",
    isInstalled("nginx") ? undefined : "nginx, the upstream, is missing: apt-get install nginx-light",
    options.parts.some((part) => part.startsWith("tls-")) && !isInstalled("openssl")
      ? "openssl, which makes the certificates, is missing: apt-get install openssl"
      : undefined,
    isInstalled("taskset") ? undefined : "taskset is missing: apt-get install util-linux",
  ].filter((text) => text !== undefined);
  if (missing.length > 0) {
    for (const text of new Set(missing)) console.error(text);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), "kakehi-bench-"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      endAll();
      process.exit(1);
    });
  }
  spawnSync("taskset", ["-cp", String(LOAD_CORE), String(process.pid)]);
  try {
    const sections = await runParts(folder, options, contestants);
    return report(sections, options);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runParts(
  folder: string,
  options: BenchOptions,
  contestants: Surroundings["contestants"],
): Promise<readonly Section[]> {
  const sections: Section[] = [];
  for (const part of PARTS.filter(({ name }) => options.parts.includes(name))) {
    sections.push(await runPart(part, folder, options, contestants));
  }
  return sections;
}

/** A part that fails is one goal missed: what the others found is not lost with it. */
async function runPart(
  part: Part,
  folder: string,
  options: BenchOptions,
  contestants: Surroundings["contestants"],
): Promise<Section> {
  try {
    const { port: upstreamPort } = await startUpstream(folder);
    const tell = (text: string): void => console.error(text);
    const waitForQuiet = (): Promise<void> => insistOnQuiet(options);
    return await part.run({ folder, upstreamPort, options, contestants, tell, waitForQuiet });
  } catch (error) {
    const measured = error instanceof Error ? error.message : String(error);
    console.error(`${part.name}: ${measured}`);
    const goals = [{ text: "the part comes to its end", measured, met: false }];
    return { title: part.name, how: "", head: [], rows: [], goals };
  } finally {
    endAll();
  }
}

async function insistOnQuiet(options: BenchOptions): Promise<void> {
  if (options.busy) return;
  const share = await waitForQuiet();
  if (isQuiet(share)) return;
  throw new Error(
    `others use ${share.toFixed(2)} of a core; wait until the machine is quiet, or give --busy`,
  );
}

/** Prints the result, writes it where that was asked for; the exit code says whether every goal is met. */
function report(sections: readonly Section[], options: BenchOptions): number {
  const command = `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim().replace(/ --$/, "");
  const head = [
    OUTPUT_NOTE,
    "# Results",
    `${new Date().toISOString().slice(0, 10)}, \`${command}\`${options.busy ? ", on a machine that others used too" : ""}`,
    describeMachine()
      .map((line) => `- ${line}`)
      .join("\n"),
    `One worker each, pinned to one core; wrk and the upstream (nginx) on the other. Request heads of about 600 bytes, 1,000 hostnames in turn, routed to 10 clusters. Every contestant adds X-Forwarded-For, -Proto, -Port, -Host, Forwarded and X-Request-Id.`,
  ];
  const text = `${[...head, ...sections.map(formatSection)].join("\n\n")}\n`;
  console.log(text);
  if (options.output !== "") writeFileSync(join(PROJECT_FOLDER, options.output), text);
  return sections.every((section) => section.goals.every((goal) => goal.met)) ? 0 : 1;
}
