/**
 * Proxies that come one after another: a main that is killed, and the one that takes its workers over.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whenGone } from "../../testing/processes.ts";
import { Proxy, type ProxyOptions } from "../../testing/proxy.ts";
import { TIMEOUT_MS } from "./support.ts";

/** Starts proxies one after another on the same socket and state, and ends what is left of all. */
export async function withRestarts(
  body: (start: (options?: ProxyOptions) => Promise<Proxy>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-adoption-"));
  const started: Proxy[] = [];
  const start = async (options: ProxyOptions = {}): Promise<Proxy> => {
    const args = ["--state", join(folder, "state"), ...(options.args ?? [])];
    const proxy = await Proxy.start({ workers: 2, ...options, folder, args });
    started.push(proxy);
    return proxy;
  };
  try {
    await body(start, folder);
  } catch (error) {
    const outputs = started.map(({ output }) => output).join("--- the next one\n");
    throw new Error(`${String(error)}\n--- the proxies wrote\n${outputs}`, { cause: error });
  } finally {
    await Promise.all(started.map((proxy) => proxy.discard()));
    await rm(folder, { recursive: true, force: true });
  }
}

/** `kill -9` of main, and nothing else. */
export async function killMain(proxy: Proxy): Promise<void> {
  proxy.kill("SIGKILL");
  await whenGone([proxy.pid], TIMEOUT_MS);
}
