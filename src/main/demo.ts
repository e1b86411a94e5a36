/**
 * What `kakehi run --demo` serves: a listener on 127.0.0.1:8080 and a cluster of two backends, which run in a
 * small process of their own. Made by orders, like everything else.
 */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fail, ok, type Result } from "../base/result.ts";
import { descriptorOf } from "../io/node-descriptors.ts";
import { parseOrderBody } from "../model/catalogue/parse-order.ts";
import { isChangeOrder, type ChangeOrder } from "../model/orders.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import { entryPath } from "./program-files.ts";

const DEMO_LISTENER = "127.0.0.1:8080";
const DEMO_CLUSTER = "demo";

export interface DemoBackends {
  /** The orders that make the demo, whatever of an earlier one is left in the state. */
  readonly orders: readonly ChangeOrder[];
  /** The backends live as long as it is open. */
  readonly fd: number;
  /** Ends the backends. */
  stop(): void;
}

/** Goes on with the backends of the program that we were. */
export function inheritDemoBackends(fd: number): DemoBackends {
  return { orders: [], fd, stop: () => closeDescriptor(fd) };
}

/** Starts the backends. The error is a sentence for the user. */
export function startDemoBackends(): Promise<Result<DemoBackends, string>> {
  const child = spawn(process.execPath, [entryPath("main/demo-backends")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(fail(`the demo's backends did not start: ${error.message}`)));
    child.once("exit", (code) => resolve(fail(`the demo's backends ended with ${code}`)));
    createInterface(child.stdout).once("line", (line) => {
      const backends = JSON.parse(line) as readonly DemoBackend[];
      const fd = descriptorOf(child.stdin as unknown as Socket);
      resolve(ok({ orders: ordersFor(backends), fd, stop: () => child.stdin.end() }));
    });
  });
}

interface DemoBackend {
  readonly backend_id: string;
  readonly address: string;
}

function ordersFor(backends: readonly DemoBackend[]): readonly ChangeOrder[] {
  const cluster_id = DEMO_CLUSTER;
  return [
    order("ADD_LISTENER", { address: DEMO_LISTENER, protocol: "http" }),
    order("ADD_CLUSTER", { cluster_id }),
    ...backends.flatMap(({ backend_id, address }) => [
      order("REMOVE_BACKEND", { cluster_id, backend_id, drain: { wait: false } }),
      order("ADD_BACKEND", { cluster_id, backend_id, address }),
    ]),
    order("ADD_FRONTEND", { listener: DEMO_LISTENER, hostname: "*", cluster_id }),
  ];
}

function order(type: string, data: object): ChangeOrder {
  const parsed = parseOrderBody(type, data);
  if (!parsed.ok || !isChangeOrder(parsed.value)) throw new TypeError(`the demo's ${type} is no order`);
  return parsed.value;
}
