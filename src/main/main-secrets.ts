/**
 * What TLS in workers needs beside the configuration: the keys of tickets, and a certificate of our own. Made
 * here, or those of the main before us, which workers have.
 */
import type { TlsSecrets } from "../model/channel.ts";
import { makeOwnCertificate } from "./certificates/own-certificate.ts";
import { TicketKeys, type TicketKeysOptions } from "./ticket-keys.ts";

export class MainSecrets {
  readonly #ticketKeys: TicketKeys;
  #ownCertificate: TlsSecrets["own_certificate"];

  constructor(options: TicketKeysOptions) {
    this.#ticketKeys = new TicketKeys(options);
    this.#ownCertificate = makeOwnCertificate(Date.now());
  }

  /** As they are now. */
  get secrets(): TlsSecrets {
    return { ticket_keys: this.#ticketKeys.keys, own_certificate: this.#ownCertificate };
  }

  /** Goes on with those of a main before us. */
  adopt({ ticket_keys: keys, own_certificate: certificate }: TlsSecrets): void {
    this.#ticketKeys.adopt(keys);
    this.#ownCertificate = certificate;
  }

  /** No new keys are made any more. */
  stop(): void {
    this.#ticketKeys.stop();
  }
}
