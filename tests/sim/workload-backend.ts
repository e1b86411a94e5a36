/**
 * Backends of a simulated run: each connection reads requests strictly and answers in one of many ways,
 * sometimes, where faults are wanted, wrongly. Every fault is written into the ledger before it is done.
 */
import type { Prng } from "../../src/base/prng.ts";
import { MalformedMessage, valuesOf } from "../../testing/http/head.ts";
import { ProxyHeaderReader } from "../../testing/http/proxy-header.ts";
import { type Request, RequestReader } from "../../testing/http/request.ts";
import type { SimNetwork } from "../../testing/sim/sim-network.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import { Ledger, type RequestRecord } from "./ledger.ts";

export interface BackendWorld {
  readonly net: SimNetwork;
  readonly prng: Prng;
  readonly ledger: Ledger;
  /** How often a backend does something wrong: 0 to 1. */
  readonly faultRate: number;
}

const DELAY_MS_MAX = 400;
export const CHECK_PATH = "/health";
/** How often a check fails that finds nothing wrong: who is down is as able to answer as who is up. */
const CHECK_FAILURE_RATE = 0.3;
/**
 * Bytes behind an answer that reach the proxy only after it gave the connection to the next request cannot be
 * told from that one's answer, by anybody. They are marked, so that the run can tell.
 */
export const POISON_HEAD = "HTTP/1.1 200 Poison\r\n";

/** Makes `address` a backend of `cluster`. */
export function startBackend(world: BackendWorld, address: string, cluster: string): void {
  world.net.backend(address).onConnection = (peer) => new WorkloadConnection(world, peer, cluster);
}

class WorkloadConnection {
  readonly #world: BackendWorld;
  readonly #peer: SimPeer;
  readonly #cluster: string;
  readonly #reader: RequestReader;
  readonly #header = new OptionalHeader();
  #requestCount = 0;

  constructor(world: BackendWorld, peer: SimPeer, cluster: string) {
    this.#world = world;
    this.#peer = peer;
    this.#cluster = cluster;
    this.#reader = new RequestReader({ request: (request) => this.#answer(request) });
    peer.onReceived = () => this.#read();
    peer.onEnding = () => {
      if (peer.side === "open") peer.close();
    };
  }

