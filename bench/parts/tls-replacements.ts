/**
 * A thousand replacements of one certificate in ten seconds, while new connections ask for it all the time:
 * none may fail, and nothing may stay.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import { BULK_DOMAIN, BulkCertificates, bulkNameOf } from "../certificates/bulk-certificates.ts";
import { startKakehi, type Kakehi } from "../contestants/kakehi.ts";
import type { HandshakesResult } from "../load/handshakes.ts";
import { faultsText, runHandshakes } from "../load/run-handshakes.ts";
import { PINNED } from "../load/secured-connection.ts";
import { findFreePort } from "../processes.ts";
import { goalAtLeast, goalAtMost, type Section } from "../section.ts";
import { settledBytes } from "../settled-memory.ts";
import type { Part, Surroundings } from "./part.ts";

const REPLACEMENTS = 1_000;
const SECONDS = 10;
const HANDSHAKE_RATE = 100;
/** So that connections come before the first replacement and after the last. */
const MARGIN_MS = 1_000;
/** A kilobyte for each replacement: less than one certificate that stayed would take. */
const LEFT_BYTES_MAX = 1024 * 1024;
/** So many handshakes found another one that the replacements surely lay between them. */
const CERTIFICATES_MIN = 500;

export const tlsReplacementsPart: Part = { name: "tls-replacements", run };

/** One turn of a thousand. */
interface Turn {
  readonly handshakes: HandshakesResult;
  readonly refused: number;
  readonly seconds: number;
}

async function run(surroundings: Surroundings): Promise<Section> {
  const { folder, upstreamPort, tell } = surroundings;
  const kakehi = await startKakehi(folder, { io: "uring", workers: 1 });
  try {
    const replacer = await Replacer.open(kakehi, folder, upstreamPort);
    // The first turn warms up what is no part of the heap: compiled code, and what the allocators keep.
    await measureTurn(replacer);
    const before = await settledBytes(kakehi.workerPids);
    await surroundings.waitForQuiet();
    const turn = await measureTurn(replacer);
    const left = (await settledBytes(kakehi.workerPids)) - before;
    tell(
      `tls-replacements: ${turn.handshakes.completed} handshakes${faultsText(turn.handshakes)}, ${left} bytes left`,
    );
    return sectionOf(turn, left);
  } finally {
    await kakehi.end();
  }
}

/** Puts one certificate in the place of another, again and again. */
class Replacer {
  readonly port: number;
  readonly #client: Client;
  readonly #bulk: BulkCertificates;
  readonly #listener: string;
  #current: string;

  private constructor(
    client: Client,
    bulk: BulkCertificates,
    port: number,
    listener: string,
    current: string,
  ) {
    this.port = port;
    this.#client = client;
    this.#bulk = bulk;
    this.#listener = listener;
    this.#current = current;
  }

  /** Serves the first one, on a listener of its own. */
  static async open({ client }: Kakehi, folder: string, upstreamPort: number): Promise<Replacer> {
    const bulk = new BulkCertificates(folder);
    const port = await findFreePort();
    const listener = `127.0.0.1:${port}`;
    const cluster_id = "replaced";
    const backend = { cluster_id, backend_id: "only", address: `127.0.0.1:${upstreamPort}` };
    const first = bulk.make(0);
    await client.send({ type: "ADD_LISTENER", data: { address: listener, protocol: "https" } });
    await client.send({ type: "ADD_CLUSTER", data: { cluster_id } });
    await client.send({ type: "ADD_BACKEND", data: backend });
    await client.send({ type: "ADD_FRONTEND", data: { listener, hostname: `*.${BULK_DOMAIN}`, cluster_id } });
    const order: { type: string; data: object } = {
      type: "ADD_CERTIFICATE",
      data: bulk.sentAs(first, listener),
    };
    await client.send(order);
    return new Replacer(client, bulk, port, listener, first.fingerprint);
  }

  /** Sends it on its way; resolves with whether it was done. */
  replace(): Promise<boolean> {
    const next = this.#bulk.make(0);
    const data = { ...this.#bulk.sentAs(next, this.#listener), old_fingerprint: this.#current };
    this.#current = next.fingerprint;
    const order: { type: string; data: object } = { type: "REPLACE_CERTIFICATE", data };
    return this.#client.send(order).then(
      () => true,
      () => false,
    );
  }
}

async function measureTurn(replacer: Replacer): Promise<Turn> {
  const handshakes = runHandshakes({
    ...PINNED,
    port: replacer.port,
    name: bulkNameOf(0),
    kind: "full",
    rate: HANDSHAKE_RATE,
    seconds: SECONDS + (2 * MARGIN_MS) / 1_000,
    countsCertificates: true,
  });
  await wait(MARGIN_MS);
  const started = performance.now();
  const sent: Promise<boolean>[] = [];
  while (sent.length < REPLACEMENTS) {
    const due = Math.ceil(((performance.now() - started) / (SECONDS * 1_000)) * REPLACEMENTS);
    while (sent.length < Math.min(due, REPLACEMENTS)) sent.push(replacer.replace());
    await wait(1);
  }
  const done = await Promise.all(sent);
  const seconds = (performance.now() - started) / 1_000;
  return { handshakes: await handshakes, refused: done.filter((isDone) => !isDone).length, seconds };
}

function sectionOf({ handshakes, refused, seconds }: Turn, left: number): Section {
  const whole = (value: number): string => value.toLocaleString("en");
  return {
    title: "Replacing a certificate under handshakes",
    how:
      `${whole(REPLACEMENTS)} orders REPLACE_CERTIFICATE in ${SECONDS} s, by the clock, under ${HANDSHAKE_RATE} new connections a second, ` +
      "each with a full handshake and one request; the memory of the worker at rest before and after, once as many were replaced before.",
    head: ["", ""],
    rows: [
      ["seconds until the last OK", seconds.toFixed(2)],
      ["handshakes", whole(handshakes.completed)],
      ["different certificates that they were shown", whole(handshakes.certificates)],
      [`failed handshakes${faultsText(handshakes)}`, whole(handshakes.faults)],
      ["refused orders", whole(refused)],
      ["bytes left", whole(left)],
    ],
    goals: [
      goalAtMost("failed handshakes", 0, handshakes.faults, 0),
      goalAtMost("refused orders", 0, refused, 0),
      goalAtLeast("different certificates shown", CERTIFICATES_MIN, handshakes.certificates),
      goalAtMost("bytes left (less is how memory breathes)", LEFT_BYTES_MAX, left, 0),
    ],
  };
}
