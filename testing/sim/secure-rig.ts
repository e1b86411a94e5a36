/**
 * The engine in the simulated network, speaking TLS by the real machine; and clients that do. One cluster
 * behind one https listener, and the proxy's own certificate for everybody, until a test adds others.
 */
import { assert } from "../../src/base/assert.ts";
import { BufferPool } from "../../src/base/buffer-pool.ts";
import type { EngineLimits } from "../../src/engine/limits.ts";
import type { Certificate, Listener } from "../../src/model/objects.ts";
import { makeOwnCertificate } from "../../src/main/certificates/own-certificate.ts";
import { readCertificate } from "../../src/main/certificates/read-certificate.ts";
import { mapRegion } from "../../src/sys/arena.ts";
import { openTlsLibrary } from "../../src/sys/tls/library.ts";
import { WANTS_MORE, type TlsClientOptions, type TlsMachine } from "../../src/tls/machine.ts";
import { type CertificateWish, makeCertificate } from "../tls/certificates.ts";
import { keep, library as clientLibrary, valueOf } from "../tls/pair.ts";
import { feed, take, write } from "../tls/wire.ts";
import { EngineRig } from "./engine-rig.ts";
import type { SimOptions } from "./sim-network.ts";
import type { SimPeer } from "./sim-peer.ts";

export const LISTENER = "127.0.0.1:443";
export const BACKEND = "10.0.0.1:9000";
/** The engine's two shared buffers, the secure port's, and its spare one. */
const BUFFERS_AT_REST = 4;
const BUFFERS_DEFAULT = 256;
const BUFFER_BYTES_DEFAULT = 16_384;

/** A certificate that signs itself, as main makes one for the proxy. */
export function newOwnCertificate(): Certificate {
  return makeOwnCertificate(Date.now());
}

export class SecureRig extends EngineRig {
  constructor(
    options: SimOptions = {},
    limits: Partial<EngineLimits> = {},
    listener: Partial<Listener> = {},
    openssl: "as here" | "no library" = "as here",
  ) {
    const { buffers = BUFFERS_DEFAULT, bufferBytes = BUFFER_BYTES_DEFAULT } = options;
    const region = mapRegion(BufferPool.bytesFor(buffers, bufferBytes));
    assert(region.ok, "no memory for a test");
    const library = openTlsLibrary(region.value);
    super({ ...options, memory: region.value.bytes }, limits, openssl === "as here" ? library : undefined);
    this.follow(newOwnCertificate());
    this.listener(LISTENER, {
      protocol: "https",
      tls_versions: ["TLSv1.2", "TLSv1.3"],
      alpn: ["http/1.1"],
      strict_sni: false,
      ...listener,
    });
    this.cluster("app");
    this.backend("app", "one", BACKEND);
    this.frontend(LISTENER, "*", { cluster_id: "app" });
  }

  /** Gives the engine what main would: the certificate, and ticket keys that are all zero. */
  follow(own_certificate: Certificate): void {
    const zeros = (length: number): string => Buffer.alloc(length).toString("base64");
    const key = { name: zeros(16), hmac_key: zeros(32), aes_key: zeros(32) };
    this.net.perform(() => this.engine.followSecrets({ ticket_keys: [key], own_certificate }));
  }

  /** Adds a certificate for `name` to the listener, read as main reads it. */
  certificate(name: string, keyKind: CertificateWish["keyKind"] = "p-256"): Certificate {
    const { pem, keyPem } = makeCertificate({ name, keyKind });
    const sent = { listener: LISTENER, certificate: pem, key: keyPem, chain: [], reject_expired: false };
    const read = readCertificate(sent, Date.now());
    assert(read.ok, "a test's certificate was refused");
    this.put({ kind: "certificate", value: read.value.certificate });
    return read.value.certificate;
  }

  /** A client that has said its hello, in which it asks for `serverName`. */
  secureClient(options: Partial<TlsClientOptions> = {}, serverName = "a.example"): SecureClient {
    return new SecureClient(this, options, serverName);
  }

  override assertAtRest(): void {
    this.net.assertHolds({ connections: 0, references: BUFFERS_AT_REST });
  }
}

/** One TLS connection of a client, moved on by `settle`. */
export class SecureClient {
  readonly peer: SimPeer;
  readonly machine: TlsMachine;
  /** How long its hello was, with the headers of its records. */
  readonly helloBytes: number;
  /** All that came, one character per byte. */
  received = "";
  /** What the machine gave last: `CLOSED` after the proxy's `close_notify`, `FAULT` after its alert. */
  end = WANTS_MORE as number;
  readonly #rig: SecureRig;

  constructor(rig: SecureRig, options: Partial<TlsClientOptions>, serverName: string) {
    this.#rig = rig;
    const context = keep(valueOf(clientLibrary.openClientContext({ verify: false, ca: [], ...options })));
    this.machine = keep(valueOf(context.connect(serverName)));
    this.peer = rig.net.client(LISTENER);
    const hello = take(this.machine);
    this.helloBytes = hello.length;
    this.peer.send(hello);
  }

  say(text: string | Buffer): this {
    this.peer.send(write(this.machine, Buffer.from(text)));
    return this;
  }

  /** Says `close_notify`. */
  sayEnd(): this {
    this.machine.shutdown();
    this.peer.send(take(this.machine));
    return this;
  }

  /** Lets the network run until nobody has anything to say. */
  settle(): this {
    for (;;) {
      this.#rig.net.settle();
      if (!this.hear()) return this;
    }
  }

  /** Hears what has come, and answers it. False: nothing had. */
  hear(): boolean {
    const bytes = this.peer.takeNew();
    if (bytes.length === 0) return false;
    const { plaintext, end, ciphertext } = feed(this.machine, bytes);
    this.received += plaintext.toString("latin1");
    this.end = end;
    if (ciphertext.length > 0 && this.peer.side === "open") this.peer.send(ciphertext);
    return true;
  }
}
