/** The parameters of Llama 3's rotary scaling, found again from the factors that GGUF keeps instead of them. */
import type { ModelConfig } from "../../models/mod.ts";

type Scaling = NonNullable<ModelConfig["ropeScaling"]> & { type: "llama3" };

/** Original lengths that are tried where a file does not say its own: those of published models and their neighbours. */
const LENGTHS = Array.from({ length: 12 }, (_, i) => 8192 * 2 ** (i % 2 === 0 ? i / 2 : -(i + 1) / 2));

/** Factors are float32: how far apart two may be, relatively. */
const TOLERANCE = 1e-6;

/** What a file may say besides the factors. */
export interface ScalingHints {
  /** The length first trained on. */
  original?: number;
  factor?: number;
  /** Turns within that length at which the blend begins and ends. */
  low?: number;
  high?: number;
}

/**
 * Finds parameters that give these factors. Different ones may give the same; all of them compute the same.
 *
 * @param factors By what each frequency is divided, [headDim / 2].
 * @param frequencies Before scaling, in radians a position.
 * @param hints Tried first.
 * @returns Nothing when no parameters give these factors
 */
export function fitLlama3Scaling(
  factors: ArrayLike<number>,
  frequencies: readonly number[],
  hints: ScalingHints = {},
): Scaling | undefined {
  const factor = hints.factor ?? decimal(Math.max(...Array.from(factors)));
  if (!(factor > 1)) return undefined;
  const hinted: [number, number][] = hints.low && hints.high ? [[hints.low, hints.high]] : [];
  for (const length of hints.original === undefined ? LENGTHS : [hints.original]) {
    const turns = frequencies.map((frequency) => length * frequency / (2 * Math.PI));
    for (const [low, high] of [...hinted, [1, 4], ...blend(factors, turns, factor)]) {
      if (!(low > 0 && high > low && fits(factors, turns, { factor, low, high }))) continue;
      return {
        type: "llama3",
        factor,
        lowFrequencyFactor: low,
        highFrequencyFactor: high,
        originalMaxPositions: length,
      };
    }
  }
  return undefined;
}

/** Which share of a frequency is kept, and the factor that this makes. */
function factorAt(turns: number, { factor, low, high }: { factor: number; low: number; high: number }): number {
  const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
  return 1 / (kept + (1 - kept) / factor);
}

function fits(
  factors: ArrayLike<number>,
  turns: readonly number[],
  parameters: { factor: number; low: number; high: number },
): boolean {
  return turns.every((n, i) => Math.abs(factorAt(n, parameters) / factors[i] - 1) < TOLERANCE);
}

/**
 * Where the blend begins and ends. It is linear in the turns: two frequencies that are partly kept determine it. One leaves its
 * slope open, so it is made steep; none leaves it anywhere between those that are kept and those that are not.
 */
function blend(factors: ArrayLike<number>, turns: readonly number[], factor: number): [low: number, high: number][] {
  const shares = turns.map((n, i) => ({ n, kept: (1 / factors[i] - 1 / factor) / (1 - 1 / factor) }));
  const partly = shares.filter(({ kept }) => kept > 1e-3 && kept < 1 - 1e-3);
  if (partly.length === 0) {
    const low = Math.max(...shares.filter(({ kept }) => kept <= 1e-3).map(({ n }) => n));
    const high = Math.min(...shares.filter(({ kept }) => kept > 1e-3).map(({ n }) => n));
    return [[low, Number.isFinite(high) ? high : 2 * low]];
  }
  const [first, last] = [partly[0], partly[partly.length - 1]];
  if (first === last) {
    const width = 0.01 * first.n;
    return [[first.n - first.kept * width, first.n + (1 - first.kept) * width]];
  }
  const slope = (first.kept - last.kept) / (first.n - last.n);
  const low = first.n - first.kept / slope;
  return [[decimal(low), decimal(low + 1 / slope)], [low, low + 1 / slope]];
}

/** A number that somebody wrote down: few digits. */
function decimal(number: number): number {
  return Number(number.toPrecision(5));
}
