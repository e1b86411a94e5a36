/**
 * Kakehi with two workers: main becomes the new program, then the workers are replaced one after the other,
 * while changes of every kind go on.
 */
import { Changes } from "../../testing/changes.ts";
import { freePort, Proxy } from "../../testing/proxy.ts";
import { processesOf, upgradeAll } from "../../testing/witness/proxy-subject.ts";
import { PROXY_CORES } from "./load.ts";
import { publishedProgram } from "../../testing/published.ts";
import type { Upgradable, UpgradableKind } from "./upgradable.ts";

const WORKERS = 2;
const SEED = 20_261_122;

export const kakehiUpgrade: UpgradableKind = {
  name: "kakehi",
  how: "`UPGRADE`: main, then each of two workers",
  missing: () => undefined,
  start,
};

async function start(folder: string, addresses: readonly string[]): Promise<Upgradable> {
  const proxy = await Proxy.start({
    program: publishedProgram(folder),
    io: "uring",
    workers: WORKERS,
    launcher: ["taskset", "-c", PROXY_CORES],
  });
  const port = await proxy.serve("app", [{ id: "first", address: addresses[0]! }]);
  const orders = await proxy.connect();
  const changes = new Changes({
    orders,
    seed: SEED,
    listener: `127.0.0.1:${port}`,
    otherListener: `127.0.0.1:${await freePort()}`,
    cluster: "app",
    addresses,
  });
  return {
    port,
    ...processesOf([proxy]),
    changes,
    upgrade: () => upgradeAll(proxy),
    end: async () => {
      orders.close();
      await proxy.stop();
    },
  };
}
