/**
 * How connections to the backends of one cluster are secured. The context is shared by clusters of equal
 * terms (`client-contexts.ts`). A change of the cluster's `tls` is another of these, so connections know
 * which one they were made with.
 *
 * Rule of this file: connections in progress go on without it; what still retries after its removal joins for
 * itself.
 */
import { type Address, formatIp } from "../../base/address.ts";
import type { Result } from "../../base/result.ts";
import type { ClusterTls as Terms } from "../../model/objects.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type { TlsMachine } from "../../tls/machine.ts";
import type { ClientContexts, SharedTerms } from "./client-contexts.ts";

export class ClusterTls {
  readonly terms: Terms;
  /** Since the first connection. */
  #joined: { readonly contexts: ClientContexts; readonly shared: SharedTerms } | undefined;
  #isRemoved = false;

  constructor(terms: Terms) {
    this.terms = terms;
  }

  /** A machine for a connection to the backend at `address`: its ClientHello is there to take. */
  connect(contexts: ClientContexts, address: Address): Result<TlsMachine, TlsSetupFault> {
    this.#joined ??= { contexts, shared: contexts.join(this.terms) };
    const context = contexts.open(this.#joined.shared);
    const machine = context.ok ? context.value.connect(serverNameOf(this.terms, address)) : context;
    if (this.#isRemoved) this.#leave();
    return machine;
  }

  /** The cluster is gone, or speaks otherwise. */
  remove(): void {
    this.#isRemoved = true;
    this.#leave();
  }

  #leave(): void {
    if (this.#joined !== undefined) this.#joined.contexts.leave(this.#joined.shared);
    this.#joined = undefined;
  }
}

/** An IPv6 address stands without the brackets that host names have it in. */
function serverNameOf({ server_name: name }: Terms, address: Address): string {
  return name === undefined ? formatIp(address.ip) : name.replace(/^\[|\]$/g, "");
}
