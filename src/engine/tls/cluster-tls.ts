/**
 * How connections to the backends of one cluster are secured. The context is made at the first that needs it.
 * A change of the cluster's `tls` is another of these, so connections know which one they were made with.
 *
 * Rule of this file: connections in progress go on without it; what still retries after its removal gets a
 * context for itself.
 */
import { type Address, formatIp } from "../../base/address.ts";
import { decodeBase64 } from "../../base/base64.ts";
import { ok, type Result } from "../../base/result.ts";
import type { ClusterTls as Terms } from "../../model/objects.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type {
  TlsCertificate,
  TlsClientContext,
  TlsClientOptions,
  TlsLibrary,
  TlsMachine,
} from "../../tls/machine.ts";

export class ClusterTls {
  readonly terms: Terms;
  #context: TlsClientContext | undefined;
  #isRemoved = false;

  constructor(terms: Terms) {
    this.terms = terms;
  }

  /** A machine for a connection to the backend at `address`: its ClientHello is there to take. */
  connect(library: TlsLibrary, address: Address): Result<TlsMachine, TlsSetupFault> {
    const context = this.#open(library);
    if (!context.ok) return context;
    const machine = context.value.connect(serverNameOf(this.terms, address));
    if (this.#isRemoved) this.#free();
    return machine;
  }

  /** The cluster is gone, or speaks otherwise. */
  remove(): void {
    this.#isRemoved = true;
    this.#free();
  }

  #open(library: TlsLibrary): Result<TlsClientContext, TlsSetupFault> {
    if (this.#context !== undefined) return ok(this.#context);
    const shown = openShown(library, this.terms);
    if (!shown.ok) return shown;
    const opened = library.openClientContext(optionsOf(this.terms, shown.value));
    shown.value?.free();
    if (opened.ok) this.#context = opened.value;
    return opened;
  }

  #free(): void {
    this.#context?.free();
    this.#context = undefined;
  }
}

function optionsOf({ verify, ca }: Terms, certificate: TlsCertificate | undefined): TlsClientOptions {
  return {
    verify,
    ca: ca?.map(decodeBase64) ?? "system",
    ...(certificate && { certificate }),
  };
}

/** What is shown to backends that ask for a certificate. */
function openShown(
  library: TlsLibrary,
  { certificate, chain = [], key }: Terms,
): Result<TlsCertificate | undefined, TlsSetupFault> {
  if (certificate === undefined || key === undefined) return ok(undefined);
  return library.openCertificate([certificate, ...chain].map(decodeBase64), decodeBase64(key));
}

/** An IPv6 address stands without the brackets that host names have it in. */
function serverNameOf({ server_name: name }: Terms, address: Address): string {
  return name === undefined ? formatIp(address.ip) : name.replace(/^\[|\]$/g, "");
}
