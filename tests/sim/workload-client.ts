/**
 * Clients of a simulated run: each sends a few requests on one connection, one after the other or in a row,
 * reads fast or slowly, keeps its cookies, stays or goes. It judges what it gets against the ledger.
 */
import type { Prng } from "../../src/base/prng.ts";
import { MalformedMessage, valuesOf } from "../../testing/http/head.ts";
import { type Response, ResponseReader } from "../../testing/http/response.ts";
import type { SimNetwork } from "../../testing/sim/sim-network.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import { Ledger, type RequestRecord } from "./ledger.ts";
import { POISON_HEAD } from "./workload-backend.ts";

export interface ClientWorld {
  readonly net: SimNetwork;
  readonly prng: Prng;
  readonly ledger: Ledger;
  readonly faultRate: number;
  /** Whether the listener asks for a PROXY header: then it tells each client. */
  readonly asksForHeader: boolean;
}

const REQUESTS_MAX = 6;
const BODY_BYTES_MAX = 3_000;
const THINK_MS_MAX = 2_000;

export class WorkloadClient {
  readonly peer: SimPeer;
  readonly #world: ClientWorld;
  readonly #clusters: readonly string[];
  readonly #ip: string;
  readonly #reader: ResponseReader;
  readonly #toSend: RequestRecord[] = [];
  /** Sent, and not answered to the end. */
  readonly #waiting: RequestRecord[] = [];
  /** Of sticky sessions, by cluster. */
  readonly #cookies: Map<string, string> = new Map();
  readonly #isPipelining: boolean;
  #announcedClose = false;
  #mustClose = false;
  #wentItself = false;

