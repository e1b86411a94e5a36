/**
 * The one upstream behind every contestant: an nginx on the load generator's core that answers with fixed
 * bodies.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endProgram, findFreePort, LOAD_CORE, startProgram, waitForPort } from "./processes.ts";
import { BODIES } from "./workload.ts";

export interface Upstream {
  readonly port: number;
  end(): Promise<void>;
}

/** Starts it with its files below `folder`. */
export async function startUpstream(folder: string): Promise<Upstream> {
  const own = join(folder, "upstream");
  const bodies = join(own, "bodies");
  mkdirSync(bodies, { recursive: true });
  for (const [name, bytes] of Object.entries(BODIES)) {
    writeFileSync(join(bodies, name), `${"x".repeat(bytes - 1)}~`, { mode: 0o644 });
  }
  const port = await findFreePort();
  const path = join(own, "nginx.conf");
  writeFileSync(path, configurationOf(own, port));
  const program = startProgram("upstream", LOAD_CORE, ["nginx", "-c", path, "-p", own, "-g", "daemon off;"]);
  await waitForPort(port, program);
  return { port, end: () => endProgram(program) };
}

function configurationOf(folder: string, port: number): string {
  const small = `${"x".repeat((BODIES["small"] ?? 1) - 1)}~`;
  return `
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  open_file_cache max=16;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port} backlog=8192;
    root ${folder}/bodies;
    location = /small { default_type text/plain; return 200 "${small}"; }
  }
}
`;
}
