/**
 * What a TLS connection holds of a worker's memory while nothing happens on it, of either version. The
 * clients offer what Node's do, a group of post-quantum keys among it, as browsers do.
 */
import { wildcardWith } from "../certificates/wildcard.ts";
import type { Contestant } from "../contestants/contestant.ts";
import { type Secured, SecuredClient, type TlsVersion } from "../load/secured-connection.ts";
import { goalAtMost, type Section } from "../section.ts";
import { restingBytes, settledBytes } from "../settled-memory.ts";
import { hostnameOf } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

const CONNECTIONS = 2_000;
const CONNECTIONS_AT_ONCE = 20;
const WARM_UP_CONNECTIONS = 40;
const BYTES_MAX = 16_384;
const VERSIONS: readonly TlsVersion[] = ["TLSv1.3", "TLSv1.2"];
const OURS = "kakehi-uring";

export const tlsIdlePart: Part = { name: "tls-idle", run };

/** By contestant, in the order of the versions. */
type Results = ReadonlyMap<string, readonly number[]>;

async function run(surroundings: Surroundings): Promise<Section> {
  const { folder, upstreamPort, contestants, tell } = surroundings;
  const results = new Map<string, readonly number[]>();
  for (const kind of contestants) {
    const perVersion: number[] = [];
    for (const version of VERSIONS) {
      const contestant = await kind.start(folder, upstreamPort, wildcardWith("ecdsa", folder));
      try {
        perVersion.push(await measure(contestant, version));
      } finally {
        await contestant.end();
      }
      tell(`tls-idle ${kind.name} ${version}: ${Math.round(perVersion.at(-1) ?? 0)} bytes per connection`);
    }
    results.set(kind.name, perVersion);
  }
  return sectionOf(results);
}

/**
 * Few connections come and go before: they bring in what is there once. As many would leave so much free
 * memory behind that the others found room in it, and seemed to hold nothing.
 */
async function measure(contestant: Contestant, version: TlsVersion): Promise<number> {
  const client = new SecuredClient({ port: contestant.port, name: hostnameOf(0), version });
  closeAll(await openMany(client, WARM_UP_CONNECTIONS));
  const before = await bytesOf(contestant);
  const connections = await openMany(client, CONNECTIONS);
  const held = (await bytesOf(contestant)) - before;
  closeAll(connections);
  return held / CONNECTIONS;
}

async function openMany(client: SecuredClient, count: number): Promise<readonly Secured[]> {
  const connections: Secured[] = [];
  while (connections.length < count) {
    const some = Array.from({ length: CONNECTIONS_AT_ONCE }, () => client.ask());
    connections.push(...(await Promise.all(some)));
  }
  return connections;
}

function closeAll(connections: readonly Secured[]): void {
  for (const { socket } of connections) socket.destroy();
}

function bytesOf({ name, workerPids }: Contestant): Promise<number> {
  return name.startsWith("kakehi") ? settledBytes(workerPids) : restingBytes(workerPids);
}

function sectionOf(results: Results): Section {
  const ours = results.get(OURS) ?? [];
  return {
    title: "Memory of idle TLS connections",
    how:
      `Private memory (\`RssAnon\`, \`RssShmem\`) of the worker per connection, at rest, with ${CONNECTIONS.toLocaleString("en")} connections that ` +
      "were answered once, less without them. Clients offer X25519MLKEM768 before X25519.",
    head: ["", ...VERSIONS.map((version) => `bytes, ${version}`)],
    rows: [...results].map(([name, all]) => [
      name,
      ...all.map((bytes) => Math.round(bytes).toLocaleString("en")),
    ]),
    goals: ours.map((bytes, index) =>
      goalAtMost(`${OURS}, bytes per idle connection, ${VERSIONS[index]}`, BYTES_MAX, bytes, 0),
    ),
  };
}
