/**
 * One run of a trainer: the optimizer, the count of steps, and what happens around each of them: schedule, checks,
 * evaluation, checkpoints, resuming, stopping. Trainers only say what a step's batch is and how its gradient comes about.
 */
import { NotFiniteLogitsError } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { BestMetric } from "./best_metric.ts";
import {
  compareFingerprints,
  type Fingerprint,
  fingerprintOf,
  type FoundCheckpoint,
  readState,
  restoreCheckpoint,
  restoreParameters,
  RunCheckpoints,
  saveCheckpoint,
  type TrainerState,
  verifyManifest,
} from "./checkpoint/mod.ts";
import { type DivergenceError, divergenceError } from "./divergence.ts";
import { AdamW } from "./optimizer.ts";
import { learningRateAt } from "./schedule.ts";
import { checkEvaluation, type SessionSetup, type StepData, type StepResult } from "./session_setup.ts";
import type { Metrics, TrainingStep } from "./step.ts";

/** A run, from its first step or from a checkpoint on. */
export class TrainingSession {
  readonly optimizer: AdamW;
  /** All randomness of the run: forks of it by purpose and step. */
  random: Random;
  readonly totalSteps: number;
  /** Steps done. */
  step = 0;
  /** Real tokens seen. */
  tokensSeen = 0;
  /** Layers whose residuals are kept, which the trainer decides; a resumed run keeps as many. */
  keptLayers: number | null = null;
  /** The checkpoint that the run goes on from. */
  resumedFrom: string | null = null;
  readonly #setup: SessionSetup;
  readonly #best: BestMetric;
  readonly #checkpoints: RunCheckpoints;
  #fingerprint: Fingerprint = {};
  #notes: string[] = [];
  #stoppedEarly = false;
  #isBest = false;
  #savedStep = -1;
  /** False from the moment that the weights change until the step can be yielded. */
  #isComplete = true;

  private constructor(setup: SessionSetup) {
    this.#setup = setup;
    this.totalSteps = setup.totalSteps;
    this.random = new Random(setup.options.seed ?? 42);
    this.#best = new BestMetric(setup.options);
    this.#checkpoints = new RunCheckpoints(setup.options, (line) => this.note(line));
    const { model, adapter, options } = setup;
    this.optimizer = new AdamW(model.engine, adapter ? adapter.factors : model.weights, options);
  }

  /**
   * Begins a run, or goes on with one where the options say so.
   *
   * @throws When options contradict each other, `outputDir` holds checkpoints that are not to be resumed, there is no
   *   checkpoint at the path given, or it belongs to another run; the message says what to do.
   */
  static async open(setup: SessionSetup): Promise<TrainingSession> {
    checkEvaluation(setup);
    const session = new TrainingSession(setup);
    try {
      await session.#begin();
    } catch (error) {
      await session.dispose();
      throw error;
    }
    return session;
  }

  async #begin(): Promise<void> {
    const { options, model, adapter, trainer, hasReference = false } = this.#setup;
    const { outputDir, resumeFromCheckpoint = false } = options;
    if (outputDir === undefined && resumeFromCheckpoint === false) return;
    const found = await this.#checkpoints.choose();
    const own = { trainer, ...this.#setup.fingerprint() };
    this.#fingerprint = await fingerprintOf(model, adapter, own, hasReference || adapter !== undefined);
    if (found) await this.#resume(found);
    await this.#checkpoints.begin(found);
  }

  async #resume({ path }: FoundCheckpoint): Promise<void> {
    const { options, model, adapter } = this.#setup;
    const state = await readState(path);
    const changes = compareFingerprints(path, state.fingerprint, this.#fingerprint, options.resumeWithChanges ?? false);
    await restoreCheckpoint(path, { model, adapter, optimizer: this.optimizer }, state.optimizerSteps);
    this.step = this.#savedStep = state.step;
    this.tokensSeen = state.numTokens;
    this.random = Random.restore(state.random);
    this.keptLayers = state.keptLayers;
    this.resumedFrom = path;
    this.note(`resumed from ${path} after step ${state.step}`);
    changes.forEach((change) => this.note(change));
    if (state.totalSteps !== this.totalSteps) {
      this.note(
        `the run was meant to have ${state.totalSteps} steps and now has ${this.totalSteps}: the learning rate follows the ` +
          "new length",
      );
    }
    await this.#restoreBest(state);
  }

