/**
 * The worker's side of handshakes with clients: by which certificate, in which context, with which ticket
 * keys. It moves no bytes: those are `SecuredTraffic`'s, and a connection's way is `TlsAcceptance`'s.
 *
 * Rules of this file:
 *  1. A session is only resumed for the name, on the certificate and under the rules for clients'
 *     certificates that it was made with: so what is removed is not resumed.
 *  2. Without a certificate that serves the name, the listener's default; without one, the proxy's own,
 *     signed by itself; with `strict_sni`, a refusal.
 */
import { decodeBase64 } from "../../base/base64.ts";
import { hexDigitOf } from "../../base/bytes.ts";
import type { CertificateChoice, TlsHandles, TlsSecrets } from "../../model/channel.ts";
import type { AlertName } from "../../tls/alert.ts";
import { type CanUse, coversHost } from "../../tls/certificate-resolver.ts";
import { canUse } from "../../tls/client-abilities.ts";
import type { TlsLibrary, TlsMachine, TlsTicketKey, TlsTicketKeys } from "../../tls/machine.ts";
import type { ClientHello } from "../../tls/parse-client-hello.ts";
import { serverNameFor } from "../../tls/server-name.ts";
import { CertificateRuntime } from "../runtime/certificate.ts";
import type { UseWatcher } from "../use.ts";
import type { ClientTrust } from "./client-trust.ts";
import type { ListenerTls } from "./listener-tls.ts";
import { ReadyCertificates } from "./ready-certificates.ts";

/** What a ClientHello led to. `certificate` is undefined where the proxy's own is shown. */
export type TlsVerdict =
  | {
      readonly kind: "accepted";
      readonly machine: TlsMachine;
      readonly certificate: CertificateRuntime | undefined;
    }
  | {
      readonly kind: "refused";
      readonly alert: AlertName;
      /** `TLS_NOT_READY`: the fault is on our side. */
      readonly code: "TLS_UNKNOWN_NAME" | "TLS_NOT_READY";
      readonly reason: string;
    };

/** How long the digest of a certificate is, of what may name a session: the name's hash takes the rest. */
const DIGEST_BYTES = 24;
const SESSION_CONTEXT_BYTES = 32;

export class TlsServer {
  readonly #library: TlsLibrary;
  readonly #watcher: UseWatcher;
  readonly #ready: ReadyCertificates;
  #ticketKeys: TlsTicketKeys | undefined;
  #fallback: CertificateRuntime | undefined;

  constructor(library: TlsLibrary, watcher: UseWatcher, readyMax: number) {
    this.#library = library;
    this.#watcher = watcher;
    this.#ready = new ReadyCertificates(library, readyMax);
  }

  /** What lives of OpenSSL. */
  get handles(): TlsHandles {
    const { ticketKeys, ...others } = this.#library.living();
    return { ...others, ticket_keys: ticketKeys };
  }

  /** Takes the ticket keys and the certificate of its own that main made. Before the first handshake. */
  follow(secrets: TlsSecrets): void {
    const [current, ...previous] = secrets.ticket_keys.map(ticketKeyOf);
    if (current !== undefined) {
      if (this.#ticketKeys === undefined) this.#ticketKeys = this.#library.openTicketKeys(current, previous);
      else this.#ticketKeys.rotate(current, previous);
    }
    if (this.#fallback !== undefined) this.#ready.forget(this.#fallback);
    this.#fallback = new CertificateRuntime(secrets.own_certificate, this.#watcher);
  }

  /** Chooses for a client that says `hello`. The machine is to be fed with the same bytes. */
  accept(listener: ListenerTls, hello: ClientHello, nowMs: number): TlsVerdict {
    const context = listener.context(this.#library, this.#ticketKeys);
    if (!context.ok) return notReady(context.error.text);
    const { versions } = listener;
    const { suites } = context.value;
    const usable = (kind: CertificateRuntime["keyKind"]): boolean => canUse(hello, kind, versions, suites);
    const choice = choose(listener, hello.serverName, usable, nowMs);
    if (choice === "none") return unknownName("no certificate serves the name that it asks for");
    const certificate = choice === "own" ? undefined : choice.certificate;
    const shown = certificate ?? this.#fallback;
    if (shown === undefined) return notReady("there is no certificate");
    const ready = this.#ready.find(shown);
    if (!ready.ok) return notReady(ready.error.text);
    const machine = context.value.accept({
      certificates: [ready.value],
      sessionContext: sessionContextOf(shown.fingerprint, hello.serverName, listener.trust),
      ticketKeyName: hello.ticketKeyName,
    });
    return { kind: "accepted", machine, certificate };
  }

  /** What a client is shown that asks for `host` and can use every certificate. */
  explain(listener: ListenerTls, host: string, nowMs: number): CertificateChoice {
    const choice = choose(listener, serverNameFor(host), () => true, nowMs);
    if (typeof choice === "string") return { choice };
    const { why, certificate } = choice;
    const { fingerprint } = certificate;
    return { choice: why, fingerprint, covers_host: coversHost(certificate, host.toLowerCase()) };
  }

  /** The certificate is removed: no handshake asks for it any more. */
  forget(certificate: CertificateRuntime): void {
    this.#ready.forget(certificate);
  }
}

/**
 * A configured certificate and why it is the one; else the proxy's own, or none where a name has to be known.
 */
type Choice = { readonly why: "name" | "default"; readonly certificate: CertificateRuntime } | "own" | "none";

function choose(
  listener: ListenerTls,
  serverName: string | undefined,
  usable: CanUse,
  nowMs: number,
): Choice {
  const { certificates } = listener;
  const named = serverName === undefined ? undefined : certificates.findNamed(serverName, usable, nowMs);
  if (named !== undefined) return { why: "name", certificate: named };
  if (listener.isStrict) return "none";
  const certificate = certificates.find(undefined, usable, nowMs);
  return certificate === undefined ? "own" : { why: "default", certificate };
}

function unknownName(reason: string): TlsVerdict {
  return { kind: "refused", alert: "unrecognized_name", code: "TLS_UNKNOWN_NAME", reason };
}

function notReady(reason: string): TlsVerdict {
  return { kind: "refused", alert: "internal_error", code: "TLS_NOT_READY", reason };
}

function ticketKeyOf(key: TlsSecrets["ticket_keys"][number]): TlsTicketKey {
  return {
    name: decodeBase64(key.name),
    hmacKey: decodeBase64(key.hmac_key),
    aesKey: decodeBase64(key.aes_key),
  };
}

/** Of the certificate's digest as much as has room beside 64 bits of the name's hash (FNV-1a, twice). */
function sessionContextOf(
  fingerprint: string,
  serverName: string | undefined,
  trust: ClientTrust | undefined,
): Uint8Array {
  const context = new Uint8Array(SESSION_CONTEXT_BYTES);
  for (let digit = 0; digit < DIGEST_BYTES * 2; digit++)
    context[digit >> 1] = (context[digit >> 1]! << 4) | hexDigitOf(fingerprint.charCodeAt(digit));
  const name = serverName ?? "";
  for (let word = 0; word < 2; word++) {
    let hash = 0x811c_9dc5 ^ word;
    for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x0100_0193);
    for (let at = 0; at < 4; at++) context[DIGEST_BYTES + word * 4 + at] = (hash >>> (at * 8)) & 0xff;
  }
  trust?.mark(context);
  return context;
}
