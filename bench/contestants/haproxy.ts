/**
 * HAProxy as a careful administrator would set it up for this: one thread, keep-alive on both sides,
 * connections to the upstream shared, routing by a map file, no logs. The descriptor ratios keep it from
 * closing idle connections that the next request needs: with its defaults a thousand clients cost it nearly
 * twice as much.
 */
import { mkdirSync, writeFileSync } from "node:fs";
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

export const haproxy: ContestantKind = {
  name: "haproxy",
  missing: () => (isInstalled("haproxy") ? undefined : "haproxy is missing: apt-get install haproxy"),
  start,
};

async function start(folder: string, upstreamPort: number, wildcard?: Wildcard): Promise<Contestant> {
  const own = join(folder, "haproxy");
  mkdirSync(own, { recursive: true });
  const hosts = Array.from(
    { length: HOST_COUNT },
    (_, index) => `${hostnameOf(index)} ${clusterOf(index)}\n`,
  );
  writeFileSync(join(own, "hosts.map"), hosts.join(""));
  const port = await findFreePort();
  const path = join(own, "haproxy.cfg");
  writeFileSync(path, configurationOf(own, port, upstreamPort, wildcard));
  const program = startProgram("haproxy", PROXY_CORE, ["haproxy", "-db", "-f", path]);
  await waitForPort(port, program);
  return {
    name: "haproxy",
    port,
    workerPids: [program.pid],
    otherPids: [],
    end: () => endProgram(program),
  };
}

function configurationOf(folder: string, port: number, upstreamPort: number, wildcard?: Wildcard): string {
  const scheme = wildcard === undefined ? "http" : "https";
  const tls =
    wildcard === undefined
      ? ""
      : ` ssl crt ${wildcard.bundlePath} alpn http/1.1 ssl-min-ver TLSv1.2 prefer-client-ciphers`;
  const backends = Array.from(
    { length: CLUSTER_COUNT },
    (_, index) =>
      `backend ${clusterOf(index)}\n  server only 127.0.0.1:${upstreamPort} pool-purge-delay 60s\n`,
  );
  return `
global
  nbthread 1
  maxconn 9000
  tune.pool-high-fd-ratio 80
  tune.pool-low-fd-ratio 70
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
  http-reuse always
frontend all
  bind 127.0.0.1:${port} backlog 8192${tls}
  option forwardfor
  http-request set-header X-Forwarded-Proto ${scheme}
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header Forwarded "for=%[src];host=%[req.hdr(host)];proto=${scheme}"
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  use_backend %[req.hdr(host),lower,map(${folder}/hosts.map)]
${backends.join("")}`;
}