  /** Goes on with the best evaluation so far, if it still means something. */
  async #restoreBest({ best, evaluationsWithoutGain, evaluationData, stoppedEarly }: TrainerState): Promise<void> {
    const { options: { loadBestModelAtEnd = false }, evaluation } = this.#setup;
    if (best && evaluation) {
      const path = this.#checkpoints.pathOf(best.step);
      const problem = best.metric !== this.#best.metric
        ? `it is by ${best.metric}, and now ${this.#best.metric} decides`
        : evaluationData !== (evaluation.data?.() ?? null)
        ? "it was on other data"
        : loadBestModelAtEnd && await verifyManifest(path) !== null
        ? `its checkpoint ${path} is not there`
        : null;
      if (problem === null) this.#best.restore(best, evaluationsWithoutGain);
      else this.note(`the best evaluation so far, that of step ${best.step}, no longer counts: ${problem}`);
    }
    // Patience may be another than before.
    this.#stoppedEarly = this.#best.isExhausted;
    if (stoppedEarly && !this.#stoppedEarly) this.note("the run had stopped early and goes on");
  }

  /** Whether nothing is left to train. */
  get finished(): boolean {
    return this.step >= this.totalSteps || this.#stoppedEarly;
  }

  /** Adds a line to the next step's notes. */
  note(line: string): void {
    this.#notes.push(line);
    this.#setup.options.onNote?.(line);
  }

  /** Throws the signal's reason when it was aborted. */
  throwIfAborted(): void {
    this.#setup.options.signal?.throwIfAborted();
  }

