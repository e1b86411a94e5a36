/** Contexts of connections to backends: they connect, and verify whom they reach. */
import { assert } from "../../base/assert.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type { TlsClientContext, TlsClientOptions, TlsMachine } from "../../tls/machine.ts";
import type { Region } from "../arena.ts";
import { offerProtocols } from "./application-protocols.ts";
import { OpenSslCertificate, setupFault } from "./certificate.ts";
import { newContext } from "./context.ts";
import { layText } from "./desk.ts";
import { takeError } from "./error-queue.ts";
import { Handle } from "./living.ts";
import { OpenSslMachine } from "./machine.ts";
import {
  SSL_ctrl,
  SSL_CTX_free,
  SSL_CTX_set_verify,
  SSL_CTX_use_cert_and_key,
  SSL_free,
  SSL_new,
  SSL_set1_host,
  SSL_set_connect_state,
  SSL_set_hostflags,
  TLS_client_method,
} from "./ssl-calls.ts";
import { trustCertificates, trustSystem } from "./trust.ts";

const SSL_VERIFY_NONE = 0;
const SSL_VERIFY_PEER = 1;
const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
const X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS = 0x4;
/** RFC 1035 section 2.3.4. */
const NAME_CHARACTERS_MAX = 253;
const IP_ADDRESS = /^[\d.]+$|:/;

/** Makes a context whose machines work in `memory`. */
export function openClientContext(
  memory: Region,
  options: TlsClientOptions,
): Result<OpenSslClientContext, TlsSetupFault> {
  const made = newContext(TLS_client_method(), options);
  if (!made.ok) return made;
  const context = made.value;
  const fault = trust(context, options) ?? showCertificate(context, options);
  if (fault !== undefined) {
    SSL_CTX_free(context);
    return fail(fault);
  }
  const { protocols = [] } = options;
  if (protocols.length > 0) offerProtocols(context, protocols);
  return ok(new OpenSslClientContext(context, memory));
}

export class OpenSslClientContext implements TlsClientContext {
  readonly #handle = new Handle("contexts");
  readonly #context: number;
  readonly #memory: Region;

  /** Takes over the SSL_CTX. */
  constructor(context: number, memory: Region) {
    this.#context = context;
    this.#memory = memory;
  }

  connect(serverName: string): Result<TlsMachine, TlsSetupFault> {
    this.#handle.assertLiving();
    const ssl = SSL_new(this.#context);
    assert(ssl !== 0, "no memory for a connection");
    if (!nameServer(ssl, serverName)) {
      SSL_free(ssl);
      return fail(setupFault("BAD_SERVER_NAME", "no name or address of a server"));
    }
    SSL_set_connect_state(ssl);
    const machine = new OpenSslMachine(ssl, "client", this.#memory, undefined);
    machine.begin();
    return ok(machine);
  }

  free(): void {
    this.#handle.end();
    SSL_CTX_free(this.#context);
  }
}

function trust(context: number, options: TlsClientOptions): TlsSetupFault | undefined {
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, 0);
  if (!options.verify) return undefined;
  if (options.ca === "system") {
    trustSystem(context);
    return undefined;
  }
  const trusted = trustCertificates(context, options.ca, false);
  return trusted.ok ? undefined : trusted.error;
}

function showCertificate(context: number, { certificate }: TlsClientOptions): TlsSetupFault | undefined {
  if (certificate === undefined) return undefined;
  assert(certificate instanceof OpenSslCertificate, "a certificate of another library");
  certificate.assertLiving();
  const { leaf, key, issuers } = certificate;
  if (SSL_CTX_use_cert_and_key(context, leaf, key, issuers, 1) === 1) return undefined;
  return setupFault("WEAK_CERTIFICATE", "a certificate that OpenSSL refuses to show");
}

/**
 * Asks for the name and has it verified. An IP address is verified only: SNI has none (RFC 6066 section 3).
 */
function nameServer(ssl: number, serverName: string): boolean {
  if (serverName === "" || serverName.length > NAME_CHARACTERS_MAX || serverName.includes("\0")) return false;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(ssl, layText(serverName)) !== 1) return false;
  takeError();
  if (IP_ADDRESS.test(serverName)) return true;
  return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, layText(serverName)) === 1;
}
