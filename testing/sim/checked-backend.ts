/**
 * A simulated backend that is checked: it tells health checks from requests by their path, answers requests
 * with its address, and checks as the test says at that moment.
 */
import type { SimNetwork } from "./sim-network.ts";
import type { SimPeer } from "./sim-peer.ts";

export const CHECK_PATH = "/health";

export class CheckedBackend {
  readonly address: string;
  /** What a check is answered with: a status, other bytes, or (`undefined`) nothing at all. */
  health: number | string | undefined = 200;
  /** When checks came, and what each asked. */
  readonly checks: { readonly atMs: number; readonly text: string; readonly peer: SimPeer }[] = [];
  requestCount = 0;
  readonly #net: SimNetwork;

  constructor(net: SimNetwork, address: string) {
    this.#net = net;
    this.address = address;
    net.backend(address).onConnection = (peer) => this.#serve(peer);
  }

  #serve(peer: SimPeer): void {
    let text = "";
    peer.onEnding = () => void (peer.side === "open" && peer.close());
    peer.onReceived = () => {
      text += peer.takeNew().toString("latin1");
      if (!text.includes("GET ") || !text.endsWith("\r\n\r\n")) return;
      const request = text;
      text = "";
      if (request.includes(`GET ${CHECK_PATH} `)) this.#answerCheck(peer, request);
      else this.#answerRequest(peer);
    };
  }

  #answerCheck(peer: SimPeer, text: string): void {
    this.checks.push({ atMs: this.#net.nowMs, text, peer });
    if (this.health === undefined) return;
    if (typeof this.health === "string") peer.send(this.health);
    else peer.send(`HTTP/1.1 ${this.health} Health\r\nContent-Length: 5\r\n\r\nhello`);
  }

  #answerRequest(peer: SimPeer): void {
    this.requestCount++;
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${this.address.length}\r\n\r\n${this.address}`);
  }
}
