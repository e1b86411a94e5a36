/**
 * What every part of the benchmark gets, and what it is.
 */
import type { ContestantKind } from "../contestants/contestant.ts";
import type { BenchOptions } from "../options.ts";
import type { Section } from "../section.ts";

/** The surroundings of a part: where to write, what is behind the proxies, whom to tell. */
export interface Surroundings {
  readonly folder: string;
  readonly upstreamPort: number;
  readonly options: BenchOptions;
  readonly contestants: readonly ContestantKind[];
  /** Says on the terminal what goes on. */
  readonly tell: (text: string) => void;
  /** Waits until the machine is quiet; throws when it does not become so, unless a busy one was allowed. */
  readonly waitForQuiet: () => Promise<void>;
}

/** One part, with the name that `--only` takes. */
export interface Part {
  readonly name: string;
  run(surroundings: Surroundings): Promise<Section>;
}
