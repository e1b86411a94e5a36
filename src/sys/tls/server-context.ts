/** Contexts of listeners: they accept connections. */
import { assert } from "../../base/assert.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type {
  TlsAcceptOptions,
  TlsMachine,
  TlsServerContext,
  TlsServerOptions,
  TlsSuites,
  TlsTicketKeys,
} from "../../tls/machine.ts";
import type { Region } from "../arena.ts";
import { chooseProtocols } from "./application-protocols.ts";
import { OpenSslCertificate } from "./certificate.ts";
import { refuseExpiredClients } from "./client-tickets.ts";
import { newContext } from "./context.ts";
import { layBytes } from "./desk.ts";
import { takeError } from "./error-queue.ts";
import { suitesOf } from "./server-suites.ts";
import { Handle } from "./living.ts";
import { OpenSslMachine } from "./machine.ts";
import {
  SSL_CTX_free,
  SSL_CTX_set_num_tickets,
  SSL_CTX_set_options,
  SSL_CTX_set_verify,
  SSL_new,
  SSL_set_accept_state,
  SSL_set_session_id_context,
  SSL_use_cert_and_key,
  TLS_server_method,
} from "./ssl-calls.ts";
import { OpenSslTicketKeys, type PackedKey } from "./ticket-keys.ts";
import { trustCertificates } from "./trust.ts";

const SSL_VERIFY_PEER = 1;
const SSL_VERIFY_FAIL_IF_NO_PEER_CERT = 2;
const SSL_OP_NO_TICKET = 2 ** 14;
/**
 * TLS 1.3 allows any number, for clients that use each once. One for each connection that they had is
 * enough, and making a second would take a fifteenth of the whole handshake.
 */
const TICKETS_PER_HANDSHAKE = 1;
const SESSION_CONTEXT_BYTES_MAX = 32;

/** Makes a context whose machines work in `memory`. */
export function openServerContext(
  memory: Region,
  options: TlsServerOptions,
): Result<OpenSslServerContext, TlsSetupFault> {
  const ticketKeys = keysOf(options.ticketKeys);
  const made = newContext(TLS_server_method(), options);
  if (!made.ok) return made;
  const context = made.value;
  const { clientAuth, protocols = [] } = options;
  if (clientAuth !== undefined) {
    const trusted = trustCertificates(context, clientAuth.ca, true);
    if (!trusted.ok) {
      SSL_CTX_free(context);
      return fail(trusted.error);
    }
    const refusal = clientAuth.mode === "require" ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | refusal, 0);
    refuseExpiredClients(context);
  }
  if (protocols.length > 0) chooseProtocols(context, protocols);
  return ok(new OpenSslServerContext(context, memory, ticketKeys));
}

export class OpenSslServerContext implements TlsServerContext {
  readonly suites: TlsSuites;
  readonly #handle = new Handle("contexts");
  readonly #context: number;
  readonly #memory: Region;
  readonly #ticketKeys: OpenSslTicketKeys | undefined;

  /** Takes over the SSL_CTX. */
  constructor(context: number, memory: Region, ticketKeys: OpenSslTicketKeys | undefined) {
    this.#context = context;
    this.suites = suitesOf(context);
    this.#memory = memory;
    this.#ticketKeys = ticketKeys;
    ticketKeys?.attach(context);
    SSL_CTX_set_num_tickets(context, ticketKeys === undefined ? 0 : TICKETS_PER_HANDSHAKE);
    if (ticketKeys === undefined) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  }

  accept(options: TlsAcceptOptions): TlsMachine {
    this.#handle.assertLiving();
    const { certificates, sessionContext, ticketKeyName } = options;
    assert(sessionContext.length <= SESSION_CONTEXT_BYTES_MAX, "a session context of more than 32 bytes");
    const ssl = SSL_new(this.#context);
    assert(ssl !== 0, "no memory for a connection");
    SSL_set_session_id_context(ssl, layBytes(sessionContext), sessionContext.length);
    for (const certificate of certificates) showCertificate(ssl, certificate);
    SSL_set_accept_state(ssl);
    const previousKey = ticketKeyName && this.#ticketKeys?.findPrevious(ticketKeyName);
    return new OpenSslMachine(
      ssl,
      "server",
      this.#memory,
      previousKey && { context: this, key: previousKey },
    );
  }

  /** Has a ticket read with a previous key. */
  withTicketKey<Value>(key: PackedKey, read: () => Value): Value {
    if (!this.#handle.isLiving || this.#ticketKeys === undefined) return read();
    this.#ticketKeys.install(this.#context, key);
    const value = read();
    this.#ticketKeys.installCurrent(this.#context);
    return value;
  }

  free(): void {
    this.#handle.end();
    this.#ticketKeys?.detach(this.#context);
    SSL_CTX_free(this.#context);
  }
}

/** One that this context's security level refuses is not shown: the handshake finds nothing shared. */
function showCertificate(ssl: number, certificate: object): void {
  assert(certificate instanceof OpenSslCertificate, "a certificate of another library");
  certificate.assertLiving();
  const { leaf, key, issuers } = certificate;
  if (SSL_use_cert_and_key(ssl, leaf, key, issuers, 1) !== 1) takeError();
}

function keysOf(ticketKeys: TlsTicketKeys | undefined): OpenSslTicketKeys | undefined {
  assert(
    ticketKeys === undefined || ticketKeys instanceof OpenSslTicketKeys,
    "ticket keys of another library",
  );
  ticketKeys?.assertLiving();
  return ticketKeys;
}