  /** Does a part of a step that runs the model: when it gives logits that are not finite, training has diverged. */
  async guard<T>(data: StepData, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // The decoder says which completion it was, and names this as the cause.
      const causes = [error, error instanceof Error ? error.cause : undefined];
      if (!causes.some((cause) => cause instanceof NotFiniteLogitsError)) throw error;
      throw await this.#diverged(this.step + 1, "the model's logits are not finite", data, error);
    }
  }

  /**
   * Updates the weights with the gradients that the optimizer has, evaluates where it is time, and gives the step to be
   * yielded. Call `checkpoint` when the consumer asks for the next step: it has then seen, and perhaps logged, this one.
   *
   * @throws {DivergenceError} when loss or gradient are not finite or have exploded; the weights are unchanged
   */
  async update({ metrics, tokens, started, ...data }: StepResult): Promise<TrainingStep> {
    const { options, stepsPerEpoch, lossLimit } = this.#setup;
    const step = this.step + 1;
    const { loss } = metrics;
    if (!Number.isFinite(loss)) throw await this.#diverged(step, `the loss is ${loss}`, data);
    if (loss > lossLimit) {
      const [value, limit] = [loss, lossLimit].map((number) => number.toPrecision(4));
      throw await this.#diverged(step, `the loss has exploded to ${value}, above the limit of ${limit},`, data);
    }
    const gradNorm = await this.optimizer.gradNorm();
    if (!Number.isFinite(gradNorm)) throw await this.#diverged(step, `the gradient's norm is ${gradNorm}`, data);
    // The weights of the step before have proved good: older checkpoints are no longer needed to go back to.
    await this.#checkpoints.removeOld(this.step, this.#best.best?.step);

    const learningRate = learningRateAt(this.step, { ...options, totalSteps: this.totalSteps });
    this.#isComplete = false;
    await this.optimizer.step(learningRate, gradNorm);
    this.step = step;
    this.tokensSeen += tokens;
    const all: Metrics = {
      ...metrics,
      grad_norm: gradNorm,
      learning_rate: learningRate,
      num_tokens: this.tokensSeen,
      ...(stepsPerEpoch === null ? {} : { epoch: step / stepsPerEpoch }),
      step_time: (performance.now() - started) / 1000,
    };
    Object.assign(all, await this.#evaluate(data));
    this.#isComplete = true;
    const notes = this.#notes;
    this.#notes = [];
    return { step, totalSteps: this.totalSteps, metrics: all, ...(notes.length === 0 ? {} : { notes }) };
  }

  async #diverged(step: number, problem: string, data: StepData, cause?: unknown): Promise<DivergenceError> {
    const lastCheckpoint = await this.#checkpoints.lastGood(step);
    return divergenceError(problem, { ...data, step, lastCheckpoint, cause });
  }

  async #evaluate(data: StepData): Promise<Metrics> {
    const { evaluation, options: { evalSteps = 0, loadBestModelAtEnd = false, earlyStoppingPatience } } = this.#setup;
    const isDue = this.step === this.totalSteps || (evalSteps > 0 && this.step % evalSteps === 0);
    this.#isBest = false;
    if (!evaluation || !isDue) return {};
    const metrics = await this.guard(data, evaluation.run);
    if (!loadBestModelAtEnd && earlyStoppingPatience === undefined) return metrics;
    this.#isBest = this.#best.add(this.step, metrics);
    const { best, metric, withoutGain } = this.#best;
    if (this.#best.isExhausted && this.step < this.totalSteps) {
      this.#stoppedEarly = true;
      this.note(
        `stopped early: ${metric} has not become better in ${withoutGain} evaluations` +
          (best ? `; the best is ${best.value.toPrecision(6)} of step ${best.step}` : ""),
      );
    }
    if (this.finished && loadBestModelAtEnd && best && best.step !== this.step) {
      this.note(
        `the run ends with the weights of step ${best.step}, whose ${metric} of ${
          best.value.toPrecision(6)
        } is the best`,
      );
    }
    return metrics;
  }

  /** Saves a checkpoint if it is time for one. */
  async checkpoint(): Promise<void> {
    const { saveSteps = 500, loadBestModelAtEnd = false } = this.#setup.options;
    if (this.finished || this.step % saveSteps === 0 || (this.#isBest && loadBestModelAtEnd)) await this.#save();
  }

  async #save(): Promise<void> {
    const { options, model, adapter, trainer, stepsPerEpoch, files, evaluation } = this.#setup;
    const { outputDir, baseModel = "", fileSystem } = options;
    if (outputDir === undefined || this.#savedStep === this.step) return;
    const state: TrainerState = {
      trainer,
      step: this.step,
      totalSteps: this.totalSteps,
      epoch: stepsPerEpoch === null ? 0 : this.step / stepsPerEpoch,
      numTokens: this.tokensSeen,
      stoppedEarly: this.#stoppedEarly,
      best: this.#best.best,
      evaluationsWithoutGain: this.#best.withoutGain,
      evaluationData: evaluation?.data?.() ?? null,
      optimizerSteps: this.optimizer.steps,
      random: this.random.save(),
      keptLayers: this.keptLayers,
      fingerprint: this.#fingerprint,
    };
    const contents = { model, adapter, baseModel, optimizer: this.optimizer, state, files: files?.() ?? {} };
    await saveCheckpoint(this.#checkpoints.pathOf(this.step), contents, { fileSystem });
    this.#savedStep = this.step;
    this.#checkpoints.saved(this.step);
  }

  /**
   * Ends a run whose steps are done: the best weights take the place of the last ones where that was asked for.
   *
   * @throws When the best checkpoint is no longer whole; the model keeps the last weights.
   */
  async finish(): Promise<void> {
    const { options: { loadBestModelAtEnd = false }, model, adapter } = this.#setup;
    const { best } = this.#best;
    await this.#checkpoints.removeOld(this.step, best?.step);
    if (!loadBestModelAtEnd || !best || best.step === this.step) return;
    const path = this.#checkpoints.pathOf(best.step);
    const problem = await verifyManifest(path);
    if (problem !== null) {
      throw new Error(
        `${path}, the best checkpoint, cannot be loaded: ${problem}. The model has the last step's weights`,
      );
    }
    await restoreParameters(path, model, adapter);
  }

  /** Saves what was learned when the signal has ended the run between two steps. Call it with what a step threw. */
  async interrupted(error: unknown): Promise<void> {
    const { signal } = this.#setup.options;
    if (!signal?.aborted || error !== signal.reason || !this.#isComplete || this.step === 0) return;
    try {
      await this.#save();
    } catch (problem) {
      // The reason of the abort is what the caller waits for.
      console.warn(`the run was stopped after step ${this.step}, and no checkpoint could be saved:`, problem);
    }
  }

  /** Frees the optimizer; weights and adapter stay. */
  async dispose(): Promise<void> {
    await this.optimizer.dispose();
  }
}
