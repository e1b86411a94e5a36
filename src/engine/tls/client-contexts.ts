/**
 * What connections to backends are secured with: one context for all clusters of equal terms, made at the
 * first link that needs it and freed with the last of those clusters. A context takes some 20 KB, so only the
 * ones that were needed last are kept; to make one again costs a fraction of a handshake.
 */
import { decodeBase64 } from "../../base/base64.ts";
import { ok, type Result } from "../../base/result.ts";
import type { ClusterTls } from "../../model/objects.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type { TlsCertificate, TlsClientContext, TlsClientOptions, TlsLibrary } from "../../tls/machine.ts";

/** All that makes a context: the name of the server is each connection's own. */
export type ContextTerms = Omit<ClusterTls, "server_name">;

/** The terms that some clusters have in common. */
export interface SharedTerms {
  /** The terms as one text. */
  readonly key: string;
  readonly terms: ContextTerms;
  clusters: number;
}

export class ClientContexts {
  readonly #library: TlsLibrary;
  readonly #keptMax: number;
  readonly #shared = new Map<string, SharedTerms>();
  /** In the order of their last use. A machine that was made with one goes on when it is freed. */
  readonly #kept = new Map<SharedTerms, TlsClientContext>();

  constructor(library: TlsLibrary, keptMax: number) {
    this.#library = library;
    this.#keptMax = keptMax;
  }

  /** A cluster has these terms, until it leaves. */
  join({ verify, ca, certificate, chain, key: privateKey }: ContextTerms): SharedTerms {
    const terms = {
      verify,
      ...(verify && ca && { ca }),
      ...(certificate !== undefined && privateKey !== undefined && { certificate, chain, key: privateKey }),
    } as ContextTerms;
    const key = JSON.stringify(terms);
    const shared = this.#shared.get(key) ?? { key, terms, clusters: 0 };
    this.#shared.set(key, shared);
    shared.clusters++;
    return shared;
  }

  leave(shared: SharedTerms): void {
    shared.clusters--;
    if (shared.clusters > 0) return;
    this.#shared.delete(shared.key);
    this.#free(shared);
  }

  /** The context of terms that were joined; valid until the next call. */
  open(shared: SharedTerms): Result<TlsClientContext, TlsSetupFault> {
    const kept = this.#kept.get(shared);
    if (kept !== undefined) {
      this.#kept.delete(shared);
      this.#kept.set(shared, kept);
      return ok(kept);
    }
    const opened = openContext(this.#library, shared.terms);
    if (!opened.ok) return opened;
    this.#kept.set(shared, opened.value);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#keptMax) break;
      this.#free(oldest);
    }
    return opened;
  }

  #free(shared: SharedTerms): void {
    this.#kept.get(shared)?.free();
    this.#kept.delete(shared);
  }
}

function openContext(library: TlsLibrary, terms: ContextTerms): Result<TlsClientContext, TlsSetupFault> {
  const shown = openShown(library, terms);
  if (!shown.ok) return shown;
  const opened = library.openClientContext(optionsOf(terms, shown.value));
  shown.value?.free();
  return opened;
}

function optionsOf({ verify, ca }: ContextTerms, certificate: TlsCertificate | undefined): TlsClientOptions {
  return {
    verify,
    ca: ca?.map(decodeBase64) ?? "system",
    ...(certificate && { certificate }),
  };
}

/** What is shown to backends that ask for a certificate. */
function openShown(
  library: TlsLibrary,
  { certificate, chain = [], key }: ContextTerms,
): Result<TlsCertificate | undefined, TlsSetupFault> {
  if (certificate === undefined || key === undefined) return ok(undefined);
  return library.openCertificate([certificate, ...chain].map(decodeBase64), decodeBase64(key));
}
