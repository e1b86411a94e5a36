/**
 * What metrics hold, as workers tell main and main answers `METRICS`. Types only: which metrics there are is
 * `metrics/catalogue.ts`.
 */

/** A distribution: its buckets from the lowest to the highest, the empty ones left out. */
export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** The largest value that a bucket takes, and how many are in it: in it alone, not in those below. */
  readonly buckets: readonly (readonly [upper: number, count: number])[];
}

/** A number, one number for each value of a label, or a distribution. */
export type MetricValue = number | Readonly<Record<string, number>> | HistogramValue;

/** Values by the metrics' names. One that is not there is zero. */
export type MetricValues = Readonly<Record<string, MetricValue>>;
