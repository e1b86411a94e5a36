/** Where requests are counted that no backend answered, by why. */
import { slotOf } from "../metrics/engine-metrics.ts";
import type { LinkLoss } from "./endings.ts";

/** Without a link that was lost. */
type Reason =
  | "misdirected"
  | "noFrontend"
  | "denied"
  | "noCluster"
  | "noBackend"
  | "noResources"
  | "tooLarge";

const slot = (reason: string): number => slotOf("requests_unserved", reason);

export const UNSERVED: Readonly<Record<Reason, number>> = {
  misdirected: slot("misdirected"),
  noFrontend: slot("no_frontend"),
  denied: slot("denied"),
  noCluster: slot("no_cluster"),
  noBackend: slot("no_backend"),
  noResources: slot("no_resources"),
  tooLarge: slot("too_large"),
};

const SLOTS_OF_LOSSES: Readonly<Record<LinkLoss, number>> = {
  unreachable: slot("unreachable"),
  "connect-timed-out": slot("timed_out"),
  untrusted: slot("untrusted"),
  ended: slot("lost"),
  failed: slot("lost"),
  violation: slot("malformed"),
  silent: slot("timed_out"),
};

/** The slot for a request whose last link was lost by `cause`. */
export function slotOfLoss(cause: LinkLoss): number {
  return SLOTS_OF_LOSSES[cause];
}
