/**
 * Objects that came over a channel or out of a file, made to share what many of them have in common: the
 * default path, the empty tags, the texts that name other objects. With 100,000 applications that is a tenth
 * of a worker's memory. What an object says is the same before and after.
 */
import type { Change } from "./channel.ts";
import { PATH_DEFAULT, TAGS_DEFAULT } from "./defaults.ts";
import type { Backend, Frontend } from "./objects.ts";
import type { State } from "./state.ts";

/** The change with its new object sharing what `state` already holds. */
export function sharing(change: Change, state: State): Change {
  if (change.after === undefined) return change;
  if (change.kind === "frontend")
    return { ...change, after: sharedFrontend(change.after as Frontend, state) };
  if (change.kind === "backend") return { ...change, after: sharedBackend(change.after as Backend, state) };
  return change;
}

function sharedFrontend(frontend: Frontend, state: State): Frontend {
  const { listener, cluster_id: clusterId, path, tags } = frontend;
  const isDefaultPath = "prefix" in path && path.prefix === "/";
  const cluster =
    clusterId === undefined ? undefined : (state.clusters.get(clusterId)?.cluster_id ?? clusterId);
  return {
    ...frontend,
    listener: state.listeners.get(listener)?.address ?? listener,
    path: isDefaultPath ? PATH_DEFAULT : path,
    ...(cluster !== undefined && { cluster_id: cluster }),
    tags: Object.keys(tags).length === 0 ? TAGS_DEFAULT : tags,
  };
}

function sharedBackend(backend: Backend, state: State): Backend {
  return { ...backend, cluster_id: state.clusters.get(backend.cluster_id)?.cluster_id ?? backend.cluster_id };
}
