/**
 * Measures contestants in turn: all are up at once, and idle but for the one under load, so that every round
 * compares the same minutes.
 */
import type { Wildcard } from "./certificates/wildcard.ts";
import type { Contestant } from "./contestants/contestant.ts";
import type { Surroundings } from "./parts/part.ts";

/** What is measured, and how. `R` is what one round of one contestant gives. */
export interface Rounds<R> {
  /** What is told on the terminal before each result. */
  readonly name: string;
  /** With it, contestants speak TLS. */
  readonly wildcard?: Wildcard;
  /**
   * How long each is under load before the first round [4]: so long that the compilers of a garbage-collected
   * language have seen the hot path.
   */
  readonly warmUpSeconds?: number;
  /** Called once, when all contestants run. */
  readonly begin?: (running: readonly Contestant[]) => Promise<void>;
  readonly measure: (contestant: Contestant, seconds: number) => Promise<R>;
  readonly tell: (result: R) => string;
}

const WARM_UP_SECONDS = 4;

/** The results of each contestant by its name, in the contestants' order. */
export async function measureInTurn<R>(
  surroundings: Surroundings,
  rounds: Rounds<R>,
): Promise<ReadonlyMap<string, readonly R[]>> {
  const { folder, upstreamPort, options, contestants, tell, waitForQuiet } = surroundings;
  const running: Contestant[] = [];
  const results = new Map<string, R[]>();
  const warmUp = rounds.warmUpSeconds ?? WARM_UP_SECONDS;
  try {
    for (const kind of contestants) running.push(await kind.start(folder, upstreamPort, rounds.wildcard));
    await rounds.begin?.(running);
    for (const contestant of running) await rounds.measure(contestant, warmUp);
    for (let round = 1; round <= options.rounds; round++) {
      for (const contestant of running) {
        await waitForQuiet();
        const result = await rounds.measure(contestant, options.seconds);
        results.set(contestant.name, [...(results.get(contestant.name) ?? []), result]);
        tell(`${rounds.name} ${round}/${options.rounds} ${contestant.name}: ${rounds.tell(result)}`);
      }
    }
  } finally {
    for (const contestant of running) await contestant.end();
  }
  return results;
}
