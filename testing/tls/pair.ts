/**
 * Two machines of one process that speak with each other, with an authority and certificates to speak with.
 * Everything is freed by `freeAll`, which tests call at their end and which says what was left.
 */
import { openTlsLibrary } from "../../src/sys/tls/library.ts";
import type {
  TlsCertificate,
  TlsClientContext,
  TlsClientOptions,
  TlsLibrary,
  TlsMachine,
  TlsServerContext,
  TlsServerOptions,
  TlsTicketKey,
  TlsTicketKeys,
} from "../../src/tls/machine.ts";
import type { Result } from "../../src/base/result.ts";
import { makeCertificate, type TestCertificate } from "./certificates.ts";
import { exchange, memory, take, type FeedOptions } from "./wire.ts";

export const library: TlsLibrary = openTlsLibrary(memory);

export const authority: TestCertificate = makeCertificate({ name: "authority", isAuthority: true });
export const ecdsa: TestCertificate = makeCertificate({ name: "a.test", issuer: authority });
export const rsa: TestCertificate = makeCertificate({
  name: "a.test",
  issuer: authority,
  keyKind: "rsa-2048",
});

export const SESSION_CONTEXT: Uint8Array = new Uint8Array(32).fill(7);

/** The value, or a thrown fault: for what a test takes for granted. */
export function valueOf<Value>(result: Result<Value, { readonly text: string }>): Value {
  if (!result.ok) throw new Error(result.error.text);
  return result.value;
}

/** A ticket key that is told from others by one byte. */
export function ticketKey(byte: number): TlsTicketKey {
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(byte);
  return { name: bytes(16), hmacKey: bytes(32), aesKey: bytes(32) };
}

export interface PairOptions {
  readonly server?: TlsServerOptions;
  readonly client?: Partial<TlsClientOptions>;
  readonly certificates?: readonly TestCertificate[];
  readonly serverName?: string;
  readonly sessionContext?: Uint8Array;
}

export interface Pair {
  readonly server: TlsMachine;
  readonly client: TlsMachine;
  /** The ClientHello that the client has said, unless `shakeHands` brought it over. */
  readonly hello: Buffer;
}

interface Freeable {
  free(): void;
}

const opened: Freeable[] = [];

/** Notes what is to be freed at the end of a test; machines first, ticket keys last. */
export function keep<Handle extends Freeable>(handle: Handle): Handle {
  opened.push(handle);
  return handle;
}

/** Frees everything that was kept, the last first, and gives the counts of what lives on. */
export function freeAll(): ReturnType<TlsLibrary["living"]> {
  for (const handle of opened.splice(0).reverse()) handle.free();
  return library.living();
}

export function openCertificate({ der, key }: TestCertificate): TlsCertificate {
  return keep(valueOf(library.openCertificate([der], key)));
}

export function openServer(options: TlsServerOptions = {}): TlsServerContext {
  return keep(valueOf(library.openServerContext(options)));
}

export function openClient(options: Partial<TlsClientOptions> = {}): TlsClientContext {
  return keep(valueOf(library.openClientContext({ verify: true, ca: [authority.der], ...options })));
}

export function openTicketKeys(current: TlsTicketKey, previous: readonly TlsTicketKey[] = []): TlsTicketKeys {
  return keep(library.openTicketKeys(current, previous));
}

/** A client that has said its hello, and a server that has not heard it yet. */
export function openPair(options: PairOptions = {}): Pair {
  const { server, client, certificates = [ecdsa], serverName = "a.test" } = options;
  const shown = certificates.map(openCertificate);
  const serverContext = openServer(server);
  const clientContext = openClient(client);
  const connecting = keep(valueOf(clientContext.connect(serverName)));
  const hello = take(connecting);
  const accepting = keep(
    serverContext.accept({
      certificates: shown,
      sessionContext: options.sessionContext ?? SESSION_CONTEXT,
    }),
  );
  return { server: accepting, client: connecting, hello };
}

/** A pair whose handshake went as far as it goes. */
export function shakeHands(options: PairOptions = {}, feeding: FeedOptions = {}): Pair {
  const pair = openPair(options);
  exchange(pair.client, pair.hello, pair.server, feeding);
  return pair;
}
