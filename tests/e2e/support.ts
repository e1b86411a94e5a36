/**
 * What the end-to-end tests share: a proxy and backends for the length of a test, and a single strict
 * request.
 */
import assert from "node:assert/strict";
import { HttpBackend, type BackendOptions } from "../../testing/backends/http-backend.ts";
import { echoOf } from "../../testing/backends/responders.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import type { LoadRequest } from "../../testing/clients/load.ts";
import type { Response } from "../../testing/http/response.ts";
import { Proxy, type IoName, type ProxyOptions } from "../../testing/proxy.ts";

/** Both implementations that carry real traffic. */
export const IOS: readonly IoName[] = ["uring", "node"];
export const TIMEOUT_MS = 10_000;

/** Runs `body` with a proxy; ends it, and says what it wrote when the test fails. */
export async function withProxy(options: ProxyOptions, body: (proxy: Proxy) => Promise<void>): Promise<void> {
  const proxy = await Proxy.start(options);
  try {
    await body(proxy);
  } catch (error) {
    await proxy.discard();
    throw new Error(`${String(error)}\n--- the proxy wrote\n${proxy.output}`, { cause: error });
  }
  await proxy.stop();
}

/** Runs `body` with so many backends, named `app-1`, `app-2`, … */
export async function withBackends(
  count: number,
  body: (...backends: HttpBackend[]) => Promise<void>,
  options: BackendOptions = {},
): Promise<void> {
  const start = (_: unknown, index: number): Promise<HttpBackend> =>
    HttpBackend.start({ id: `app-${index + 1}`, ...options });
  const backends = await Promise.all(Array.from({ length: count }, start));
  try {
    await body(...backends);
  } finally {
    await Promise.all(backends.map((backend) => backend.stop()));
  }
}

/** A proxy with one cluster `app` behind a listener; `body` gets the port and the backends. */
export async function withApp(
  options: ProxyOptions & { readonly backends?: number },
  body: (proxy: Proxy, port: number, backends: readonly HttpBackend[]) => Promise<void>,
): Promise<void> {
  await withBackends(options.backends ?? 1, async (...backends) => {
    await withProxy(options, async (proxy) => {
      const port = await proxy.serve(
        "app",
        backends.map(({ id, address }) => ({ id, address })),
      );
      await body(proxy, port, backends);
    });
  });
}

/** One request on a connection of its own. */
export async function fetchOnce(
  port: number,
  target: string,
  host = "a.example",
  method = "GET",
): Promise<Response> {
  const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
  try {
    const bytes = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    return await connection.exchange({ method, bytes, timeoutMs: TIMEOUT_MS });
  } finally {
    connection.close();
  }
}

/** One request on a connection that stays open. */
export function exchangeOn(
  connection: HttpConnection,
  target: string,
  host = "a.example",
): Promise<Response> {
  return connection.exchange({
    method: "GET",
    bytes: `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    timeoutMs: TIMEOUT_MS,
  });
}

/** Which backend answered. */
export function backendOf(response: Response): string {
  return response.body.toString().split(" ", 1)[0]!;
}

/** The requests of a load on backends that are all called `id`; each answer must be its own. */
export function echoRequest(id: string): (number: number) => LoadRequest {
  return (number) => {
    const target = `/echo/${number}`;
    const wanted = echoOf(id, { method: "GET", target, body: Buffer.alloc(0) });
    return {
      host: "a.example",
      target,
      check: ({ status, body }) =>
        status === 200 && body.toString() === wanted ? undefined : `${status} ${body.toString()}`,
    };
  };
}

/** Fails with the first faults unless there were none. */
export function assertNoFaults(log: { readonly count: number; summary(): string }): void {
  assert.equal(log.count, 0, log.summary());
}
