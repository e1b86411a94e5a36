/**
 * Listeners of a state that is read at the start, whose ciphers or groups would be refused as an order by
 * now: this program, or its OpenSSL, is another than the one that took them. They are no reason not to start,
 * since all else serves; but whoever runs it has to hear of them at once, and what to do.
 */
import type { Log } from "../../io/log.ts";
import type { Listener } from "../../model/objects.ts";
import { findTlsOptionFault } from "./check-tls-options.ts";

/** One line for each. */
export function tellUnservable(listeners: Iterable<Listener>, log: Pick<Log, "error">): void {
  for (const listener of listeners) {
    const fault = findTlsOptionFault(listener);
    if (fault === undefined) continue;
    const { address } = listener;
    const option = fault.field === "data.groups" ? "group" : "cipher-list";
    const remedy = `kakehi listener update ${address} --reset ${option}`;
    log.error("a listener of the state cannot be served as it is", { address, fault: fault.message, remedy });
  }
}
