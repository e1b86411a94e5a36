/**
 * Processor time per handshake, each followed by one small request on the same connection: full ones with
 * either kind of key, and resumed ones of either version. At a fixed rate that all can carry.
 */
import { wildcardWith, type KeyKind } from "../certificates/wildcard.ts";
import type { Contestant } from "../contestants/contestant.ts";
import type { Handshakes } from "../load/handshakes.ts";
import { faultsText, runHandshakes } from "../load/run-handshakes.ts";
import { agreementOfAll, PINNED, type TlsVersion } from "../load/secured-connection.ts";
import {
  costOf,
  costRatio,
  type CostRound,
  type CostRounds,
  costText,
  faultsIn,
  medianCost,
  spreadText,
} from "../processor-cost.ts";
import { measureInTurn } from "../rounds.ts";
import { goalAtMost, type Goal, type Section } from "../section.ts";
import { hostnameOf } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

/** One kind of handshake, of each of these versions. */
interface HandshakeCase {
  readonly name: string;
  readonly title: string;
  readonly kind: Handshakes["kind"];
  readonly keyKind: KeyKind;
  readonly versions: readonly TlsVersion[];
  /** Handshakes per second: about half of what the load's core can make. */
  readonly rate: number;
}

const CASES: readonly HandshakeCase[] = [
  {
    name: "tls-handshakes-ecdsa",
    title: "Full handshakes, ECDSA P-256",
    ...{ kind: "full", keyKind: "ecdsa", versions: ["TLSv1.3"], rate: 250 },
  },
  {
    name: "tls-handshakes-rsa",
    title: "Full handshakes, RSA-2048",
    ...{ kind: "full", keyKind: "rsa", versions: ["TLSv1.3"], rate: 250 },
  },
  {
    name: "tls-handshakes-resumed",
    title: "Resumed handshakes",
    ...{ kind: "resumed", keyKind: "ecdsa", versions: ["TLSv1.3", "TLSv1.2"], rate: 300 },
  },
];

const OURS = "kakehi-uring";
const THEIRS: readonly string[] = ["haproxy", "nginx"];
/**
 * Some thousands of handshakes, for all alike: they are few in a second, and a compiler sees each of their
 * steps that much later. After 8 s compiling still was a tenth of our cost.
 */
const WARM_UP_SECONDS = 20;
/** Of the better of the two. */
const RATIO_MAX = 1;

export const HANDSHAKE_PARTS: readonly Part[] = CASES.map((handshakeCase) => ({
  name: handshakeCase.name,
  run: (surroundings) => runCase(handshakeCase, surroundings),
}));

async function runCase(handshakeCase: HandshakeCase, surroundings: Surroundings): Promise<Section> {
  const { title, rate, versions } = handshakeCase;
  const rows: (readonly string[])[] = [];
  const goals: Goal[] = [];
  const agreements: string[] = [];
  for (const version of versions) {
    const { rounds, agreed } = await measureVersion(handshakeCase, version, surroundings);
    agreements.push(agreed);
    rows.push(...rowsOf(rounds, version));
    if (!rounds.has(OURS) || !THEIRS.some((name) => rounds.has(name))) continue;
    const text = `${OURS}, ${version}, ratio to the better of ${THEIRS.join(" and ")}`;
    goals.push(goalAtMost(text, RATIO_MAX, costRatio(rounds, OURS, THEIRS)));
    goals.push(goalAtMost(`${OURS}, ${version}, faults`, 0, faultsIn(rounds.get(OURS) ?? []), 0));
  }
  const { rounds, seconds } = surroundings.options;
  const how =
    `Processor time of the worker per handshake with one small request after it, ${rate} new connections a second ` +
    `after ${WARM_UP_SECONDS} s of them; medians of ${rounds} rounds of ${seconds} s in turn. Agreed by all: ${agreements.join("; ")}. ` +
    "Ratios are to the better of HAProxy and nginx. A handshake that is resumed and should not be, or the other way around, is a fault.";
  return { title, how, head: HEAD, rows, goals };
}

async function measureVersion(
  { name, kind, keyKind, rate }: HandshakeCase,
  version: TlsVersion,
  surroundings: Surroundings,
): Promise<{ readonly rounds: CostRounds; readonly agreed: string }> {
  const wish = { ...PINNED, name: hostnameOf(0), version };
  let agreed = "";
  const measure = (contestant: Contestant, seconds: number): Promise<CostRound> =>
    costOf(contestant, async () => {
      const result = await runHandshakes({ ...wish, port: contestant.port, kind, rate, seconds });
      if (result.faults > 0) surroundings.tell(`${contestant.name}${faultsText(result)}`);
      return { units: result.completed, faults: result.faults, seconds };
    });
  const rounds = await measureInTurn<CostRound>(surroundings, {
    name: `${name} ${version}`,
    wildcard: wildcardWith(keyKind, surroundings.folder),
    warmUpSeconds: WARM_UP_SECONDS,
    begin: async (running) => {
      agreed = await agreementOfAll(running, wish);
    },
    measure,
    tell: (round) => costText(round, "handshakes"),
  });
  return { rounds, agreed };
}

const HEAD: readonly string[] = [
  "",
  "µs/handshake",
  "user",
  "kernel",
  "ratio",
  "handshakes/s",
  "spread",
  "faults",
];

function rowsOf(rounds: CostRounds, version: TlsVersion): readonly (readonly string[])[] {
  return [...rounds].map(([name, all]) => [
    `${name}, ${version}`,
    ...(["total", "user", "kernel"] as const).map((field) => medianCost(rounds, name, field).toFixed(0)),
    costRatio(rounds, name, THEIRS).toFixed(2),
    medianCost(rounds, name, "unitsPerSecond").toFixed(0),
    spreadText(all),
    String(faultsIn(all)),
  ]);
}
