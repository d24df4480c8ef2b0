/** What TRL logs of a batch of pairs. */
import type { DpoLossInputs, TokenLogProbs } from "./dpo_loss.ts";
import type { ResolvedLossOptions } from "./dpo_loss_options.ts";
import { mean } from "./step.ts";

/**
 * Means over the pairs of a batch: `rewards/chosen`, `rewards/rejected` (beta times the log-ratio of policy and
 * reference), `rewards/margins`, `rewards/accuracies` (how often the chosen one has the higher reward), `logps/chosen`,
 * `logps/rejected` (sums over tokens). The losses without a reference have means over tokens for log-probabilities, and
 * beta times those for rewards.
 *
 * `nll_loss` where a part of the loss is one, over tokens; of ORPO also `log_odds_chosen` and `log_odds_ratio`.
 */
export function dpoMetrics(
  { chosenLogProbs, rejectedLogProbs, promptLogProbs = [], ...reference }: DpoLossInputs,
  { losses, beta, needsReference }: ResolvedLossOptions,
): Record<string, number> {
  const { referenceChosenLogps: chosenBase = [], referenceRejectedLogps: rejectedBase = [] } = reference;
  const score = (rows: TokenLogProbs) => rows.map((row) => total(row) / (needsReference ? 1 : row.length));
  const [chosen, rejected] = [score(chosenLogProbs), score(rejectedLogProbs)];
  const chosenRewards = chosen.map((logp, i) => beta * (logp - (needsReference ? chosenBase[i] : 0)));
  const rejectedRewards = rejected.map((logp, i) => beta * (logp - (needsReference ? rejectedBase[i] : 0)));
  const metrics: Record<string, number> = {
    "rewards/chosen": mean(chosenRewards),
    "rewards/rejected": mean(rejectedRewards),
    "rewards/accuracies": mean(chosenRewards.map((reward, i) => reward > rejectedRewards[i] ? 1 : 0)),
    "rewards/margins": mean(chosenRewards.map((reward, i) => reward - rejectedRewards[i])),
    "logps/chosen": mean(chosen),
    "logps/rejected": mean(rejected),
  };
  const types = losses.map(({ type }) => type);
  if (types.includes("sft")) metrics.nll_loss = -mean(chosenLogProbs.flat());
  if (!types.includes("orpo")) return metrics;
  const logOdds = chosen.map((logp, i) => logp - rejected[i] - (logOneMinusExp(logp) - logOneMinusExp(rejected[i])));
  return {
    ...metrics,
    nll_loss: -mean([...chosenLogProbs, ...promptLogProbs].flat()),
    log_odds_chosen: mean(logOdds),
    log_odds_ratio: mean(logOdds.map((odds) => -Math.max(-odds, 0) - Math.log1p(Math.exp(-Math.abs(odds))))),
  };
}

function total(row: readonly number[]): number {
  return row.reduce((sum, value) => sum + value, 0);
}

/** log(1 - e^x); a probability of 1 is held just below, as in the loss. */
function logOneMinusExp(x: number): number {
  return Math.log(-Math.expm1(Math.min(x, -1e-9)));
}
