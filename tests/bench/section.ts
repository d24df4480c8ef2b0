/** What a benchmark is made of: sections of cases, which give rows. */

/** How a case runs. */
export interface BenchSettings {
  /** Small shapes and few rounds: shows that everything runs, in seconds; the numbers mean nothing. */
  quick: boolean;
}

/** One measured number. */
export interface Row {
  what: string;
  shape: string;
  /** Null where it could not be measured; `note` says why. */
  value: number | null;
  unit: "GFLOP/s" | "tokens/s" | "episodes/s" | "s";
  /** Half the distance between the quartiles, as a share of the median; null for a single measurement. */
  spread: number | null;
  /** Matrix-product work per second as a share of the raw MatMul rate, measured in turns in the same process. */
  ofRaw: number | null;
  /** Time as a share of another way's, measured in turns in the same process; `note` says which. */
  timeRatio: number | null;
  /** The share of the raw rate to reach. */
  aim: number | null;
  note: string;
}

/** Cases run in a process of their own each, so that peaks of memory do not mix. */
export interface BenchCase {
  name: string;
  /** What its process may hold at most, in 10^9 bytes; shown beside what it did. */
  memoryLimit?: number;
  run(settings: BenchSettings): Promise<Row[]>;
}

/** Cases whose rows make one table. */
export interface Section {
  name: string;
  title: string;
  cases: readonly BenchCase[];
  /** Left out unless asked for by name. */
  heavy?: boolean;
}

/** A row with what is mostly absent filled in. */
export function row(given: Pick<Row, "what" | "shape" | "value" | "unit"> & Partial<Row>): Row {
  return { spread: null, ofRaw: null, timeRatio: null, aim: null, note: "", ...given };
}
