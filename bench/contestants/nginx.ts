/**
 * nginx as a careful administrator would set it up for this: one worker, keep-alive on both sides, routing by
 * a map, no logs, no temporary files.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  endProgram,
  findFreePort,
  isInstalled,
  PROXY_CORE,
  startProgram,
  waitForPort,
} from "../processes.ts";
import type { Wildcard } from "../certificates/wildcard.ts";
import { CLUSTER_COUNT, clusterOf, HOST_COUNT, hostnameOf } from "../workload.ts";
import type { Contestant, ContestantKind } from "./contestant.ts";

export const nginx: ContestantKind = {
  name: "nginx",
  missing: () => (isInstalled("nginx") ? undefined : "nginx is missing: apt-get install nginx-light"),
  start,
};

async function start(folder: string, upstreamPort: number, wildcard?: Wildcard): Promise<Contestant> {
  const own = join(folder, "nginx");
  mkdirSync(own, { recursive: true });
  const port = await findFreePort();
  const path = join(own, "nginx.conf");
  writeFileSync(path, configurationOf(own, port, upstreamPort, wildcard));
  const program = startProgram("nginx", PROXY_CORE, ["nginx", "-c", path, "-p", own, "-g", "daemon off;"]);
  await waitForPort(port, program);
  return {
    name: "nginx",
    port,
    workerPids: childrenOf(program.pid),
    otherPids: [program.pid],
    end: () => endProgram(program),
  };
}

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").map(Number);
}

function configurationOf(folder: string, port: number, upstreamPort: number, wildcard?: Wildcard): string {
  const hosts = Array.from(
    { length: HOST_COUNT },
    (_, index) => `    ${hostnameOf(index)} ${clusterOf(index)};\n`,
  );
  const upstreams = Array.from(
    { length: CLUSTER_COUNT },
    (_, index) =>
      `  upstream ${clusterOf(index)} {\n    server 127.0.0.1:${upstreamPort};\n` +
      `    keepalive 1024;\n    keepalive_requests 1000000000;\n    keepalive_timeout 600;\n  }\n`,
  );
  return `
user root;
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 600;
  keepalive_requests 1000000000;
  map_hash_max_size 8192;
  map_hash_bucket_size 128;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_host $cluster {
${hosts.join("")}  }
${upstreams.join("")}
  server {
    listen 127.0.0.1:${port} backlog=8192${wildcard === undefined ? "" : " ssl"};
${tlsOf(wildcard)}    location / {
      proxy_pass http://$cluster;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Forwarded "for=$remote_addr;host=$http_host;proto=$scheme";
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
`;
}

function tlsOf(wildcard: Wildcard | undefined): string {
  if (wildcard === undefined) return "";
  return `    ssl_certificate ${wildcard.certificatePath};
    ssl_certificate_key ${wildcard.keyPath};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers off;
`;
}
