/**
 * A tunnel of a simulated run: its client sends numbered messages of any size at any time, and wants each one
 * back, in order; its backend echoes every byte.
 */
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import type { ClientWorld } from "./workload-client.ts";

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const MESSAGES_MAX = 40;
const MESSAGE_BYTES_MAX = 4_000;
const PAUSE_MS_MAX = 400;

/** Makes `address` a backend that agrees to every upgrade, and echoes. */
export function startEchoBackend({ net }: ClientWorld, address: string): void {
  net.backend(address).onConnection = (peer) => {
    let head = "";
    peer.onReceived = () => {
      head += peer.takeNew().toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      peer.send(`HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}${head.slice(end + 4)}`);
      peer.onReceived = () => void (peer.side === "open" && peer.send(peer.takeNew()));
    };
    peer.onEnding = () => void (peer.side === "open" && peer.close());
  };
}

export class WorkloadTunnel {
  readonly peer: SimPeer;
  readonly #world: ClientWorld;
  #sent = "";
  #messagesLeft: number;

  constructor(world: ClientWorld, listener: string, host: string) {
    this.#world = world;
    const { net, prng } = world;
    this.peer = net.client(listener);
    this.#messagesLeft = prng.between(1, MESSAGES_MAX);
    this.peer.send(`GET /tunnel HTTP/1.1\r\nHost: ${host}\r\n${UPGRADE}`);
    this.#sendLater();
  }

  /** Accepted by somebody, and not over. */
  get isOpen(): boolean {
    return this.peer.state === "open" && this.peer.ending === "open" && this.peer.side === "open";
  }

  /** Ends it in order, with what is on its way. */
  end(): void {
    if (this.peer.side === "open") this.peer.end();
  }

  /** Complains if what came back is not what was sent; `isWhole`: all of it has to be there by now. */
  judge(isWhole: boolean): void {
    const [head, ...rest] = this.peer.received.split("\r\n\r\n");
    const echoed = head!.startsWith("HTTP/1.1 101 ") ? rest.join("\r\n\r\n") : "";
    const isRight = isWhole ? echoed === this.#sent : this.#sent.startsWith(echoed);
    if (isRight) return;
    const what = `${echoed.length} of ${this.#sent.length} bytes, ${this.peer.ending}`;
    this.#world.ledger.break(`a tunnel got back ${what}`);
  }

  #sendLater(): void {
    const { net, prng } = this.#world;
    net.after(prng.below(PAUSE_MS_MAX), () => {
      if (this.peer.ending !== "open" || this.peer.side !== "open") return;
      const message = `${this.#messagesLeft}:${"m".repeat(prng.below(MESSAGE_BYTES_MAX))}\n`;
      this.#sent += message;
      this.peer.send(message);
      if (--this.#messagesLeft > 0) this.#sendLater();
    });
  }
}
