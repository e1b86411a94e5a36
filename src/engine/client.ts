/**
 * Who a session's client is, as requests are told on their way. Kept small, because most sessions are idle:
 * what only some requests need is made for them.
 */
import { type Address, parseAddress } from "../base/address.ts";
import { bytesOf } from "../base/bytes.ts";
import { firstHopLinesOf, forwardedElementOf } from "../http/forwarding.ts";
import type { ClientRecord } from "../model/handover.ts";
import type { ProxyAddresses } from "../proxy-protocol/header.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";
import type { Secured } from "./tls/secured.ts";
import type { Use } from "./use.ts";

const NOTHING = new Uint8Array(0);

export class Client {
  readonly listener: ListenerRuntime;
  /** As text, without brackets. */
  readonly ip: string;
  readonly #port: number;
  /** Where it connected to, if a PROXY header told; else it is known by the listener only. */
  readonly #destination: Address | undefined;
  /** The listener lines of its last request: others make others. */
  #madeFrom: Uint8Array | undefined;
  #firstHopLines: Uint8Array | undefined;
  #secured: Secured | undefined;
  #isAskedToLeave = false;

  constructor(listener: ListenerRuntime, ip: string, port: number, destination?: Address) {
    this.listener = listener;
    this.ip = ip;
    this.#port = port;
    this.#destination = destination;
  }

  /** What its handshake led to; `undefined` for who speaks without TLS. */
  get secured(): Secured | undefined {
    return this.#secured;
  }

  /** Its handshake is complete: from now on it uses the certificate that it was shown. */
  secure(secured: Secured): void {
    this.#secured = secured;
    secured.certificate?.use.begin();
  }

  /**
   * Whether its next answer is its last: it was asked to leave, or its handshake was under other rules for
   * clients' certificates than those of now.
   */
  get isToLeave(): boolean {
    const secured = this.#secured;
    return this.#isAskedToLeave || (secured !== undefined && secured.trust !== this.listener.tls?.trust);
  }

  askToLeave(): void {
    this.#isAskedToLeave = true;
  }

  /** As text, with its port. */
  get address(): string {
    return `${this.ip.includes(":") ? `[${this.ip}]` : this.ip}:${this.#port}`;
  }

  /** True if the certificate that it was shown is counted in `use`. */
  uses(use: Use): boolean {
    return this.#secured?.certificate?.use === use;
  }

  /** Its session is over. */
  leave(): void {
    this.#secured?.certificate?.use.end();
  }

  /** Who it is, for another worker. */
  get record(): ClientRecord {
    const destination = this.#destination;
    return { ip: this.ip, port: this.#port, ...(destination && { destination: destination.text }) };
  }

  /** As a PROXY header tells them to a backend; `undefined` where the client's is no plain IP address. */
  get addresses(): ProxyAddresses | undefined {
    const host = this.ip.includes(":") ? `[${this.ip}]` : this.ip;
    const source = parseAddress(`${host}:${this.#port}`);
    return source && { source, destination: this.#destination ?? this.listener.publicAddress };
  }

  /**
   * See `Forwarding.firstHopLines`. Made with the second request: many connections have only one, and memory
   * that is not the collector's own costs as much as the rest of a head.
   */
  get firstHopLines(): Uint8Array | undefined {
    const listenerLines = this.listener.forwardedLines;
    if (this.#madeFrom !== listenerLines) {
      this.#madeFrom = listenerLines;
      this.#firstHopLines = undefined;
      return undefined;
    }
    this.#firstHopLines ??= firstHopLinesOf(
      this.ipBytes,
      listenerLines,
      this.certificateLines,
      this.forwardedElement,
    );
    return this.#firstHopLines;
  }

  /** See `Forwarding.certificateLines`. */
  get certificateLines(): Uint8Array {
    return this.#secured?.certificateLinesUnder(this.listener.tls?.trust) ?? NOTHING;
  }

  /** The host of its requests that name none. */
  get fallbackHost(): Uint8Array {
    const serverName = this.#secured?.serverName;
    return serverName === undefined ? this.listener.fallbackHost : bytesOf(serverName);
  }

  get ipBytes(): Uint8Array {
    return bytesOf(this.ip);
  }

  get forwardedElement(): Uint8Array {
    return forwardedElementOf(this.ip, this.listener.scheme);
  }

  /** 32 bits, the same for all connections of one address (FNV-1a). */
  get hash(): number {
    let hash = 0x811c9dc5;
    for (let index = 0; index < this.ip.length; index++)
      hash = Math.imul(hash ^ this.ip.charCodeAt(index), 0x01000193);
    return hash >>> 0;
  }
}
