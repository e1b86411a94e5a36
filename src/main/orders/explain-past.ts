/**
 * `EXPLAIN` with `at`: where a request would have gone. A worker decides it among the frontends of then, as
 * it would have; what only the present has, whether backends are up, is not told.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import type { ExplainData } from "../../model/answer-data.ts";
import type { OrderError } from "../../model/errors.ts";
import type { Backend, Cluster, Frontend } from "../../model/objects.ts";
import type { OrderData } from "../../model/orders.ts";
import { clusterWithoutKey } from "../../model/secrets.ts";
import { frontendsFor, type StateView } from "../../model/undone.ts";
import type { Control } from "../control.ts";
import { type Explained, type Explanation, hostOf, messageOf, pathOf, routeData } from "./explain.ts";
import { withPast } from "./past.ts";

type Question = OrderData["EXPLAIN"] & { readonly at: number };

/** What a request could have met. */
interface Candidates {
  readonly frontends: readonly Frontend[];
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly backends: readonly Backend[];
}

export async function explainPast(control: Control, question: Question): Promise<Explained> {
  const { listener, method, at } = question;
  const request = { listener, host: hostOf(question.host), path: pathOf(question.path) };
  const past = await withPast(control, at, (view) => candidatesOf(view, request, at));
  const candidates = past.ok ? past.value : past;
  if (!candidates.ok) return candidates;
  const { frontends, clusters, backends } = candidates.value;
  const [answer] = (await control.workers.ask({ kind: "explain", ...request, method, frontends })).values();
  if (answer === undefined) return fail({ code: "WORKER_FAILED", message: "no worker answered; try again" });
  const { chosen } = answer as Explanation;
  const cluster = clusters.get(chosen?.cluster_id ?? "");
  const data: ExplainData = {
    at,
    ...routeData(answer as Explanation, []),
    cluster: cluster === undefined ? null : clusterWithoutKey(cluster),
    certificate: null,
    backends: backends
      .filter(({ cluster_id }) => cluster_id === cluster?.cluster_id)
      .map(({ backend_id, address, weight, backup }) => {
        return { backend_id, address, state: "past", connections: 0, idle: 0, weight, backup };
      }),
  };
  return ok({ message: `at revision ${at}: ${messageOf(chosen, cluster !== undefined)}`, data });
}

function candidatesOf(
  view: StateView,
  request: { readonly listener: string; readonly host: string; readonly path: string },
  at: number,
): Result<Candidates, OrderError> {
  const { listener } = request;
  if (!view.listeners.has(listener)) {
    const message = `there was no listener ${listener} at revision ${at}`;
    return fail({ code: "UNKNOWN_LISTENER", message, field: "data.listener" });
  }
  const frontends = frontendsFor(view, request);
  const clusters = new Map<string, Cluster>();
  for (const { cluster_id: id = "" } of frontends) {
    const cluster = view.clusters.get(id);
    if (cluster !== undefined) clusters.set(id, cluster);
  }
  const backends = [...view.backends.values()].filter(({ cluster_id }) => clusters.has(cluster_id));
  return ok({ frontends, clusters, backends });
}
