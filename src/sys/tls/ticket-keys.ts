/**
 * The keys that session tickets are sealed with (RFC 5077 section 4). A context has room for one key in
 * OpenSSL: the current one. A ticket of a previous one is taken by giving the context that key for the
 * moment in which it reads the ClientHello, whose ticket names its key; what is sealed afterwards is sealed
 * with the current one. So no callback is needed for each ticket.
 */
import { assert } from "../../base/assert.ts";
import type { TlsTicketKey, TlsTicketKeys } from "../../tls/machine.ts";
import { layBytes, wipe } from "./desk.ts";
import { Handle } from "./living.ts";
import { SSL_CTX_ctrl } from "./ssl-calls.ts";

const SSL_CTRL_SET_TLSEXT_TICKET_KEYS = 59;
const NAME_BYTES = 16;
const SECRET_BYTES = 32;
const KEY_BYTES = NAME_BYTES + 2 * SECRET_BYTES;

/** A key as OpenSSL takes it: name, HMAC key, AES key. */
export type PackedKey = Uint8Array;

export class OpenSslTicketKeys implements TlsTicketKeys {
  readonly #handle = new Handle("ticketKeys");
  readonly #contexts = new Set<number>();
  #current: PackedKey;
  #previous: readonly PackedKey[];

  constructor(current: TlsTicketKey, previous: readonly TlsTicketKey[]) {
    this.#current = pack(current);
    this.#previous = previous.map(pack);
  }

  assertLiving(): void {
    this.#handle.assertLiving();
  }

  rotate(current: TlsTicketKey, previous: readonly TlsTicketKey[]): void {
    this.#handle.assertLiving();
    this.#wipeAll();
    this.#current = pack(current);
    this.#previous = previous.map(pack);
    for (const context of this.#contexts) install(context, this.#current);
  }

  free(): void {
    assert(this.#contexts.size === 0, "frees ticket keys of a living context");
    this.#handle.end();
    this.#wipeAll();
  }

  /** From now on the context seals with the current key. */
  attach(context: number): void {
    this.#contexts.add(context);
    install(context, this.#current);
  }

  detach(context: number): void {
    this.#contexts.delete(context);
  }

  /** The previous key of that name, for `install`; `undefined` if it is the current one's or nobody's. */
  findPrevious(name: Uint8Array): PackedKey | undefined {
    return this.#previous.find(
      (key) => name.length === NAME_BYTES && name.every((byte, at) => byte === key[at]),
    );
  }

  /** Gives a context a previous key, until `installCurrent`. */
  install(context: number, key: PackedKey): void {
    install(context, key);
  }

  installCurrent(context: number): void {
    install(context, this.#current);
  }

  #wipeAll(): void {
    this.#current.fill(0);
    for (const key of this.#previous) key.fill(0);
  }
}

function install(context: number, key: PackedKey): void {
  const done = SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_TICKET_KEYS, KEY_BYTES, layBytes(key));
  wipe(KEY_BYTES);
  assert(done === 1, "OpenSSL refuses a ticket key");
}

function pack(key: TlsTicketKey): PackedKey {
  assert(
    key.name.length === NAME_BYTES &&
      key.hmacKey.length === SECRET_BYTES &&
      key.aesKey.length === SECRET_BYTES,
    "a ticket key of the wrong size",
  );
  const packed = new Uint8Array(KEY_BYTES);
  packed.set(key.name, 0);
  packed.set(key.hmacKey, NAME_BYTES);
  packed.set(key.aesKey, NAME_BYTES + SECRET_BYTES);
  return packed;
}