  constructor(world: ClientWorld, listener: string, clusters: readonly string[]) {
    const { net, prng, ledger } = world;
    this.#world = world;
    this.#clusters = clusters;
    this.#ip = ledger.nextClientIp();
    this.peer = net.client(listener, world.asksForHeader ? {} : { ip: this.#ip });
    if (world.asksForHeader) this.peer.send(`PROXY TCP4 ${this.#ip} 198.51.100.1 50000 80\r\n`);
    this.#reader = new ResponseReader(
      { response: (response) => this.#answered(response) },
      () => this.#waiting[0]?.method,
    );
    this.#isPipelining = prng.chance(0.3);
    for (let count = prng.between(1, REQUESTS_MAX); count > 0; count--) {
      const method = prng.chance(0.6) ? "GET" : prng.chance(0.8) ? "POST" : "HEAD";
      const bodyBytes = prng.chance(0.2) ? 0 : prng.below(BODY_BYTES_MAX);
      const body = method === "POST" ? "b".repeat(bodyBytes) : "";
      this.#toSend.push(ledger.open(method, clusters[prng.below(clusters.length)]!, body, this.#ip));
    }
    this.peer.onReceived = () => this.#read();
    this.peer.onEnding = () => this.#ended();
    if (prng.chance(0.2)) this.#readSlowly();
    if (prng.chance(world.faultRate)) net.after(prng.below(1_000), () => this.#goAway());
    this.#sendNext();
  }

  /** Whether nothing more is to come for it or from it. */
  get isOver(): boolean {
    return this.peer.state === "refused" || this.peer.side !== "open" || this.peer.ending !== "open";
  }

  /** Sends one more request, if it waits for nothing: its answer must say that it is the last. */
  sendLast(): void {
    if (this.isOver || this.#waiting.length > 0 || this.#announcedClose) return;
    this.#mustClose = true;
    this.#toSend.push(this.#world.ledger.open("GET", this.#clusters[0]!, "", this.#ip));
    this.#sendNext();
  }

  /** Goes, if it has nothing under way: as a browser does that was closed. */
  leave(): void {
    if (this.#waiting.length === 0) this.#goAway();
  }

  #sendNext(): void {
    if (this.peer.side !== "open" || this.peer.ending !== "open") return;
    for (const record of this.#isPipelining ? this.#toSend.splice(0) : this.#toSend.splice(0, 1)) {
      this.#waiting.push(record);
      this.peer.send(this.#write(record));
    }
  }

  #write(record: RequestRecord): string {
    const { prng } = this.#world;
    const cookie = this.#cookies.get(record.cluster);
    const cookieLine = cookie === undefined ? "" : `Cookie: ${cookie}\r\n`;
    const emptyLine = prng.chance(0.1) ? "\r\n" : "";
    const requestLine = `${emptyLine}${record.method} /r/${record.number} HTTP/1.1\r\n`;
    const head = `${requestLine}Host: ${record.cluster}.example\r\n${cookieLine}`;
    if (record.method !== "POST") return `${head}\r\n`;
    if (prng.chance(0.5)) return `${head}Content-Length: ${record.body.length}\r\n\r\n${record.body}`;
    const chunk = record.body === "" ? "" : `${record.body.length.toString(16)}\r\n${record.body}\r\n`;
    return `${head}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
  }

  #read(): void {
    try {
      this.#reader.push(this.peer.takeNew());
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#world.ledger.break(`a client got what is no response: ${error.message}`);
    }
  }

  #answered(response: Response): void {
    const { ledger, net, prng } = this.#world;
    const record = this.#waiting.shift()!;
    const [setCookie] = valuesOf(response.head, "set-cookie");
    if (setCookie !== undefined) this.#cookies.set(record.cluster, setCookie.split(";", 1)[0]!);
    if (response.closes) this.#announcedClose = true;
    else if (this.#mustClose) ledger.break(`request ${record.number} was answered as if more could follow`);
    if (response.head.startLine === POISON_HEAD.trim()) {
      record.outcome = "refused";
    } else if (response.status === 200) {
      record.outcome = "answered";
      const wanted = record.method === "HEAD" ? "" : Ledger.answerTo(record);
      if (response.body.toString("latin1") !== wanted)
        ledger.break(`request ${record.number} got another's answer, or half of one`);
    } else {
      record.outcome = "refused";
      this.#judgeRefusal(record, response.status);
    }
    if (response.closes || this.#waiting.length > 0) return;
    net.after(prng.below(THINK_MS_MAX), () => this.#sendNext());
  }

  /** An error is right only where something was done to deserve it. */
  #judgeRefusal(record: RequestRecord, status: number): void {
    const { ledger } = this.#world;
    const { disturbances } = ledger;
    const spoiled = record.spoiled.length > 0;
    const deserved =
      (status === 502 &&
        (spoiled || disturbances.has("poison") || (disturbances.has("stale") && record.method === "POST"))) ||
      (status === 504 && spoiled) ||
      ((status === 503 || status === 504) &&
        (disturbances.has("no-backend") || disturbances.has("unreachable"))) ||
      (status === 404 && disturbances.has("no-frontend"));
    if (!deserved) ledger.break(`request ${record.number} (${record.method}) got ${status} for nothing`);
  }

  #ended(): void {
    const { ledger } = this.#world;
    if (this.#wentItself) return;
    const record = this.#waiting[0];
    try {
      if (this.peer.ending === "ended") this.#reader.end();
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
    }
    if (record !== undefined && record.outcome === "unanswered" && !this.#announcedClose) {
      record.outcome = "cut";
      const isDeserved = record.spoiled.length > 0 || ledger.disturbances.has("poison");
      if (!isDeserved) ledger.break(`request ${record.number} was cut (${this.peer.ending}) for nothing`);
    }
    if (this.peer.ending === "reset" && record === undefined && !this.#announcedClose)
      ledger.break("an idle client was reset");
  }

  #readSlowly(): void {
    const { net, prng } = this.#world;
    this.peer.pause();
    const readMore = (): void => {
      if (this.isOver) return;
      this.peer.read(prng.between(1, 2_000));
      net.after(prng.between(1, 50), readMore);
    };
    readMore();
  }

  #goAway(): void {
    if (this.isOver) return;
    this.#wentItself = true;
    for (const record of this.#waiting) record.spoiled.push("the client went");
    if (this.#world.prng.chance(0.5)) this.peer.reset();
    else this.peer.close();
  }
}
