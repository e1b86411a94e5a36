/**
 * A certificate at run time: what is known of it for choosing, and its use. It lives as long as its listener
 * has it or a session is on it. Made ready for OpenSSL only when a handshake needs it (`ready-certificates`).
 */
import { decodeBase64 } from "../../base/base64.ts";
import type { Certificate } from "../../model/objects.ts";
import type { CertificateFacts } from "../../tls/certificate-resolver.ts";
import { Use, type UseWatcher } from "../use.ts";

export class CertificateRuntime implements CertificateFacts {
  readonly configuration: Certificate;
  readonly use: Use;
  /** True once removed: sessions on it get one more answer each. */
  isRemoved = false;

  constructor(configuration: Certificate, watcher: UseWatcher) {
    this.configuration = configuration;
    this.use = new Use(watcher);
  }

  get fingerprint(): string {
    return this.configuration.fingerprint;
  }

  get names(): readonly string[] {
    return this.configuration.names;
  }

  get keyKind(): Certificate["key_type"] {
    return this.configuration.key_type;
  }

  get notBeforeMs(): number {
    return this.configuration.not_before_ms;
  }

  get notAfterMs(): number {
    return this.configuration.not_after_ms;
  }

  /** DER, its own first. */
  get derChain(): readonly Uint8Array[] {
    const { certificate, chain } = this.configuration;
    return [certificate, ...chain].map(decodeBase64);
  }

  /** DER (PKCS #8). */
  get derKey(): Uint8Array {
    return decodeBase64(this.configuration.key);
  }
}
