/**
 * `DRAIN` and `UNDRAIN`, judged: an object stays, and its field `draining` comes or goes.
 */
import { ok } from "../../base/result.ts";
import { objectName } from "../keys.ts";
import type { DrainSubject } from "../orders.ts";
import type { State } from "../state.ts";
import { judgeUpdateBackend } from "./backend.ts";
import { judgeUpdateCluster } from "./cluster.ts";
import { judgeUpdateListener } from "./listener.ts";
import type { Verdict } from "./verdict.ts";

export function judgeDrain(state: State, subject: DrainSubject): Verdict {
  return judged(state, subject, true, "drains");
}

export function judgeUndrain(state: State, subject: DrainSubject): Verdict {
  return judged(state, subject, null, "takes new requests again");
}

/** `said` is the message of an order that changes something. */
function judged(state: State, subject: DrainSubject, draining: true | null, said: string): Verdict {
  const verdict = judgeUpdate(state, subject, draining);
  const change = verdict.ok ? verdict.value.changes[0] : undefined;
  if (change === undefined) return verdict;
  return ok({ changes: [change], message: `${objectName(change.kind, change.key)} ${said}` });
}

function judgeUpdate(state: State, subject: DrainSubject, draining: true | null): Verdict {
  if ("address" in subject) return judgeUpdateListener(state, { address: subject.address, draining });
  const { cluster_id } = subject;
  if (!("backend_id" in subject)) return judgeUpdateCluster(state, { cluster_id, draining });
  return judgeUpdateBackend(state, { cluster_id, backend_id: subject.backend_id, draining });
}
