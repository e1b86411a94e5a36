/**
 * Handshakes without end, of two machines in this process: for tests and runs that look for what they leave
 * behind. Every other one is whole, with bytes both ways; the rest are broken off in one of several ways.
 */
import { assert } from "../../src/base/assert.ts";
import type {
  TlsCertificate,
  TlsClientContext,
  TlsMachine,
  TlsServerContext,
  TlsVersion,
} from "../../src/tls/machine.ts";
import {
  ecdsa,
  openCertificate,
  openClient,
  openServer,
  openTicketKeys,
  SESSION_CONTEXT,
  ticketKey,
  valueOf,
} from "./pair.ts";
import { exchange, feed, take, write } from "./wire.ts";

/** What becomes of handshakes, in turn. */
const ENDS = [
  "whole",
  "changed on its way",
  "whole",
  "given up after the hello",
  "whole",
  "answered by noise",
] as const;
/** Where a ServerHello, or what follows it, is changed. */
const CHANGED_BYTE = 40;
const BYTES_EACH_WAY = 2_000;

export class HandshakeMill {
  readonly #server: TlsServerContext;
  readonly #client: TlsClientContext;
  readonly #certificate: TlsCertificate;
  #count = 0;

  /** What it opens is freed by `freeAll`. */
  constructor(versionMax: TlsVersion = "TLSv1.3") {
    const protocols = ["http/1.1"];
    const ticketKeys = openTicketKeys(ticketKey(1));
    this.#server = openServer({ ticketKeys, protocols });
    this.#client = openClient({ versionMax, groups: "X25519:P-256", protocols });
    this.#certificate = openCertificate(ecdsa);
  }

  /** One handshake, of one kind after the other; nothing of it lives afterwards. */
  turn(): void {
    const client = valueOf(this.#client.connect("a.test"));
    const server = this.#server.accept({
      certificates: [this.#certificate],
      sessionContext: SESSION_CONTEXT,
    });
    this.#shake(client, server, ENDS[this.#count++ % ENDS.length]!);
    client.free();
    server.free();
  }

  #shake(client: TlsMachine, server: TlsMachine, end: (typeof ENDS)[number]): void {
    const hello = take(client);
    if (end === "whole") {
      exchange(client, hello, server);
      assert(server.session !== undefined, "a whole handshake is one");
      return speak(client, server);
    }
    const flight = feed(server, hello).ciphertext;
    if (end === "given up after the hello") return;
    if (end === "changed on its way") flight[CHANGED_BYTE]! ^= 1;
    else flight.fill(this.#count & 0xff, CHANGED_BYTE);
    exchange(server, flight, client);
  }
}

/** Bytes both ways, and the end. */
function speak(client: TlsMachine, server: TlsMachine): void {
  const bytes = new Uint8Array(BYTES_EACH_WAY);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    assert(feed(to, write(from, bytes)).plaintext.length === BYTES_EACH_WAY, "bytes were lost");
    from.shutdown();
    feed(to, take(from));
  }
}
