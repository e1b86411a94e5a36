/**
 * Asks backends that are not configured whether they would serve a cluster, once each and all at once: by a
 * health check on the cluster's terms, or where it has none, by connecting on its terms. Nothing is changed.
 */
import { parseAddress } from "../base/address.ts";
import { assert, assertNever } from "../base/assert.ts";
import type { BackendsTrial, TrialResults } from "../model/channel.ts";
import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";
import { type CheckedTarget, type CheckResult, HealthCheck } from "./health-check.ts";
import { ClusterTls } from "./tls/cluster-tls.ts";

const NO_CONNECTION = "the worker has no connection free to ask";

/** Tells once, when each has answered or failed, or at once if there is nobody to ask. */
export function tryBackends(
  core: Core,
  configuration: Configuration,
  { cluster_id: clusterId, addresses, timeout_ms: timeoutMs }: BackendsTrial,
  tell: (results: TrialResults) => void,
): void {
  const cluster = configuration.findCluster(clusterId)?.configuration;
  if (cluster === undefined) return tell(addresses.map(() => `cluster ${clusterId} is gone`));
  const tls = cluster.tls && new ClusterTls(cluster.tls);
  const { path, status, timeout_ms: ownTimeoutMs = timeoutMs } = cluster.health_check ?? {};
  const terms = {
    timeout_ms: Math.min(timeoutMs, ownTimeoutMs),
    ...(path !== undefined && { path }),
    ...(status !== undefined && { status }),
  };
  const results: (string | null)[] = addresses.map(() => null);
  let left = addresses.length;
  const ended = (index: number, result: string | null): void => {
    results[index] = result;
    if (--left > 0) return;
    tls?.remove();
    tell(results);
  };
  for (const [index, address] of addresses.entries()) {
    const parsed = parseAddress(address);
    assert(parsed !== undefined, "a backend has a valid address");
    const announcedAs = cluster.send_proxy_protocol;
    const target: CheckedTarget = { address, terms, announcedAs, tls, backend: { address: parsed } };
    const connection = core.connect(parsed);
    if (connection === -1) ended(index, NO_CONNECTION);
    else new HealthCheck(core, connection, target, (result) => ended(index, reasonOf(result)));
  }
}

function reasonOf(result: CheckResult): string | null {
  switch (result.kind) {
    case "passed":
      return null;
    case "failed":
      return result.reason;
    case "not-made":
      return NO_CONNECTION;
    default:
      return assertNever(result);
  }
}
