/**
 * Two tiny backends for `kakehi run --demo`, in a process of their own: no client's traffic passes through
 * main. It writes its ports as one line of JSON, and ends when its standard input does, so that it never
 * outlives main.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const NAMES = ["demo-1", "demo-2"];

const servers = await Promise.all(NAMES.map((name) => listen(name)));
const backends = servers.map((server, index) => ({
  backend_id: NAMES[index],
  address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
}));
process.stdout.write(`${JSON.stringify(backends)}\n`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
process.stdin.on("end", () => process.exit(0)).resume();

function listen(name: string): Promise<Server> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/plain; charset=utf-8");
    response.end(`hello from ${name}, you asked for ${request.method} ${request.url}\n`);
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
