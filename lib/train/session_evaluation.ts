/** A run's evaluations: when one is due, which was the best, and when to stop for want of a better one. */
import { type BestEvaluation, BestMetric } from "./best_metric.ts";
import { type TrainerState, verifyManifest } from "./checkpoint/mod.ts";
import type { SessionSetup } from "./session_setup.ts";
import type { Metrics } from "./step.ts";

/** What a checkpoint remembers of the evaluations. */
export type EvaluationState = Pick<TrainerState, "best" | "evaluationsWithoutGain" | "evaluationData" | "stoppedEarly">;

/** Follows the evaluations of a run. */
export class SessionEvaluation {
  readonly #best: BestMetric;
  #isBest = false;
  #stoppedEarly = false;
  #data: string | null = null;

  constructor(
    readonly setup: Pick<SessionSetup, "options" | "evaluation" | "totalSteps">,
    /** Takes lines for the log. */
    readonly note: (line: string) => void,
  ) {
    this.#best = new BestMetric(setup.options);
  }

  /** The best one so far, where one decides. */
  get best(): BestEvaluation | null {
    return this.#best.best;
  }

  /** Whether the last step's was the best so far. */
  get isBest(): boolean {
    return this.#isBest;
  }

  /** Whether patience has run out. */
  get stoppedEarly(): boolean {
    return this.#stoppedEarly;
  }

  /** Evaluates after a step if it is time to; gives its metrics. */
  async after(step: number): Promise<Metrics> {
    const { evaluation, totalSteps, options } = this.setup;
    const { evalSteps = 0, loadBestModelAtEnd = false, earlyStoppingPatience } = options;
    const isDue = step === totalSteps || (evalSteps > 0 && step % evalSteps === 0);
    this.#isBest = false;
    if (!evaluation || !isDue) return {};
    const metrics = await evaluation.run();
    if (!loadBestModelAtEnd && earlyStoppingPatience === undefined) return metrics;
    this.#isBest = this.#best.add(step, metrics);
    const { best, metric, withoutGain } = this.#best;
    if (this.#best.isExhausted && step < totalSteps) {
      this.#stoppedEarly = true;
      this.note(
        `stopped early: ${metric} has not become better in ${withoutGain} evaluations` +
          (best ? `; the best is ${best.value.toPrecision(6)} of step ${best.step}` : ""),
      );
    }
    const isLast = step === totalSteps || this.#stoppedEarly;
    if (isLast && loadBestModelAtEnd && best && best.step !== step) {
      const value = best.value.toPrecision(6);
      this.note(`the run ends with the weights of step ${best.step}, whose ${metric} of ${value} is the best`);
    }
    return metrics;
  }

  /** Worked out once: every checkpoint asks for it. */
  #dataDigest(): string | null {
    return this.#data ??= this.setup.evaluation?.data?.() ?? null;
  }

  /** What a checkpoint should remember. */
  state(): EvaluationState {
    return {
      best: this.#best.best,
      evaluationsWithoutGain: this.#best.withoutGain,
      evaluationData: this.#dataDigest(),
      stoppedEarly: this.#stoppedEarly,
    };
  }

  /**
   * Goes on with the best evaluation so far, if it still means something.
   *
   * @param pathOf Where a step's checkpoint is.
   */
  async restore(state: EvaluationState, pathOf: (step: number) => string): Promise<void> {
    const { best, evaluationsWithoutGain } = state;
    if (best && this.setup.evaluation) {
      const problem = await this.#problemOf(best, state.evaluationData, pathOf(best.step));
      if (problem === null) this.#best.restore(best, evaluationsWithoutGain);
      else this.note(`the best evaluation so far, that of step ${best.step}, no longer counts: ${problem}`);
    }
    // Patience may be another than before.
    this.#stoppedEarly = this.#best.isExhausted;
    if (state.stoppedEarly && !this.#stoppedEarly) this.note("the run had stopped early and goes on");
  }

  async #problemOf(best: BestEvaluation, data: string | null, checkpoint: string): Promise<string | null> {
    const { loadBestModelAtEnd = false } = this.setup.options;
    const { metric } = this.#best;
    if (best.metric !== metric) return `it is by ${best.metric}, and now ${metric} decides`;
    if (data !== this.#dataDigest()) return "it was on other data";
    if (loadBestModelAtEnd && await verifyManifest(checkpoint) !== null) {
      return `its checkpoint ${checkpoint} is not there`;
    }
    return null;
  }
}
