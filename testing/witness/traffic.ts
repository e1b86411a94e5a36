/**
 * Everything that a proxy may carry while something is done to it: requests at a fixed rate on fresh and on
 * kept connections, WebSockets that want each numbered message back, slow downloads one after another, and
 * clients that rest. Nobody tries anything again; every fault is counted.
 */
import { setTimeout as wait } from "node:timers/promises";
import { echoOf } from "../backends/responders.ts";
import { download } from "../clients/download-client.ts";
import { type FaultKind, FaultLog } from "../clients/faults.ts";
import { Load, type LoadRequest } from "../clients/load.ts";
import { WebSocketClient } from "../clients/websocket-client.ts";
import { RestingClients } from "./resting-clients.ts";
import { type ClientKind, Silence, type Silences } from "./silence.ts";

/** How much of each. */
export interface TrafficSize {
  readonly requestsPerSecond: number;
  readonly websockets: number;
  readonly messagesPerSecond: number;
  readonly downloads: number;
  readonly downloadBytes: number;
  readonly downloadBytesPerSecond: number;
  readonly resting: number;
}

export interface TrafficOptions extends TrafficSize {
  readonly port: number;
  /** What all backends behind it call themselves. */
  readonly backendId: string;
}

export interface TrafficReport {
  readonly requests: number;
  readonly messages: number;
  readonly downloads: number;
  /** All of them, those below too. */
  readonly faults: number;
  readonly faultsByKind: Readonly<Partial<Record<FaultKind, number>>>;
  readonly requestFaults: number;
  readonly websocketFaults: number;
  readonly downloadFaults: number;
  /** WebSockets that ended before their client wanted it. */
  readonly websocketsCut: number;
  /** Connections of resting clients that the other side has closed, with or without a word. */
  readonly restingClosed: number;
  /** The first faults, for a person. */
  readonly summary: string;
}

const HOST = "a.example";
const DOWNLOAD_TIMEOUT_MS = 120_000;

export class Traffic {
  readonly #silence: Silence = new Silence();
  readonly #options: TrafficOptions;
  readonly #faults = {
    websockets: new FaultLog(),
    downloads: new FaultLog(),
    resting: new FaultLog(),
  };
  #load: Load | undefined;
  #resting: RestingClients | undefined;
  #websockets: readonly WebSocketClient[] = [];
  #downloads: readonly Promise<void>[] = [];
  #downloadCount = 0;
  #state: "flowing" | "ending" = "flowing";

  /** Opens what stays open, and begins with everything. */
  static async begin(options: TrafficOptions): Promise<Traffic> {
    const traffic = new Traffic(options);
    await traffic.#begin();
    return traffic;
  }

  private constructor(options: TrafficOptions) {
    this.#options = options;
  }

  /** The longest wait of each kind of client since this was asked last. */
  takeSilences(): Silences {
    return this.#silence.take();
  }

  /** Those that rest come back, and ask once on the connection that they have. */
  async useResting(): Promise<void> {
    await this.#resting?.use();
  }

  /** Ends everything in order: what is under way is waited for. */
  async end(): Promise<TrafficReport> {
    this.#state = "ending";
    const websocketsCut = this.#websockets.filter(({ isOpen }) => !isOpen).length;
    await this.useResting();
    const load = await this.#load!.stop();
    await Promise.all(this.#websockets.map((socket) => socket.close()));
    await Promise.all(this.#downloads);
    this.#resting!.close();
    const logs = { ...this.#faults, requests: this.#load!.faults };
    return {
      requests: load.answered,
      messages: this.#websockets.reduce((sum, { echoed }) => sum + echoed, 0),
      downloads: this.#downloadCount,
      faults: Object.values(logs).reduce((sum, { count }) => sum + count, 0),
      faultsByKind: countsOf(Object.values(logs)),
      requestFaults: logs.requests.count,
      websocketFaults: logs.websockets.count,
      downloadFaults: logs.downloads.count,
      websocketsCut,
      restingClosed: this.#resting!.closedCount,
      summary: Object.entries(logs)
        .filter(([, { count }]) => count > 0)
        .map(([what, log]) => `${what}: ${log.summary(5)}`)
        .join("\n"),
    };
  }

  async #begin(): Promise<void> {
    const { port, resting, downloads, requestsPerSecond, backendId } = this.#options;
    this.#resting = await RestingClients.open({
      port,
      host: HOST,
      count: resting,
      faults: this.#faults.resting,
      waited: this.#waits("resting"),
    });
    const websockets: WebSocketClient[] = [];
    this.#websockets = websockets;
    while (websockets.length < this.#options.websockets) websockets.push(await this.#openWebSocket());
    this.#load = new Load({
      port,
      ratePerSecond: requestsPerSecond,
      request: (number) => echoRequest(backendId, number),
      waited: this.#waits("request"),
    });
    // One after another: all at once would fill the kernel's buffers in the same moment, again and again, and
    // what every client then waits is the load's own doing.
    const apartMs =
      ((this.#options.downloadBytes / this.#options.downloadBytesPerSecond) * 1_000) / downloads;
    this.#downloads = Array.from({ length: downloads }, (_, index) => this.#download(index * apartMs));
  }

  async #openWebSocket(): Promise<WebSocketClient> {
    const { port, messagesPerSecond } = this.#options;
    const socket = await WebSocketClient.open({
      port,
      host: HOST,
      target: "/websocket",
      faults: this.#faults.websockets,
      waited: this.#waits("websocket"),
    });
    socket.sendAtRate(messagesPerSecond);
    return socket;
  }

  /** From `afterMs` on one after another, until the end, or until one of them fails. */
  async #download(afterMs: number): Promise<void> {
    const { port, downloadBytes: bytes, downloadBytesPerSecond: bytesPerSecond } = this.#options;
    const options = { port, host: HOST, target: `/bytes/${bytes}`, bytes, bytesPerSecond };
    await wait(afterMs);
    while (this.#state === "flowing") {
      try {
        await download({ ...options, timeoutMs: DOWNLOAD_TIMEOUT_MS, waited: this.#waits("download") });
        this.#downloadCount++;
      } catch (error) {
        return this.#faults.downloads.addError(error, "download");
      }
    }
  }

  #waits(kind: ClientKind): (waitedMs: number) => void {
    return (waitedMs) => this.#silence.waited(kind, waitedMs);
  }
}

function countsOf(logs: readonly FaultLog[]): TrafficReport["faultsByKind"] {
  const counts: Partial<Record<FaultKind, number>> = {};
  for (const log of logs) {
    for (const [kind, count] of log.countsByKind) counts[kind] = (counts[kind] ?? 0) + count;
  }
  return counts;
}

/** Each answer must be its own. */
function echoRequest(backendId: string, number: number): LoadRequest {
  const target = `/echo/${number}`;
  const wanted = echoOf(backendId, { method: "GET", target, body: Buffer.alloc(0) });
  return {
    host: HOST,
    target,
    check: ({ status, body }) =>
      status === 200 && body.toString() === wanted
        ? undefined
        : `${status} ${body.toString("latin1", 0, 60)}`,
  };
}
