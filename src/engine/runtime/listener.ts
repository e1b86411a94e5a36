/**
 * A listener at run time: its rules, its times and its use. A removed listener
 * stays for its sessions: each gets one more answer, by the listener's last rules, and that answer says
 * `Connection: close`.
 */
import { type Address, parseAddress } from "../../base/address.ts";
import { assert } from "../../base/assert.ts";
import { bytesOf } from "../../base/bytes.ts";
import { listenerLinesOf } from "../../http/forwarding.ts";
import type { Listener } from "../../model/objects.ts";
import { Router } from "../../routing/router.ts";
import { ListenerTls } from "../tls/listener-tls.ts";
import { Use, type UseWatcher } from "../use.ts";

export class ListenerRuntime {
  configuration: Listener;
  readonly router: Router<never> = new Router();
  readonly use: Use;
  isRemoved = false;
  /** Whether responses say which revision decided them. */
  tellsRevision: boolean;
  /** Where clients connect to, as far as the configuration knows. */
  publicAddress: Address;
  /** The forwarding lines that are the same for all its sessions. */
  forwardedLines: Uint8Array;
  /** Host for requests that have none. */
  fallbackHost: Uint8Array;
  /** Of https listeners. */
  readonly tls: ListenerTls | undefined;

  constructor(configuration: Listener, watcher: UseWatcher) {
    this.configuration = configuration;
    this.use = new Use(watcher);
    this.tellsRevision = configuration.revision_header === true;
    this.publicAddress = addressOf(configuration);
    this.forwardedLines = listenerLinesOf(this.scheme, this.publicAddress.port);
    this.fallbackHost = hostOf(configuration);
    this.tls = configuration.protocol === "https" ? new ListenerTls(configuration) : undefined;
  }

  /** How clients speak to it, as they write it in a URL. */
  get scheme(): "http" | "https" {
    return this.configuration.protocol === "https" ? "https" : "http";
  }

  /** It takes no new clients, and each that it has gets one more answer. */
  get isLeaving(): boolean {
    return this.isRemoved || this.configuration.draining === true;
  }

  update(configuration: Listener): void {
    this.configuration = configuration;
    this.tellsRevision = configuration.revision_header === true;
    this.publicAddress = addressOf(configuration);
    this.forwardedLines = listenerLinesOf(this.scheme, this.publicAddress.port);
    this.fallbackHost = hostOf(configuration);
    this.tls?.update(configuration);
  }
}

function addressOf(configuration: Listener): Address {
  const address = parseAddress(configuration.public_address ?? configuration.address);
  assert(address !== undefined, "a listener has a valid address");
  return address;
}

function hostOf(configuration: Listener): Uint8Array {
  return bytesOf(configuration.public_address ?? configuration.address);
}
