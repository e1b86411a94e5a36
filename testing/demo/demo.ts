/**
 * `npm run demo`: the proxy under a fixed load, half on fresh and half on kept-alive connections, while
 * backends, routes and clusters come, change and go for 20 seconds. One live line, one verdict; exit code 1
 * if anything was lost.
 */
import { parseArgs } from "node:util";
import { HttpBackend } from "../backends/http-backend.ts";
import { echoOf } from "../backends/responders.ts";
import { Changes } from "../changes.ts";
import { Load, type LoadRequest } from "../clients/load.ts";
import { freePort, Proxy } from "../proxy.ts";

const BACKENDS = 3;
const LINE_MS = 200;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "1000" },
    changes: { type: "string", default: "25" },
    workers: { type: "string", default: "2" },
  },
});

process.exitCode = await demonstrate();

async function demonstrate(): Promise<number> {
  const backends = await Promise.all(
    Array.from({ length: BACKENDS }, () => HttpBackend.start({ id: "app" })),
  );
  const proxy = await Proxy.start({ workers: Number(values.workers) });
  const interrupted = Promise.withResolvers<void>();
  process.once("SIGINT", () => interrupted.resolve());
  try {
    const port = await proxy.serve("app", [{ id: "first", address: backends[0]!.address }]);
    console.log(
      `proxy on http://127.0.0.1:${port}/, pid ${proxy.pid}, ${values.workers} workers, ${BACKENDS} backends`,
    );
    const orders = await proxy.connect();
    const otherListener = `127.0.0.1:${await freePort()}`;
    const addresses = backends.map(({ address }) => address);
    const changes = new Changes({
      orders,
      seed: 1,
      listener: `127.0.0.1:${port}`,
      otherListener,
      cluster: "app",
      addresses,
    });
    const load = new Load({ port, ratePerSecond: Number(values.rate), request: echoRequest });
    const line = setInterval(() => showLine(changes, load), LINE_MS);
    const durationMs = Number(values.seconds) * 1_000;
    await Promise.race([changes.run({ durationMs, perSecond: Number(values.changes) }), interrupted.promise]);
    await load.stop();
    clearInterval(line);
    orders.close();
    return conclude(changes, load);
  } finally {
    await proxy.stop();
    await Promise.all(backends.map((backend) => backend.stop()));
  }
}

function echoRequest(number: number): LoadRequest {
  const target = `/echo/${number}`;
  const wanted = echoOf("app", { method: "GET", target, body: Buffer.alloc(0) });
  return {
    host: "app.example",
    target,
    check: ({ status, body }) => {
      const text = body.toString();
      return status === 200 && text === wanted ? undefined : `${status} ${text}`;
    },
  };
}

function lineOf(changes: Changes, load: Load): string {
  const figure = (count: number): string => count.toLocaleString("en").replaceAll(",", "\u202f");
  return `changes done ${figure(changes.done)} · requests sent ${figure(load.report.sent)} · requests lost ${figure(load.faults.count)}`;
}

function showLine(changes: Changes, load: Load): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K${lineOf(changes, load)}`);
}

function conclude(changes: Changes, load: Load): number {
  console.log(`${process.stdout.isTTY ? "\r\u001b[2K" : ""}${lineOf(changes, load)}`);
  const wrong = load.faults.count + changes.refused.length;
  if (load.faults.count > 0) console.log(load.faults.summary());
  for (const refusal of changes.refused) console.log(`  refused: ${refusal}`);
  console.log(wrong === 0 ? "Nothing was lost." : "Something was lost: that is a defect, please report it.");
  return wrong === 0 ? 0 : 1;
}
