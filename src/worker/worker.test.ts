import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CHANNEL_FORMAT,
  type Change,
  type FromWorker,
  type ToWorker,
  type TrialResults,
} from "../model/channel.ts";
import { HANDOVER_FORMAT } from "../model/handover.ts";
import { State } from "../model/state.ts";
import { Worker } from "./worker.ts";

const cluster = (id: string): Change => ({
  kind: "cluster",
  key: id,
  after: { cluster_id: id, load_balancing: "round_robin", sticky_session: false, https_redirect: false },
});

/** A worker over an engine that only writes down what it was asked. */
function newWorker(loadFile: readonly ToWorker[] = []): {
  follow: (...messages: ToWorker[]) => void;
  worker: Worker;
  log: string[];
  sent: FromWorker[];
  /** Who waits for backends to answer. */
  trials: ((results: TrialResults) => void)[];
} {
  const log: string[] = [];
  const sent: FromWorker[] = [];
  const trials: ((results: TrialResults) => void)[] = [];
  const worker = new Worker({
    engine: {
      stage: (changes) => log.push(`stage ${changes.map((change) => change.key).join("")}`),
      apply: (changes, drains) => {
        log.push(`apply ${changes.map((change) => change.key).join("")}`);
        return drains.map(({ drain, key }) => ({ drain, connections: key === "unused" ? 0 : 3 }));
      },
      bindListener: (address, listener) => log.push(`bind ${address} ${listener}`),
      unlisten: (address) => log.push(`unlisten ${address}`),
      closeDrained: (drain) => log.push(`close ${drain}`),
      keepDeadlines: (all) =>
        all.forEach(({ drain, close_at_ms }) => log.push(`keep ${drain} ${close_at_ms}`)),
      followSecrets: ({ ticket_keys: keys }) => log.push(`secrets ${keys.map(({ name }) => name).join("")}`),
      stop: (deadlineMs) => log.push(`stop ${deadlineMs}`),
      ask: (question) => question.kind,
      tryBackends: (_, tell) => trials.push(tell),
      presence: "running",
      listeningSockets: [
        { address: "a", socket: 3, state: "accepting" },
        { address: "b", socket: 4, state: "removed" },
      ],
      connectionCount: 7,
      drainCounts: [
        { drain: 3, kind: "cluster", key: "old", connections: 2 },
        { drain: 4, kind: "cluster", key: "over", connections: 0 },
      ],
      totals: { requests: 5 },
    },
    send: (message) => sent.push(message),
    takeListener: () => 5,
    readLoadFile: () => loadFile,
    handover: {
      take: (from) => log.push(`take ${from}`),
      give: (to, deadlineMs) => log.push(`give ${to} ${deadlineMs}`),
      givesTo: 4,
      followed: () => log.push("followed"),
      drainCounts: ({ from, released }) => ({ uses: [], released: (from ?? 0) + (released ?? 7) }),
    },
    mainLink: {
      serveAlone: (serveMs) => log.push(`alone ${serveMs}`),
      tellState: (state, revision) => log.push(`tell ${state.hash()} ${revision}`),
    },
    version: "1.2.3",
    io: "uring",
    ioReason: "it works",
  });
  return {
    follow: (...messages) => messages.forEach((message) => worker.follow(message)),
    worker,
    log,
    sent,
    trials,
  };
}

/** The hash that main has with these clusters. */
function hashOf(...ids: string[]): string {
  const state = new State();
  for (const id of ids) state.applyChange(cluster(id));
  return state.hash();
}

test("a worker is ready when the last part of the state is loaded, and not before, and tells then what it has", () => {
  const { follow, sent, log } = newWorker();
  follow({ type: "load", revision: 9, changes: [cluster("a")], last: false });
  assert.deepEqual(sent, []);
  follow({ type: "load", revision: 9, changes: [cluster("b")], last: true });
  assert.deepEqual(sent, [
    {
      type: "ready",
      revision: 9,
      hash: hashOf("a", "b"),
      io: "uring",
      io_reason: "it works",
      program: { version: "1.2.3", channel: CHANNEL_FORMAT, handover: HANDOVER_FORMAT },
    },
    { type: "heartbeat", revision: 9, hash: hashOf("a", "b"), connections: 7, totals: { requests: 5 } },
  ]);
  assert.deepEqual(log, ["apply a", "apply b"]);
});

test("a heartbeat in the midst of loading does not claim the revision that is being loaded", () => {
  const { follow, sent, worker } = newWorker();
  follow({ type: "load", revision: 9, changes: [cluster("a")], last: false });
  worker.beat();
  assert.deepEqual(sent, [
    { type: "heartbeat", revision: 0, hash: hashOf(), connections: 7, totals: { requests: 5 } },
  ]);
});

test("each change is told with its revision, the hash after it, and the use of what was removed", () => {
  const { follow, sent } = newWorker();
  const drains = [{ drain: 4, kind: "cluster", key: "b" }] as const;
  follow({ type: "apply", revision: 1, changes: [cluster("a")], drains });
  assert.deepEqual(sent, [
    { type: "applied", revision: 1, hash: hashOf("a"), uses: [{ drain: 4, connections: 3 }] },
  ]);
});

test("what nothing uses is not told", () => {
  const { follow, sent } = newWorker();
  const drains = [{ drain: 4, kind: "cluster", key: "unused" }] as const;
  follow({ type: "apply", revision: 1, changes: [], drains });
  const [applied] = sent;
  assert.deepEqual(applied?.type === "applied" && applied.uses, []);
});

