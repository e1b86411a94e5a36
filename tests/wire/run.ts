/**
 * Runs one transcript against the engine in the simulated network. The world that it meets is described in
 * `README.md`.
 */
import assert from "node:assert/strict";
import { MalformedMessage } from "../../testing/http/head.ts";
import type { Message } from "../../testing/http/message-reader.ts";
import { ProxyHeaderReader } from "../../testing/http/proxy-header.ts";
import { RequestReader } from "../../testing/http/request.ts";
import { type Response, ResponseReader } from "../../testing/http/response.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimOptions } from "../../testing/sim/sim-network.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import { assertMatches } from "./match.ts";
import type { Outcome, Step, Transcript } from "./transcript.ts";

const LISTENER = "127.0.0.1:80";
const PROXIED_LISTENER = "127.0.0.1:81";
const BACKEND = "10.0.0.1:9000";
const REFUSING = "10.0.0.2:9000";
const SILENT = "10.0.0.3:9000";
/** Backends that ask for a PROXY header. */
const ASKING = { v1: "10.0.0.4:9000", v2: "10.0.0.5:9000" } as const;

/** Runs it to its end and throws an `AssertionError` where it went otherwise. */
export function runTranscript(transcript: Transcript, options: SimOptions): void {
  const run = new WireRun(
    options,
    transcript.steps.some(({ kind }) => kind === "listener"),
  );
  for (const step of transcript.steps) run.step(step);
  run.finish();
}

class WireRun {
  readonly #rig: EngineRig;
  readonly #client: ClientView;
  readonly #backends: BackendView[] = [];

  constructor(options: SimOptions, sendsProxyHeader: boolean) {
    this.#rig = new EngineRig(options);
    const { net } = this.#rig;
    const listener = sendsProxyHeader ? PROXIED_LISTENER : LISTENER;
    this.#rig.listener(listener, { accept_proxy_protocol: sendsProxyHeader });
    for (const [cluster, address] of [
      ["app", BACKEND],
      ["refused", REFUSING],
      ["silent", SILENT],
    ] as const) {
      this.#rig.cluster(cluster);
      this.#rig.backend(cluster, "one", address);
    }
    this.#rig.cluster("sticky", { sticky_session: true });
    this.#rig.backend("sticky", "one", BACKEND, { sticky_id: "one-1" });
    this.#rig.cluster("https-only", { https_redirect: true });
    this.#rig.backend("https-only", "one", BACKEND);
    for (const version of ["v1", "v2"] as const) {
      this.#rig.cluster(version, { send_proxy_protocol: version });
      this.#rig.backend(version, "one", ASKING[version]);
      net.backend(ASKING[version]).onConnection = (peer) =>
        void this.#backends.push(new BackendView(peer, new ProxyHeaderReader()));
    }
    this.#rig.frontend(listener, "*.example", { cluster_id: "app" });
    for (const name of ["empty", "refused", "silent", "sticky", "https-only", "v1", "v2"])
      this.#rig.frontend(listener, `${name}.example`, { cluster_id: name });
    net.backend(BACKEND).onConnection = (peer) => void this.#backends.push(new BackendView(peer));
    net.backend(REFUSING).mode = "refused";
    net.backend(SILENT).mode = "silent";
    this.#client = new ClientView(net.client(listener));
    net.settle();
  }

