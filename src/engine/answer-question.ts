/**
 * Answers main's questions from the live configuration: what uses an object now, which rule takes a request,
 * how backends are. Plain data; nothing is changed.
 */
import { assertNever } from "../base/assert.ts";
import { isDown } from "../balancing/rest.ts";
import type { BackendStatus, EngineQuestion } from "../model/channel.ts";
import { Router } from "../routing/router.ts";
import type { DrainKind, Frontend } from "../model/objects.ts";
import { splitKey } from "../model/keys.ts";
import type { BackConnection } from "./back-connection.ts";
import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";
import { gaugesOf } from "./gauges.ts";
import { closeConnections, listConnections } from "./list-connections.ts";
import type { HealthChecks } from "./health-checks.ts";
import type { BackendRuntime } from "./runtime/backend.ts";
import type { WorkerDrain } from "./worker-drain.ts";

export function answerQuestion(
  core: Core,
  configuration: Configuration,
  healthChecks: HealthChecks,
  workerDrain: WorkerDrain,
  question: EngineQuestion,
): unknown {
  switch (question.kind) {
    case "uses":
      return question.objects.map((object) => usesOf(configuration, object.kind, object.key));
    case "explain": {
      const { listener, host, path, method, frontends } = question;
      const router = frontends ? routerOf(frontends) : configuration.listeners.get(listener)?.router;
      return router?.explain(host, path, method);
    }
    case "certificate": {
      const tls = configuration.listeners.get(question.listener)?.tls;
      return tls && core.tls?.server.explain(tls, question.host, core.epochMs + core.now);
    }
    case "backends":
      return statusesOf(configuration, healthChecks, question.cluster_id, core.now);
    case "connections":
      return listConnections(core, question.filter, question.from, question.limit);
    case "close-connections":
      return closeConnections(core, question.filter, question.from, question.reset);
    case "drain-worker":
      return workerDrain.begin(question);
    case "undrain-worker":
      return workerDrain.end();
    case "gauges":
      return gaugesOf(core, configuration);
    default:
      return assertNever(question);
  }
}

/** A router of its own, for rules that are not the present ones. */
function routerOf(frontends: readonly Frontend[]): Router {
  const router = new Router();
  for (const frontend of frontends) router.add(frontend);
  return router;
}

function usesOf(configuration: Configuration, kind: DrainKind, key: string): number {
  switch (kind) {
    case "worker":
      return configuration.sessionCount;
    case "listener":
      return configuration.listeners.get(key)?.use.count ?? 0;
    case "cluster":
      return configuration.findCluster(key)?.use.count ?? 0;
    case "backend": {
      const [clusterId, backendId] = splitKey(key);
      return configuration.findCluster(clusterId)?.findBackend(backendId)?.use.count ?? 0;
    }
    case "certificate": {
      const [listener, fingerprint] = splitKey(key);
      return configuration.listeners.get(listener)?.tls?.certificates.get(fingerprint)?.use.count ?? 0;
    }
    case "frontend":
      return 0;
    default:
      return assertNever(kind);
  }
}

function statusesOf(
  configuration: Configuration,
  healthChecks: HealthChecks,
  clusterId: string,
  now: number,
): BackendStatus[] {
  const cluster = configuration.findCluster(clusterId);
  if (cluster === undefined) return [];
  const choices = new Set(cluster.choices(now));
  return cluster.backends.map((backend) => {
    const stickyId = cluster.stickyIdOf(backend);
    const reason = healthChecks.findReason(backend);
    return {
      ...statusOf(backend, reason, now),
      ...(stickyId !== undefined && { sticky_id: stickyId }),
      weight: backend.weight,
      backup: backend.backup,
      eligible: choices.has(backend),
    };
  });
}

function statusOf(
  backend: BackendRuntime<BackConnection>,
  reason: string | undefined,
  now: number,
): BackendStatus {
  return {
    backend_id: backend.configuration.backend_id,
    address: backend.configuration.address,
    state: stateOf(backend, now),
    ...(reason !== undefined && { reason }),
    connections: backend.use.count,
    idle: backend.idleCount,
  };
}

function stateOf(backend: BackendRuntime<BackConnection>, now: number): BackendStatus["state"] {
  if (backend.isLeaving) return "draining";
  if (isDown(backend)) return "down";
  return backend.restsUntilMs > now ? "resting" : "up";
}
