/**
 * `EXPLAIN`: where a request would go. The rule is asked of the workers, who decide it for real; backends'
 * states are merged from all of them.
 */
import { certificateKey } from "../../model/keys.ts";
import { certificateSummary, clusterWithoutKey } from "../../model/secrets.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { unknownListener } from "../../model/apply/verdict.ts";
import type { ExplainData, ExplainedCertificate, NearFrontend } from "../../model/answer-data.ts";
import type { BackendStatus, CertificateChoice } from "../../model/channel.ts";
import type { OrderError } from "../../model/errors.ts";
import type { Frontend } from "../../model/objects.ts";
import { type AskedHost, findNearHosts } from "../../model/near-hosts.ts";
import type { OrderData } from "../../model/orders.ts";
import type { State } from "../../model/state.ts";
import type { Control } from "../control.ts";
import type { WorkerAnswers } from "../workers/questions.ts";

/** What a worker answers. One of a version before this does not tell every part. */
export interface Explanation {
  readonly chosen?: Frontend;
  readonly because?: string;
  readonly nearly: readonly (Pick<NearFrontend, "frontend" | "failed"> & { readonly why: string })[];
  readonly isCut?: boolean;
  readonly tried: readonly { readonly hostname: string; readonly outcome: string }[];
}

export type Explained = Result<{ readonly message: string; readonly data: ExplainData }, OrderError>;

export async function explain(control: Control, question: OrderData["EXPLAIN"]): Promise<Explained> {
  const { configuration, workers } = control;
  const { listener, method } = question;
  if (!configuration.state.listeners.has(listener))
    return fail(unknownListener(configuration.state, listener));
  const host = hostOf(question.host);
  const path = pathOf(question.path);
  const [explanation] = (await workers.ask({ kind: "explain", listener, method, host, path })).values();
  if (explanation === undefined)
    return fail({ code: "WORKER_FAILED", message: "no worker answered; try again" });
  const { chosen } = explanation as Explanation;
  const clusterId = chosen?.cluster_id;
  const cluster = clusterId === undefined ? undefined : configuration.state.clusters.get(clusterId);
  const backends =
    clusterId === undefined ? new Map() : await workers.ask({ kind: "backends", cluster_id: clusterId });
  const data = {
    ...routeData(explanation as Explanation, nearHosts(configuration.state, { listener, host }, chosen)),
    cluster: cluster === undefined ? null : clusterWithoutKey(cluster),
    certificate: await explainCertificate(control, listener, host),
    backends: mergeBackends(backends),
  };
  const message = `${messageOf(chosen, data.cluster !== null)}${remarkOf(data.certificate)}`;
  return ok({ message, data });
}

/** What is told of the rules: those that a worker knows of, and others of other hostnames. */
export function routeData(
  { chosen, because, nearly, isCut, tried }: Explanation,
  others: readonly NearFrontend[],
): Pick<ExplainData, "frontend" | "because" | "tried" | "nearly" | "nearly_cut"> {
  const asked = nearly.map(({ frontend, why, failed }) => ({
    frontend,
    reason: why,
    ...(failed && { failed }),
  }));
  return {
    frontend: chosen ?? null,
    ...(because !== undefined && { because }),
    tried,
    nearly: [...asked, ...others],
    ...(isCut && { nearly_cut: true }),
  };
}

/** Where no rule that names the host takes the request: whose hostname or listener may be mistaken. */
function nearHosts(state: State, asked: AskedHost, chosen: Frontend | undefined): readonly NearFrontend[] {
  return chosen === undefined || chosen.hostname === "*" ? findNearHosts(state, asked) : [];
}

/** All workers choose alike: the first to answer speaks for them. */
async function explainCertificate(
  { configuration, workers }: Control,
  listener: string,
  host: string,
): Promise<ExplainedCertificate | null> {
  if (configuration.state.listeners.get(listener)?.protocol !== "https") return null;
  const [answer] = (await workers.ask({ kind: "certificate", listener, host })).values();
  if (answer === undefined) return null;
  const { fingerprint, ...choice } = answer as CertificateChoice;
  if (fingerprint === undefined) return choice;
  const certificate = configuration.state.certificates.get(certificateKey({ listener, fingerprint }));
  return { ...choice, ...(certificate && certificateSummary(certificate)) };
}

/** One line per backend; connections are summed, and each worker's own view of its state is kept. */
export function mergeBackends(answers: WorkerAnswers): ExplainData["backends"] {
  const merged = new Map<string, BackendStatus & { workers: Record<string, string> }>();
  for (const [worker, statuses] of answers) {
    for (const status of statuses as readonly BackendStatus[]) {
      const before = merged.get(status.backend_id);
      // One worker that sends it requests is enough to be up.
      const telling = before?.state === "up" ? before : status;
      merged.set(status.backend_id, {
        ...telling,
        connections: (before?.connections ?? 0) + status.connections,
        idle: (before?.idle ?? 0) + status.idle,
        ...(status.eligible !== undefined && { eligible: status.eligible || before?.eligible === true }),
        workers: { ...before?.workers, [worker]: status.state },
      });
    }
  }
  return [...merged.values()];
}

/** Without a port, as a router compares it. */
export function hostOf(host: string): string {
  return host.replace(/:[0-9]*$/, "");
}

export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

/** What its certificate means for a request that comes over TLS, where it is not what one would wish. */
function remarkOf(certificate: ExplainedCertificate | null): string {
  if (certificate?.choice === "none")
    return "; but no certificate serves this host: its handshake is refused";
  return certificate?.covers_host === false
    ? "; but the default certificate does not speak for this host"
    : "";
}

export function messageOf(chosen: Frontend | undefined, clusterExists: boolean): string {
  if (chosen === undefined) return "no frontend takes it: 404";
  const [[kind, text] = ["", ""]] = Object.entries(chosen.path);
  const rule = `${chosen.hostname} ${kind} ${text}`;
  if (chosen.deny === true) return `${rule} denies it`;
  if (chosen.redirect !== undefined) return `${rule} redirects it: ${chosen.redirect.status}`;
  const missing = clusterExists ? "" : ", which does not exist: 503";
  return `${rule} goes to cluster ${chosen.cluster_id}${missing}`;
}