test("parts of a large change are followed at one moment, with its last message", () => {
  const { follow, log, worker, sent } = newWorker();
  const drains = [{ drain: 1, kind: "cluster", key: "x" }] as const;
  follow(
    { type: "part", changes: [cluster("a")], drains },
    { type: "part", changes: [cluster("b")], drains: [] },
  );
  assert.deepEqual(log, ["stage a", "stage b"]);
  worker.beat();
  assert.deepEqual(
    sent,
    [{ type: "heartbeat", revision: 0, hash: hashOf(), connections: 7, totals: { requests: 5 } }],
    "not half of it",
  );
  follow({ type: "apply", revision: 1, changes: [cluster("c")], drains: [] });
  assert.deepEqual(log.slice(2), ["apply c", "followed"]);
  const applied = sent.at(-1);
  assert.deepEqual(applied?.type === "applied" && applied.uses, [{ drain: 1, connections: 3 }]);
  follow({ type: "apply", revision: 2, changes: [cluster("d")], drains: [] });
  assert.deepEqual(log.slice(4), ["apply d", "followed"]);
});

test("a revision that goes back is a defect, not a change", () => {
  const { follow } = newWorker();
  follow({ type: "load", revision: 9, changes: [], last: true });
  assert.throws(() => follow({ type: "apply", revision: 9, changes: [], drains: [] }), /revision 9 after 9/);
});

test("listeners, drains, questions and the stop go to the engine in order", () => {
  const { follow, log, sent } = newWorker();
  follow(
    { type: "listen", address: "a" },
    { type: "unlisten", address: "a" },
    { type: "close-drained", drain: 2 },
    { type: "ask", question: 8, what: { kind: "backends", cluster_id: "app" } },
    { type: "stop", deadline_ms: 100 },
  );
  assert.deepEqual(log, ["bind a 5", "unlisten a", "close 2", "stop 100"]);
  assert.deepEqual(sent, [{ type: "answer", question: 8, data: "backends" }]);
});

test("what another main has asked is not answered to this one, whose questions have the same numbers", () => {
  const { follow, worker, sent, trials } = newWorker();
  const what = {
    kind: "try-backends",
    cluster_id: "app",
    addresses: ["127.0.0.1:1"],
    timeout_ms: 1,
  } as const;
  follow({ type: "ask", question: 1, what });
  worker.meetMain();
  follow({ type: "ask", question: 1, what });
  for (const [index, tell] of trials.entries()) tell([`result ${index}`]);
  assert.deepEqual(sent, [{ type: "answer", question: 1, data: ["result 1"] }]);
});

test("what is said of the time without main goes to the link, and the deadlines to the engine, if there are any", () => {
  const { follow, log } = newWorker();
  follow(
    { type: "alone", serve_ms: 5 },
    { type: "alone", serve_ms: null, deadlines: [{ drain: 3, close_at_ms: 99 }] },
  );
  assert.deepEqual(log, ["alone 5", "keep 3 99", "alone null"]);
});

test("a heartbeat says what the worker has", () => {
  const { follow, worker, sent } = newWorker();
  follow({ type: "load", revision: 9, changes: [cluster("a")], last: true });
  worker.beat();
  assert.deepEqual(sent.at(-1), {
    type: "heartbeat",
    revision: 9,
    hash: hashOf("a"),
    connections: 7,
    totals: { requests: 5 },
  });
});

test("secrets go to the engine, ahead of the state", () => {
  const { follow, log } = newWorker();
  const secretsOf = (name: string): ToWorker => ({
    type: "secrets",
    secrets: {
      ticket_keys: [{ name, hmac_key: "", aes_key: "" }],
      own_certificate: {
        listener: "",
        fingerprint: "",
        names: [],
        key_type: "ecdsa-p256",
        not_before_ms: 0,
        not_after_ms: 0,
        certificate: "",
        chain: [],
        key: "",
      },
    },
  });
  follow(secretsOf("k"), { type: "load", revision: 9, changes: [cluster("a")], last: true }, secretsOf("l"));
  assert.deepEqual(log, ["secrets k", "apply a", "secrets l"]);
});

test("a state in a memory file is loaded as if it came through the channel", () => {
  const { follow, sent } = newWorker([
    { type: "load", revision: 9, changes: [cluster("a")], last: false },
    { type: "load", revision: 9, changes: [cluster("b")], last: true },
  ]);
  follow({ type: "load-file" });
  assert.deepEqual(
    sent.flatMap((message) => (message.type === "ready" ? [message.hash] : [])),
    [hashOf("a", "b")],
  );
});

test("a hand-over is told of each change after it was answered, and asked what drains", () => {
  const { follow, log, sent } = newWorker();
  follow({ type: "take", from: 1 }, { type: "give", to: 2, deadline_ms: 5 }, { type: "give", to: 3 });
  assert.deepEqual(log, ["take 1", "give 2 5", "give 3 undefined"]);
  follow({ type: "ask", question: 4, what: { kind: "drains", from: 10, released: 3 } });
  assert.deepEqual(sent, [{ type: "answer", question: 4, data: { uses: [], released: 13 } }]);
});

test("the next main is told what drains, by its object, as far as something uses it, who takes over, and how many connections there are", () => {
  const { worker } = newWorker();
  const { drains, gives_to, connections } = worker.meetMain();
  assert.deepEqual(drains, [{ drain: 3, kind: "cluster", key: "old", connections: 2 }]);
  assert.deepEqual([gives_to, connections], [4, 7]);
});