  #read(): void {
    try {
      this.#reader.push(this.#header.push(this.#peer.takeNew()));
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.#world.ledger.break(`a backend got what is no request: ${error.message}`);
    }
  }

  #answer(request: Request): void {
    const { ledger, prng, net, faultRate } = this.#world;
    if (request.target === CHECK_PATH) return this.#answerCheck();
    const record = ledger.find(Number(request.target.slice("/r/".length)));
    if (record === undefined) return ledger.break(`a backend got ${request.target}, which nobody sent`);
    record.seen++;
    if (record.cluster !== this.#cluster)
      ledger.break(`request ${record.number} came to a backend of ${this.#cluster}`);
    if (request.body.toString("latin1") !== record.body)
      ledger.break(`request ${record.number} has another body`);
    this.#checkClient(request, record);
    const act = prng.chance(faultRate) ? this.#pickFault(record) : (): void => this.#send(record);
    net.after(prng.chance(0.3) ? prng.below(DELAY_MS_MAX) : 0, () => {
      if (this.#peer.side === "open" && this.#peer.ending === "open") act();
    });
  }

  #answerCheck(): void {
    const { net, prng } = this.#world;
    const status = prng.chance(CHECK_FAILURE_RATE) ? 503 : 200;
    net.after(prng.chance(0.3) ? prng.below(DELAY_MS_MAX) : 0, () => {
      const peer = this.#peer;
      if (peer.side === "open") peer.send(`HTTP/1.1 ${status} Health\r\nConnection: close\r\n\r\n`).close();
    });
  }

  /** Whose request it is must be told rightly, and a connection that tells one client serves no other. */
  #checkClient({ head }: Request, { number, clientIp }: RequestRecord): void {
    const { ledger } = this.#world;
    const { told } = this.#header;
    const forwardedFor = valuesOf(head, "x-forwarded-for").join();
    if (forwardedFor !== clientIp)
      ledger.break(`request ${number} of ${clientIp} is told as ${forwardedFor}'s`);
    if (told === undefined) return;
    if (!told.includes(` TCP4 ${clientIp} `)) ledger.break(`request ${number} of ${clientIp} behind ${told}`);
    if (++this.#requestCount > 1) ledger.break(`request ${number} on a connection that served another`);
  }

  /** One of the right ways to answer. */
  #send(record: RequestRecord): void {
    const { prng } = this.#world;
    const peer = this.#peer;
    const body = record.method === "HEAD" ? "" : Ledger.answerTo(record);
    if (prng.chance(0.1)) peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    const announced = prng.chance(0.15) ? "Connection: close\r\n" : "";
    switch (prng.below(3)) {
      case 0:
        peer.send(
          `HTTP/1.1 200 OK\r\n${announced}Transfer-Encoding: chunked\r\n\r\n${chunked(body, record.method)}`,
        );
        break;
      case 1:
        if (record.method === "HEAD") return void peer.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
        return void peer.send(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${body}`).close();
      default:
        peer.send(`HTTP/1.1 200 OK\r\n${announced}Content-Length: ${body.length}\r\n\r\n${body}`);
    }
    if (announced !== "") peer.close();
  }

  /** One of the wrong ways. */
  #pickFault(record: RequestRecord): () => void {
    const { ledger, prng } = this.#world;
    const peer = this.#peer;
    const faults: Readonly<Record<string, () => void>> = {
      "reset before the answer": () => void peer.reset(),
      "closed before the answer": () => void peer.close(),
      "cut in the body": () => void peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf").close(),
      "reset in the body": () =>
        void peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhalf").reset(),
      "malformed head": () => void peer.send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
      "malformed chunk": () => void peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
      "no answer": () => {},
      "closed after the answer, without a word": () => {
        ledger.disturbances.add("stale");
        this.#send(record);
        if (peer.side === "open") peer.close();
      },
      "bytes behind the answer": () => {
        ledger.disturbances.add("stale").add("poison");
        this.#send(record);
        if (peer.side === "open") peer.send(`${POISON_HEAD}Content-Length: 8\r\n\r\npoisoned`);
      },
    };
    const names = Object.keys(faults);
    const name = names[prng.below(names.length)]!;
    record.spoiled.push(name);
    // Content behind the answer to HEAD belongs to nobody: it may meet the next request on the connection.
    if (record.method === "HEAD") ledger.disturbances.add("poison");
    return faults[name]!;
  }
}

function chunked(body: string, method: string): string {
  if (method === "HEAD") return "";
  const middle = body.length >> 1;
  const chunks = [body.slice(0, middle), body.slice(middle)].filter((chunk) => chunk !== "");
  return `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;
}

/** No method of the workload begins so, and no request with an empty line. */
const HEADER_STARTS: readonly string[] = ["PR", "\r\n"];

/** The PROXY header of a connection whose cluster may have begun or ceased to send one. */
class OptionalHeader {
  #reader: ProxyHeaderReader | "undecided" | "none" = "undecided";
  #start: Buffer = Buffer.alloc(0);

  /** As `ProxyHeaderReader.header`; `undefined` where there is none. */
  get told(): string | undefined {
    return typeof this.#reader === "string" ? undefined : this.#reader.header;
  }

  /** Takes the next bytes and gives those that belong to requests. */
  push(bytes: Buffer): Buffer {
    if (this.#reader === "none") return bytes;
    if (this.#reader !== "undecided") return this.#reader.push(bytes);
    this.#start = Buffer.concat([this.#start, bytes]);
    if (this.#start.length < 2) return Buffer.alloc(0);
    const begins = HEADER_STARTS.includes(this.#start.toString("latin1", 0, 2));
    this.#reader = begins ? new ProxyHeaderReader() : "none";
    return this.push(this.#start);
  }
}
