/**
 * HAProxy as master and worker: a reload starts a new worker with the listening sockets of the old one, which
 * stops to accept and ends when its last connection does. Set up as its manual says for reloads that lose
 * nothing: idle connections are closed with their next response, and not at once.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askUntil } from "../../testing/deadline.ts";
import { membersOf } from "../../testing/processes.ts";
import { endProgram, findFreePort, isInstalled, startProgram, waitForPort } from "../processes.ts";
import { PROXY_CORES } from "./load.ts";
import type { Upgradable, UpgradableKind } from "./upgradable.ts";

const READY_MS_MAX = 10_000;

export const haproxyReload: UpgradableKind = {
  name: "haproxy",
  how: "SIGUSR2 to the master: reload (`expose-fd listeners`, `idle-close-on-response`)",
  missing: () => (isInstalled("haproxy") ? undefined : "haproxy is missing: apt-get install haproxy"),
  start,
};

async function start(folder: string, addresses: readonly string[]): Promise<Upgradable> {
  const own = join(folder, "haproxy-reload");
  mkdirSync(own, { recursive: true });
  const port = await findFreePort();
  const path = join(own, "haproxy.cfg");
  writeFileSync(path, configurationOf(own, port, addresses));
  const program = startProgram("haproxy", PROXY_CORES, ["haproxy", "-W", "-db", "-f", path]);
  await waitForPort(port, program);
  return {
    port,
    processes: () => membersOf(program.pid),
    workers: () => membersOf(program.pid).filter((pid) => pid !== program.pid),
    upgrade: async () => {
      const before = new Set(membersOf(program.pid));
      process.kill(program.pid, "SIGUSR2");
      await askUntil(READY_MS_MAX, "a new worker", () => {
        return membersOf(program.pid).some((pid) => !before.has(pid)) || undefined;
      });
    },
    end: () => endProgram(program),
  };
}

function configurationOf(folder: string, port: number, addresses: readonly string[]): string {
  const servers = addresses.map((address, index) => `  server app-${index} ${address}\n`);
  return `
global
  nbthread 2
  maxconn 9000
  stats socket ${folder}/stats.sock mode 600 level admin expose-fd listeners
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  option http-keep-alive
  option idle-close-on-response
  http-reuse always
frontend all
  bind 127.0.0.1:${port} backlog 8192
  default_backend app
backend app
${servers.join("")}`;
}
