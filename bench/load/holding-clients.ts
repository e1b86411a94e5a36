/**
 * Clients that were answered once, and hold their connections. A program of its own, from an address of its
 * own (127.0.0.0/8), so that no one program needs all the ports and descriptors:
 *
 * ```text
 * node holding-clients.ts 8080 12500 127.0.0.2
 * ```
 *
 * It holds them until it is ended.
 */
import { createConnection } from "node:net";
import { hostnameOf, requestHeadOf } from "../workload.ts";

const AT_ONCE = 50;
const [port = "", count = "", localAddress = ""] = process.argv.slice(2);
const request = requestHeadOf(hostnameOf(0), "/small");

/** Fulfilled with the first bytes of its answer. */
function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port: Number(port), localAddress });
    const lost = (): void => reject(new Error("a connection was lost"));
    socket.once("error", lost).once("close", lost);
    socket.on("data", () => resolve());
    socket.write(request);
  });
}

for (let left = Number(count); left > 0; left -= AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, open));
