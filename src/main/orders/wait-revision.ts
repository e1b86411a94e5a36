/**
 * `WAIT_REVISION`: answers when every worker has a revision, also one that is yet to come.
 */
import type { OrderData } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";

export function waitRevision(control: Control, data: OrderData["WAIT_REVISION"], reply: Reply): void {
  const { gathering, configuration } = control;
  const { revision, timeout_ms: timeoutMs } = data;
  const isThere = (): boolean => configuration.revision >= revision && gathering.settledRevision >= revision;
  const end = (): void => {
    clearTimeout(timer);
    unwatch();
  };
  const look = (): void => {
    if (!isThere()) return;
    end();
    reply.ok(`every worker has revision ${revision}`, { revision }, configuration.revision);
  };
  const timer = setTimeout(() => {
    end();
    const message = `not every worker has revision ${revision} after ${timeoutMs} ms; the configuration is at revision ${configuration.revision}`;
    reply.refuse({ code: "TIMED_OUT", message }, configuration.revision);
  }, timeoutMs);
  const unwatch = gathering.watch(look);
  reply.onGone(end);
  const untilMs = Date.now() + timeoutMs;
  reply.carry(() => ({ kind: "wait-revision", revision, until_ms: untilMs, timeout_ms: timeoutMs }));
  look();
}