  step(step: Step): void {
    const { net } = this.#rig;
    switch (step.kind) {
      case "client":
        this.#client.send(step.bytes);
        break;
      case "backend":
        this.#latest.send(step.bytes);
        break;
      case "at-client":
        assertMatches(this.#client.next(), step.pattern);
        break;
      case "at-backend":
        assertMatches(this.#nextRequest(), step.pattern);
        break;
      case "does":
        act(step.who === "client" ? this.#client.peer : this.#latest.peer, step.what);
        break;
      case "listener":
        break;
      case "proxy-header":
        assert.equal(this.#latest.header, step.header, "the PROXY header of the latest connection");
        break;
      case "wait":
        net.advance(step.ms);
        break;
      case "outcome":
        this.#judge(step.outcome);
        break;
    }
    net.settle();
    this.#client.read();
    for (const backend of this.#backends) backend.read();
  }

  /**
   * The client goes, if it is still there, and the engine must let go of everything but idle backend
   * connections.
   */
  finish(): void {
    const { net } = this.#rig;
    const { peer } = this.#client;
    if (peer.side === "open" || peer.side === "ended") peer.reset();
    net.settle().advance(10_000);
    this.#rig.assertAtRest();
  }

  get #latest(): BackendView {
    const latest = this.#backends.at(-1);
    assert.ok(latest !== undefined, "no backend was connected to");
    return latest;
  }

  #nextRequest(): Message {
    const unread = this.#backends.find((backend) => backend.requests.length > backend.matched);
    assert.ok(unread !== undefined, "no complete request came to a backend");
    return unread.requests[unread.matched++]!;
  }

  #judge(outcome: Outcome): void {
    const client = this.#client;
    if (outcome.statuses !== undefined && outcome.client !== "cut") {
      assert.deepEqual(
        client.statuses,
        outcome.statuses,
        `status codes at the client, which got\n${client.peer.received.slice(0, 2_000)}`,
      );
    }
    if (outcome.client !== undefined)
      assert.equal(client.ending, outcome.client, "the end of the client's connection");
    if (outcome.backendSawNothing === true) {
      assert.equal(this.#backends.map(({ peer }) => peer.received).join(""), "", "bytes at a backend");
    }
    if (outcome.backendConnections !== undefined)
      assert.equal(this.#backends.length, outcome.backendConnections, "backend connections");
    if (outcome.backendRequests !== undefined) {
      assert.equal(
        this.#backends.flatMap(({ requests }) => requests).length,
        outcome.backendRequests,
        "requests at backends",
      );
    }
    for (const [number, ending] of outcome.backendEndings) {
      const backend = this.#backends[number - 1];
      assert.ok(backend !== undefined, `there is no backend connection ${number}`);
      const { peer } = backend;
      const gone = peer.ending !== "open" || peer.side === "reset";
      assert.equal(gone ? "gone" : "open", ending, `backend connection ${number}`);
    }
  }
}

/** The client's side: what it sent decides how its answers are read. */
class ClientView {
  readonly peer: SimPeer;
  readonly #messages: Message[] = [];
  readonly #methods: string[] = [];
  readonly #final: Response[] = [];
  readonly #reader: ResponseReader;
  #matched = 0;
  #cut: "unknown" | "whole" | "cut" = "unknown";

  constructor(peer: SimPeer) {
    this.peer = peer;
    const events = {
      interim: (message: Message) => void this.#messages.push(message),
      response: (response: Response) => void (this.#messages.push(response), this.#final.push(response)),
    };
    // Refusals answer what was no request; they are read as answers to a GET.
    this.#reader = new ResponseReader(events, () => this.#methods[this.#final.length] ?? "GET");
  }

  get statuses(): number[] {
    return this.#final.map(({ status }) => status);
  }

  get ending(): "open" | "end" | "reset" | "cut" {
    if (this.#cut === "cut") return "cut";
    if (this.peer.ending === "open") return "open";
    return this.peer.ending === "ended" ? "end" : "reset";
  }

  send(bytes: string): void {
    for (const [, method] of bytes.matchAll(/^([A-Z]+) \S+ HTTP\/1\.[01]\r$/gm)) this.#methods.push(method!);
    this.peer.send(bytes);
  }

  /** Reads what came; a response that is not whole when the connection is over is a cut. */
  read(): void {
    const { ending } = this.peer;
    this.#reader.push(this.peer.takeNew());
    if (ending === "open" || this.#cut !== "unknown") return;
    const wasReading = this.#reader.expects !== "idle";
    if (ending === "reset") {
      this.#cut = wasReading ? "cut" : "whole";
      return;
    }
    try {
      this.#reader.end();
      this.#cut = "whole";
    } catch (error) {
      assert.ok(error instanceof MalformedMessage);
      this.#cut = "cut";
    }
  }

  next(): Message {
    const message = this.#messages[this.#matched++];
    assert.ok(message !== undefined, `no (other) response came; the client got\n${this.peer.received}`);
    return message.head.startLine.startsWith("HTTP/1.1 101")
      ? { ...message, body: this.#reader.rest }
      : message;
  }
}

class BackendView {
  readonly peer: SimPeer;
  readonly requests: Message[] = [];
  matched = 0;
  readonly #reader: RequestReader;
  readonly #headerReader: ProxyHeaderReader | undefined;

  constructor(peer: SimPeer, headerReader?: ProxyHeaderReader) {
    this.peer = peer;
    this.#headerReader = headerReader;
    this.#reader = new RequestReader({ request: (request) => void this.requests.push(request) });
  }

  send(bytes: string): void {
    if (bytes.startsWith("HTTP/1.1 101")) this.#reader.stop();
    this.peer.send(bytes);
  }

  /** What its PROXY header tells, once it has come. */
  get header(): string | undefined {
    return this.#headerReader?.header;
  }

  /** Throws where what came could not be read as requests. */
  read(): void {
    const bytes = this.peer.takeNew();
    this.#reader.push(this.#headerReader?.push(bytes) ?? bytes);
  }
}

function act(peer: SimPeer, what: "ends" | "resets" | "closes"): void {
  if (what === "ends") peer.end();
  else if (what === "resets") peer.reset();
  else peer.close();
}
