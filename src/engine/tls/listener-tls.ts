/**
 * What an https listener has beside its rules: its certificates, and how it speaks TLS. The context is made
 * at the first handshake that needs it, and anew when the listener's options change.
 */
import { assert } from "../../base/assert.ts";
import type { Result } from "../../base/result.ts";
import { areEqual } from "../../model/equal.ts";
import type { Listener } from "../../model/objects.ts";
import { CertificateResolver } from "../../tls/certificate-resolver.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type { TlsLibrary, TlsServerContext, TlsServerOptions, TlsTicketKeys } from "../../tls/machine.ts";
import { TLS_1_2, TLS_1_3 } from "../../tls/parse-client-hello.ts";
import type { CertificateRuntime } from "../runtime/certificate.ts";
import { ClientTrust } from "./client-trust.ts";

const VERSION_NUMBERS = { "TLSv1.2": TLS_1_2, "TLSv1.3": TLS_1_3 } as const;

export class ListenerTls {
  readonly certificates: CertificateResolver<CertificateRuntime> = new CertificateResolver();
  /** Absent: clients are not asked for a certificate. The same until `client_auth` changes. */
  trust: ClientTrust | undefined;
  #configuration: Listener;
  #versionNumbers: readonly number[];
  #context: TlsServerContext | undefined;
  /** Connections whose handshake is not complete. */
  #handshakes = 0;
  #isRemoved = false;

  constructor(configuration: Listener) {
    this.#configuration = configuration;
    this.trust = trustOf(configuration);
    this.#versionNumbers = versionNumbersOf(configuration);
    this.certificates.setDefault(configuration.default_certificate);
  }

  get isStrict(): boolean {
    return this.#configuration.strict_sni === true;
  }

  /** The protocol's numbers of the versions that it speaks. */
  get versions(): readonly number[] {
    return this.#versionNumbers;
  }

  update(configuration: Listener): void {
    if (!areEqual(configuration.client_auth, this.#configuration.client_auth))
      this.trust = trustOf(configuration);
    this.#configuration = configuration;
    this.#versionNumbers = versionNumbersOf(configuration);
    this.certificates.setDefault(configuration.default_certificate);
    this.#free();
  }

  /** The context for a handshake that begins now. */
  context(
    library: TlsLibrary,
    ticketKeys: TlsTicketKeys | undefined,
  ): Result<TlsServerContext, TlsSetupFault> {
    if (this.#context !== undefined) return { ok: true, value: this.#context };
    const opened = library.openServerContext(this.#options(ticketKeys));
    if (opened.ok) this.#context = opened.value;
    return opened;
  }

  /**
   * The listener was removed: its queue may still bring clients, and the last one takes the context along.
   */
  remove(): void {
    this.#isRemoved = true;
    if (this.#handshakes === 0) this.#free();
  }

  handshakeBegan(): void {
    this.#handshakes++;
  }

  handshakeEnded(): void {
    this.#handshakes--;
    assert(this.#handshakes >= 0, "a handshake ended that had not begun");
    if (this.#isRemoved && this.#handshakes === 0) this.#free();
  }

  /** Handshakes and sessions in progress go on without it. */
  #free(): void {
    this.#context?.free();
    this.#context = undefined;
  }

  #options(ticketKeys: TlsTicketKeys | undefined): TlsServerOptions {
    const { cipher_list: ciphers, alpn, groups } = this.#configuration;
    const versions = versionsOf(this.#configuration).toSorted();
    return {
      versionMin: versions[0]!,
      versionMax: versions.at(-1)!,
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(groups === undefined ? {} : { groups: groups.join(":") }),
      ...(alpn === undefined ? {} : { protocols: alpn }),
      ...(ticketKeys === undefined ? {} : { ticketKeys }),
      ...(this.trust === undefined ? {} : { clientAuth: this.trust.options }),
    };
  }
}

function trustOf({ client_auth: terms }: Listener): ClientTrust | undefined {
  return terms && new ClientTrust(terms);
}

function versionsOf({ tls_versions: versions }: Listener): NonNullable<Listener["tls_versions"]> {
  assert(versions !== undefined && versions.length > 0, "an https listener speaks a version of TLS");
  return versions;
}

function versionNumbersOf(configuration: Listener): readonly number[] {
  return versionsOf(configuration).map((version) => VERSION_NUMBERS[version]);
}
