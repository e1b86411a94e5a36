/**
 * A client of the command socket that sends as fast as it can: it always has as many orders on their way as
 * it was told. A program of its own, so that it takes nobody's time but the proxy's:
 *
 * ```text
 * node greedy-client.ts SOCKET 1000
 * ```
 */
import { connect } from "../../src/client/client.ts";

const [socketPath = "", inFlight = ""] = process.argv.slice(2);
const client = await connect(socketPath);
let number = 0;

/** One order after the other, until the process ends. */
async function lane(): Promise<void> {
  for (;;) {
    const data = { cluster_id: "bulk-2", backend_id: "only", weight: 1 + (number++ % 200) };
    await client.send({ type: "UPDATE_BACKEND", data });
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, lane));
