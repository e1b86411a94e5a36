/**
 * A worker process without an engine, for tests of main: it follows its channel as a real one does, and
 * misbehaves on order. What it is to do is the id of a cluster or backend that is added or removed.
 *
 * | change | what it does |
 * | --- | --- |
 * | adds cluster `die` | exits with 70 before it answers |
 * | adds cluster `dies-prepared` | exits with 70 once it holds a part with it, before it is to apply it |
 * | adds cluster `drift` | has another hash from then on |
 * | adds cluster `takes-back` | cannot give its connections away from then on |
 * | adds cluster `dies-giving` | exits with 70 when it is to give its connections away |
 * | adds cluster `gives-for-long` | gives its connections away without an end |
 * | adds cluster `connected` | has a connection from then on |
 * | adds cluster `hang` | answers nothing any more |
 * | adds cluster `spin` | never ends the turn that it is in |
 * | removes backend `used-N` | N connections use it, until they are closed or backend `free` is removed |
 *
 * `KAKEHI_FAKE_WORKER=refuse` exits with 78 at once, `=crash` with 70; `=loads-for-long` says nothing for
 * `LOAD_MS` while it loads its state.
 */
import { rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { receiveDescriptor } from "../src/io/descriptors.ts";
import { encodeMessage, MessageChannel } from "../src/io/message-channel.ts";
import type { HeldDrain } from "../src/model/adoption.ts";
import type { Change, DrainRequest, DrainUse, FromWorker, ToWorker } from "../src/model/channel.ts";
import { closeDescriptor } from "../src/sys/descriptor.ts";
import { messagesIn } from "../src/worker/load-file.ts";
import { Worker } from "../src/worker/worker.ts";

const mode = process.env["KAKEHI_FAKE_WORKER"];
if (mode === "refuse") process.exit(78);
if (mode === "crash") process.exit(70);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
const LOAD_MS = 4_000;

// Nobody meets it there, but it is looked for.
const rendezvous = process.argv[process.argv.indexOf("--rendezvous") + 1]!;
writeFileSync(rendezvous, "");
process.on("exit", () => rmSync(rendezvous, { force: true }));

/** It counts one whenever it is looked at. */
let requests = 0;
let connections = 0;
const drains = new Map<number, HeldDrain>();
/** The sockets of each listener, the oldest first. */
const listeners = new Map<string, number[]>();
let giving: "all" | "takes-back" | "dies-giving" | "gives-for-long" = "all";
let behaviour: "good" | "hangs" | "drifts" = "good";

const channel = new MessageChannel<ToWorker>(new Socket({ fd: 3, readable: true, writable: true }), {
  received: (messages) => {
    for (const message of messages) {
      if (mode === "loads-for-long" && message.type.startsWith("load")) standStill();
      if (behaviour !== "hangs") worker.follow(message);
    }
  },
  drained: () => undefined,
  closed: () => process.exit(0),
});

function send(message: FromWorker): void {
  if (behaviour === "hangs") return;
  const drifts = behaviour === "drifts" && "hash" in message;
  channel.sendEncoded(encodeMessage(drifts ? { ...message, hash: "drifted" } : message));
}

/** As a worker that the machine gives no time to, after it was heard once. */
function standStill(): void {
  worker.beat();
  channel.flush();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOAD_MS);
}

const staged: Change[] = [];

const worker = new Worker({
  engine: {
    stage: (changes) => {
      staged.push(...changes);
      if (changes.some(({ kind, key }) => kind === "cluster" && key === "dies-prepared")) process.exit(70);
    },
    apply: (changes, requests) => {
      for (const change of [...staged.splice(0), ...changes]) obey(change);
      return requests.map(usesOf);
    },
    bindListener: (address, fd) => void listeners.set(address, [...(listeners.get(address) ?? []), fd]),
    unlisten: (address) => {
      const fd = listeners.get(address)?.shift();
      if (fd !== undefined) closeDescriptor(fd);
      send({ type: "unlistened", address });
    },
    closeDrained: (drain) => free(drain),
    keepDeadlines: () => undefined,
    followSecrets: ({ ticket_keys: keys }) => {
      const names = keys.map(({ name }) => name).join(" ");
      send({ type: "log", level: "info", message: `ticket keys: ${names}` });
    },
    stop: () => {
      channel.flush();
      process.exit(0);
    },
    tryBackends: ({ addresses }, tell) => tell(addresses.map(() => null)),
    ask: (question) =>
      question.kind === "uses" ? question.objects.map(({ key }) => usesIn(key)) : undefined,
    presence: "running",
    listeningSockets: [],
    get connectionCount() {
      return connections;
    },
    get drainCounts() {
      return [...drains.values()];
    },
    get totals() {
      return { requests: ++requests };
    },
  },
  send,
  takeListener: () => {
    const received = receiveDescriptor(4);
    if (!received.ok) throw new Error("no descriptor came before its message");
    return received.value;
  },
  readLoadFile: () => {
    const received = receiveDescriptor(4);
    if (!received.ok) throw new Error("no descriptor came before its message");
    return messagesIn(received.value);
  },
  handover: {
    take: () => undefined,
    give: () => {
      if (giving === "takes-back") return send({ type: "took-back", reason: "it took back" });
      channel.flush();
      if (giving === "gives-for-long") return undefined;
      process.exit(giving === "dies-giving" ? 70 : 0);
    },
    givesTo: undefined,
    followed: () => undefined,
    drainCounts: () => ({ uses: [...drains.values()] }),
  },
  mainLink: { serveAlone: () => undefined, tellState: () => undefined },
  version: "fake",
  io: "fake",
  ioReason: "for tests",
});

setInterval(() => worker.beat(), 100);

function obey({ kind, key, after }: Change): void {
  if (kind === "cluster" && after !== undefined) {
    if (key === "die") process.exit(70);
    if (key === "connected") connections = 1;
    if (key === "drift") behaviour = "drifts";
    if (key === "hang") behaviour = "hangs";
    while (key === "spin");
    if (key === "takes-back" || key === "dies-giving" || key === "gives-for-long") giving = key;
  }
  if (kind === "backend" && after === undefined && key.endsWith(" free")) {
    for (const drain of drains.keys()) free(drain);
  }
}

function usesOf(request: DrainRequest): DrainUse {
  const { drain, key } = request;
  const connections = usesIn(key);
  if (connections > 0) drains.set(drain, { ...request, connections });
  return { drain, connections };
}

function usesIn(key: string): number {
  return Number(/ used-(\d+)$/.exec(key)?.[1] ?? 0);
}

function free(drain: number): void {
  drains.delete(drain);
  queueMicrotask(() => send({ type: "drain", use: { drain, connections: 0 } }));
}
