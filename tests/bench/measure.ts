/**
 * Timing. What is compared is measured in turns: one sample of each function a round, so that whatever else the machine
 * does in a round slows all of them, and their ratio stays true when neither absolute number is.
 */
import { resourceUsage } from "node:process";
import { setTimeout as delay } from "node:timers/promises";

/** Times of one function, a sample a round. */
export interface Timing {
  /** Milliseconds a call, round by round. */
  samples: readonly number[];
  /** Their median. */
  milliseconds: number;
  /** Half the distance between the quartiles, as a share of the median: 0.02 is "plus or minus 2%". */
  spread: number;
}

/** How long to measure. */
export interface MeasureOptions {
  /** Rounds that count. */
  rounds: number;
  /** Rounds before them that do not; default 1. */
  warmUp?: number;
  /** A sample repeats a faster function until it lasts about this many milliseconds; default 20. */
  sampleMilliseconds?: number;
  /**
   * Idle time before each sample; default 50. Threads of a low-latency program wait for its next run in a loop: for some
   * 30 ms they would take a core from whatever is measured next.
   */
  restMilliseconds?: number;
}

/** Options that show that everything runs. */
export const QUICK: MeasureOptions = { rounds: 2, sampleMilliseconds: 0, restMilliseconds: 0 };

/** Something to time; what it returns is awaited. */
export type Measured = () => unknown;

/** Times functions in turns. */
export async function measure<Name extends string>(
  functions: Record<Name, Measured>,
  { rounds, warmUp = 1, sampleMilliseconds = 20, restMilliseconds = 50 }: MeasureOptions,
): Promise<Record<Name, Timing>> {
  const names = Object.keys(functions) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  const calls: Partial<Record<Name, number>> = {};
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of names) {
      await delay(restMilliseconds);
      // Nothing is known of a function at first: its first sample is one call.
      const each = await timeCalls(functions[name], calls[name] ?? 1);
      calls[name] = Math.max(1, Math.ceil(sampleMilliseconds / each));
      if (round >= 0) samples[name].push(each);
    }
  }
  return Object.fromEntries(names.map((name) => [name, timing(samples[name])])) as Record<Name, Timing>;
}

/** Milliseconds a call. Of several calls one more comes first, which wakes threads and caches up. */
async function timeCalls(run: Measured, calls: number): Promise<number> {
  if (calls > 1) await run();
  const started = performance.now();
  for (let call = 0; call < calls; call++) await run();
  return (performance.now() - started) / calls;
}

/** Summarises samples of at least one round. */
export function timing(samples: readonly number[]): Timing {
  const milliseconds = median(samples);
  return { samples, milliseconds, spread: (quantile(samples, 0.75) - quantile(samples, 0.25)) / 2 / milliseconds };
}

/** Two things that were timed in turns, with the work that a call of each does, in one unit. */
export interface Rate {
  timing: Timing;
  /** Floating-point operations a call. */
  flops: number;
}

/** How fast `one` works as a share of how fast `other` does: the median over rounds of each round's ratio. */
export function ratioOfRates(one: Rate, other: Rate): number {
  const ratios = one.timing.samples.map((sample, round) =>
    (one.flops / sample) / (other.flops / other.timing.samples[round])
  );
  return median(ratios);
}

/** How long `one` takes as a share of how long `other` does: the median over rounds of each round's ratio. */
export function ratioOfTimes(one: Timing, other: Timing): number {
  return median(one.samples.map((sample, round) => sample / other.samples[round]));
}

/** 10^9 floating-point operations a second, at the median time. */
export function gigaflops({ timing, flops }: Rate): number {
  return flops / timing.milliseconds / 1e6;
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, interpolated between neighbours. Throws when there are none. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error("quantile: expected at least one value");
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/**
 * The most memory that this process ever held, in bytes, as the operating system counted it: ONNX Runtime computes while
 * JavaScript waits, so sampling from JavaScript would miss the peak.
 */
export function peakMemory(): number {
  return Math.max(resourceUsage().maxRSS * 1024, Deno.memoryUsage().rss);
}
