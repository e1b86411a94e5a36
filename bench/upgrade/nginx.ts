/**
 * nginx, by reload (new workers with a new configuration) and by upgrade of its program (a new master beside
 * the old one, which then is asked to leave). Old workers stop to accept, and end with their last connection.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askUntil } from "../../testing/deadline.ts";
import { commandLineOf, membersOf, signal } from "../../testing/processes.ts";
import {
  endProgram,
  findFreePort,
  isInstalled,
  PROXY_CORE,
  startProgram,
  waitForPort,
  type Program,
} from "../processes.ts";
import type { Upgradable, UpgradableKind } from "./upgradable.ts";

const WORKERS = 2;
const READY_MS_MAX = 10_000;

export const nginxReload: UpgradableKind = kindOf("nginx, reload", "SIGHUP to the master: reload", reload);
export const nginxUpgrade: UpgradableKind = kindOf(
  "nginx, upgrade",
  "SIGUSR2 to the master, then SIGQUIT to the old one: upgrade of the program",
  replaceProgram,
);

/** Does it once, by the file that names the master. */
type Upgrade = (pidFile: string, group: number) => Promise<void>;

function kindOf(name: string, how: string, upgrade: Upgrade): UpgradableKind {
  return {
    name,
    how,
    missing: () => (isInstalled("nginx") ? undefined : "nginx is missing: apt-get install nginx-light"),
    start: (folder, addresses) => start(join(folder, name.replace(", ", "-")), addresses, upgrade),
  };
}

async function start(own: string, addresses: readonly string[], upgrade: Upgrade): Promise<Upgradable> {
  mkdirSync(own, { recursive: true });
  const port = await findFreePort();
  const path = join(own, "nginx.conf");
  const pidFile = join(own, "nginx.pid");
  writeFileSync(path, configurationOf(own, port, addresses));
  const program = startProgram("nginx", PROXY_CORE, ["nginx", "-c", path, "-p", own, "-g", "daemon off;"]);
  await waitForPort(port, program);
  const { pid: group } = program;
  return {
    port,
    processes: () => membersOf(group),
    workers: () => workersOf(group),
    upgrade: () => upgrade(pidFile, group),
    end: () => endAllOf(program),
  };
}

async function reload(pidFile: string, group: number): Promise<void> {
  const before = new Set(workersOf(group));
  signal(masterOf(pidFile), "SIGHUP");
  await whenReplaced(before, group);
}

async function replaceProgram(pidFile: string, group: number): Promise<void> {
  const before = new Set(workersOf(group));
  const old = masterOf(pidFile);
  signal(old, "SIGUSR2");
  await whenReplaced(before, group);
  signal(old, "SIGQUIT");
}

function masterOf(pidFile: string): number {
  return Number(readFileSync(pidFile, "utf8"));
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

/** Masters that came later are nobody's children. */
async function endAllOf(program: Program): Promise<void> {
  for (const pid of membersOf(program.pid)) signal(pid, "SIGTERM");
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
