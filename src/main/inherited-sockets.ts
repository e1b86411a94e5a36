/**
 * Listening sockets that the service manager opened before it started us (socket activation,
 * sd_listen_fds(3)): a listener whose address is theirs takes one instead of opening its own.
 *
 * Rules of this file:
 *  1. The manager keeps these sockets open whatever we do, so each is held here to the end, and listeners get
 *     duplicates: what is removed can come back.
 */
import { parseAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { Log } from "../io/log.ts";
import { duplicateDescriptor } from "../sys/descriptor.ts";
import { takeListeningSocket, takeNewConnections } from "../sys/listening-socket.ts";

/** SD_LISTEN_FDS_START. */
const FIRST_FD = 3;
const SOCKETS_MAX = 1_024;

export class InheritedSockets {
  readonly #fds: ReadonlyMap<string, number>;

  private constructor(fds: ReadonlyMap<string, number>) {
    this.#fds = fds;
  }

  /** Those that the environment tells of. Once, before anything else is opened. */
  static of(environment: Readonly<Record<string, string | undefined>>, log: Log): InheritedSockets {
    const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names = "" } = environment;
    const fds = new Map<string, number>();
    if (pid !== String(process.pid)) return new InheritedSockets(fds);
    for (let index = 0; index < Math.min(Number(count), SOCKETS_MAX); index++) {
      const fd = FIRST_FD + index;
      const name = names.split(":")[index] ?? "";
      const address = takeListeningSocket(fd);
      if (address === undefined) log.warning("no listening TCP socket, and left alone", { fd, name });
      else {
        log.info(`a listener at ${address.text} takes the service manager's socket`, { fd, name });
        fds.set(address.text, fd);
      }
    }
    return new InheritedSockets(fds);
  }

  /** All of them. A program that main becomes finds them where they are, by the same environment. */
  get descriptors(): readonly number[] {
    return [...this.#fds.values()];
  }

  /** A descriptor of the socket at this address, for the caller to close; `undefined`: there is none. */
  take(text: string): number | undefined {
    const fd = this.#find(text);
    if (fd === undefined) return undefined;
    const own = duplicateDescriptor(fd);
    assert(own.ok, "no duplicate of an inherited socket");
    // The listener before may have refused new connections when it left.
    takeNewConnections(own.value);
    return own.value;
  }

  /** Whether there is one at this address. */
  has(text: string): boolean {
    return this.#find(text) !== undefined;
  }

  /** All take new connections from here on: who is started next finds in their queues what came meanwhile. */
  takeNew(): void {
    for (const fd of this.#fds.values()) takeNewConnections(fd);
  }

  #find(text: string): number | undefined {
    return this.#fds.get(parseAddress(text)?.text ?? "");
  }
}
