/** What the parts about upgrades and crashes put on a proxy: the same for each. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TrafficSize } from "../../testing/witness/traffic.ts";

export const BACKEND_ID = "app";
/** Each proxy may use both, as on a machine of its own; the load has one of them. */
export const PROXY_CORES = "0,1";
export const CHANGES_PER_SECOND = 50;
/** Between two upgrades. */
export const PAUSE_MS = 500;
/**
 * Downloads are long enough not to fit into the kernel's buffers: some are under way in the proxy at any
 * moment.
 */
export const TRAFFIC: TrafficSize = {
  requestsPerSecond: 1_000,
  websockets: 200,
  messagesPerSecond: 5,
  downloads: 20,
  downloadBytes: 8_000_000,
  downloadBytesPerSecond: 2_000_000,
  resting: 200,
};
/** `TRAFFIC` in words. */
export const TRAFFIC_TEXT: string = `${TRAFFIC.requestsPerSecond} requests/s (half on fresh connections), ${TRAFFIC.websockets} WebSockets, ${TRAFFIC.downloads} slow downloads and ${TRAFFIC.resting} clients that rest`;

const BACKENDS = 2;
const PROGRAM = join(import.meta.dirname, "..", "load", "equal-backends.ts");

/** Runs `body` with backends that all give the same answers. */
export async function withBackends<Value>(
  body: (addresses: readonly string[]) => Promise<Value>,
): Promise<Value> {
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, BACKEND_ID, `${BACKENDS}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  try {
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    return await body(JSON.parse(line) as readonly string[]);
  } finally {
    child.stdin.end();
    await ended;
  }
}
