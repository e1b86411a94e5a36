/**
 * nginx, by reload: new workers with a new configuration. Old ones stop to accept, and end with their last
 * connection. The upgrade of its program is not here: while old workers have WebSockets, there is no second.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askUntil } from "../../testing/deadline.ts";
import { commandLineOf, membersOf, signal } from "../../testing/processes.ts";
import {
  endProgram,
  findFreePort,
  isInstalled,
  startProgram,
  waitForPort,
  type Program,
} from "../processes.ts";
import { PROXY_CORES } from "./load.ts";
import type { Upgradable, UpgradableKind } from "./upgradable.ts";

const WORKERS = 2;
const READY_MS_MAX = 10_000;

export const nginxReload: UpgradableKind = {
  name: "nginx",
  how: "SIGHUP to the master: reload",
  missing: () => (isInstalled("nginx") ? undefined : "nginx is missing: apt-get install nginx-light"),
  start,
};

async function start(folder: string, addresses: readonly string[]): Promise<Upgradable> {
  const own = join(folder, "nginx-reload");
  mkdirSync(own, { recursive: true });
  const port = await findFreePort();
  const path = join(own, "nginx.conf");
  writeFileSync(path, configurationOf(own, port, addresses));
  const program = startProgram("nginx", PROXY_CORES, ["nginx", "-c", path, "-p", own, "-g", "daemon off;"]);
  await waitForPort(port, program);
  const { pid: group } = program;
  return {
    port,
    processes: () => membersOf(group),
    workers: () => workersOf(group),
    upgrade: () => reload(group),
    end: () => endAll(program),
  };
}

/** The master leads the group. */
async function reload(group: number): Promise<void> {
  const before = new Set(workersOf(group));
  signal(group, "SIGHUP");
  await whenReplaced(before, group);
}

/** Old ones may end meanwhile. */
async function whenReplaced(before: ReadonlySet<number>, group: number): Promise<void> {
  await askUntil(READY_MS_MAX, "new workers", () => {
    return workersOf(group).filter((pid) => !before.has(pid)).length >= WORKERS || undefined;
  });
}

/** They say what they are, also while they shut down. */
function workersOf(group: number): readonly number[] {
  return membersOf(group).filter((pid) => commandLineOf(pid).startsWith("nginx: worker process"));
}

/** Workers that have connections left do not end with their master. */
async function endAll(program: Program): Promise<void> {
  await endProgram(program);
  for (const pid of membersOf(program.pid)) signal(pid, "SIGKILL");
}

function configurationOf(folder: string, port: number, addresses: readonly string[]): string {
  const servers = addresses.map((address) => `    server ${address};\n`);
  return `
user root;
worker_processes ${WORKERS};
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_wish { default upgrade; "" ""; }
  upstream app {
${servers.join("")}    keepalive 1024;
  }
  server {
    listen 127.0.0.1:${port} backlog=8192;
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      proxy_read_timeout 600;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_wish;
    }
  }
}
`;
}
