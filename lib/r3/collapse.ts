/** Signs that reinforcement learning is ruining a policy, in what a run logs. */
import type { Metrics } from "../train/mod.ts";

/** A sign, and since when. */
export interface CollapseWarning {
  sign: "format" | "length" | "entropy" | "kl" | "reward hacking";
  /** The step of the first row that showed it. */
  step: number;
  message: string;
}

/** From where on something is a sign. */
export interface CollapseLimits {
  /** Share of well-formed steps that must remain. Default 0.9, or what the run began with if that is less. */
  format?: number;
  /** How many times longer or shorter steps may become. Default 2. */
  lengthRatio?: number;
  /** Share of its first entropy that the policy must keep. Default 0.1. */
  entropy?: number;
  /** Nats per episode that it may be away from the reference. Default 20. */
  kl?: number;
  /** How much the share of right answers may fall below its best while the score is at its own best. Default 0.1. */
  exactMatch?: number;
}

/** Rounds that a mean is over: single rounds are noise. */
const WINDOW = 4;

/**
 * Looks for steps that lose their form, lengths that run away, a policy that stopped exploring or left its reference far
 * behind, and a score that rises while right answers become fewer.
 *
 * @param rows What `ppo` logged at each update with the metrics of `r3Episodes`; rows without `objective/scores` are skipped.
 * @returns Each sign once, in the order of their steps.
 */
export function collapseWarnings(
  rows: readonly (Metrics & { step: number })[],
  { format = 0.9, lengthRatio = 2, entropy = 0.1, kl = 20, exactMatch = 0.1 }: CollapseLimits = {},
): CollapseWarning[] {
  const rounds = onePerRound(rows);
  const found = new Map<CollapseWarning["sign"], CollapseWarning>();
  let [bestScore, bestRight] = [-Infinity, -Infinity];
  for (let end = WINDOW; end <= rounds.length; end++) {
    const { step } = rounds[end - 1];
    const now = (name: string) => meanOf(rounds.slice(end - WINDOW, end), name);
    const first = (name: string) => meanOf(rounds.slice(0, WINDOW), name);
    const warn = (sign: CollapseWarning["sign"], isShown: boolean, message: string) => {
      if (isShown && !found.has(sign)) found.set(sign, { sign, step, message: `step ${step}: ${message}` });
    };
    const leastFormat = Math.min(format, first("r3/format") - 0.02);
    warn("format", now("r3/format") < leastFormat, `only ${percent(now("r3/format"))} of the steps are well-formed`);
    const ratio = now("r3/step_tokens") / first("r3/step_tokens");
    const isLong = ratio > lengthRatio || ratio < 1 / lengthRatio;
    warn(
      "length",
      isLong,
      `steps have ${now("r3/step_tokens").toFixed(0)} tokens, ${ratio.toFixed(1)} times the first`,
    );
    const left = now("policy/entropy_avg") / first("policy/entropy_avg");
    warn("entropy", left < entropy, `${percent(left)} of the first entropy is left: the policy explores no more`);
    warn("kl", now("objective/kl") > kl, `${now("objective/kl").toFixed(1)} nats per episode from the reference`);
    bestScore = Math.max(bestScore, now("objective/scores"));
    bestRight = Math.max(bestRight, now("r3/em"));
    const isHacked = now("objective/scores") >= bestScore && now("r3/em") < bestRight - exactMatch;
    warn("reward hacking", isHacked, `the score is at its best, but right answers fell to ${percent(now("r3/em"))}`);
  }
  return [...found.values()];
}

/** A round's metrics stand in each of its updates. */
function onePerRound(rows: readonly (Metrics & { step: number })[]): (Metrics & { step: number })[] {
  const scored = rows.filter((row) => Number.isFinite(row["objective/scores"]));
  return scored.filter((row, i) => i === 0 || row.episode !== scored[i - 1].episode);
}

/** NaN where no row has it, which no comparison finds too small or too large. */
function meanOf(rows: readonly Metrics[], name: string): number {
  const values = rows.map((row) => row[name]).filter((value) => Number.isFinite(value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}
