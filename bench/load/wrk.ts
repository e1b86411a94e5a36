/**
 * Load as fast as it goes, by wrk on the load core, with each request for the next hostname. Closed loop: it
 * says how much a proxy costs per request, and nothing about latency.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST_COUNT, hostnameOf, requestHeadOf, type Load } from "../workload.ts";
import { outputOf } from "./program-output.ts";

/** What wrk counted. */
export interface WrkResult {
  readonly requests: number;
  readonly faults: number;
  readonly seconds: number;
}

/** Runs wrk for `seconds` against a local port. */
export async function runWrk(folder: string, port: number, load: Load, seconds: number): Promise<WrkResult> {
  const script = join(folder, `wrk-${load.path.replaceAll("/", "")}.lua`);
  writeFileSync(script, scriptFor(load.path));
  const url = `${load.scheme}://127.0.0.1:${port}${load.path}`;
  const command = ["wrk", "-t1", `-c${load.connections}`, `-d${seconds}s`, "-s", script, url];
  const output = await outputOf(command, seconds);
  const line = /^RESULT (\d+) (\d+) (\d+)$/m.exec(output);
  if (line === null) throw new Error(`wrk said:\n${output}`);
  return { requests: Number(line[1]), faults: Number(line[2]), seconds: Number(line[3]) / 1e6 };
}

/** All requests are made before the load begins, so that wrk costs little while it runs. */
function scriptFor(path: string): string {
  const requests = Array.from(
    { length: HOST_COUNT },
    (_, index) => `r[${index + 1}] = ${JSON.stringify(requestHeadOf(hostnameOf(index), path))}\n`,
  );
  return `local r = {}
${requests.join("")}
local i = 0
request = function()
  i = i + 1
  if i > ${HOST_COUNT} then i = 1 end
  return r[i]
end
done = function(summary)
  local e = summary.errors
  local faults = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, faults, summary.duration))
end
`;
}
