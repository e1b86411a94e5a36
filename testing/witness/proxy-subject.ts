/** The real program as a witness sees it: its processes, and an upgrade of all of them. */
import { commandLineOf, membersOf } from "../processes.ts";
import type { Proxy } from "../proxy.ts";
import type { Subject } from "./witness.ts";

const UPGRADE_MS_MAX = 120_000;

/**
 * The processes of proxies that came one after another: workers stay in the group of the main that started
 * them.
 */
export function processesOf(proxies: readonly Proxy[]): Omit<Subject, "upgrade"> {
  const processes = (): readonly number[] => proxies.flatMap(({ pid }) => membersOf(pid));
  return {
    processes,
    workers: () => processes().filter(isWorker),
  };
}

/** `bin/kakehi` is a shell until it has found a Node, with children of its own that look like it. */
function isWorker(pid: number): boolean {
  const command = commandLineOf(pid);
  return command.includes(" --worker ") && !command.startsWith("/bin/sh ");
}

/** `UPGRADE`, to the program that it is: main, then each worker. Rejects unless it is answered `OK`. */
export async function upgradeAll(proxy: Proxy): Promise<void> {
  const order = proxy.orders.send("UPGRADE");
  const answer = await order.final(UPGRADE_MS_MAX);
  if (answer.status === "OK") return;
  const told = order.progress.map(({ message }) => message).join("\n");
  throw new Error(`UPGRADE: ${answer.error?.code} ${answer.message}\n${told}`);
}
