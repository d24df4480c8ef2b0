/**
 * One run of a trainer: the optimizer, the count of steps, and what happens around each of them: schedule, checks,
 * evaluation, checkpoints, resuming, stopping. Trainers only say what a step's batch is and how its gradient comes about.
 */
import { NotFiniteLogitsError } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
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
import { type DivergenceError, divergenceError, startingLimit } from "./divergence.ts";
import { AdamW } from "./optimizer.ts";
import { recordRun } from "./run_record.ts";
import { learningRateAt } from "./schedule.ts";
import { SessionEvaluation } from "./session_evaluation.ts";
import { checkAdapter, checkEvaluation, type SessionSetup, type StepData, type StepResult } from "./session_setup.ts";
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
  readonly #evaluation: SessionEvaluation;
  readonly #checkpoints: RunCheckpoints;
  #fingerprint: Fingerprint = {};
  #notes: string[] = [];
  #savedStep = -1;
  /** The loss of the run's first step; null until there is one. */
  #firstLoss: number | null = null;
  /** False from the moment that the weights change until the step can be yielded. */
  #isComplete = true;

  private constructor(setup: SessionSetup) {
    this.#setup = setup;
    this.totalSteps = setup.totalSteps;
    this.random = new Random(setup.options.seed ?? 42);
    this.#evaluation = new SessionEvaluation(setup, (line) => this.note(line));
    this.#checkpoints = new RunCheckpoints(setup.options, (line) => this.note(line));
    const { model, adapter, options } = setup;
    this.optimizer = new AdamW(model.engine, adapter ? adapter.factors : model.weights, options);
  }

  /**
   * Begins a run, or goes on with one where the options say so.
   *
   * @throws When options contradict each other, there is no adapter to train and the weights are not float32, `outputDir`
   *   holds checkpoints that are not to be resumed, there is no checkpoint at the path given, or it belongs to another run;
   *   the message says what to do.
   */
  static async open(setup: SessionSetup): Promise<TrainingSession> {
    checkEvaluation(setup);
    checkAdapter(setup);
    if (!setup.adapter) setup.model.needFullPrecision("training without an adapter");
    const session = new TrainingSession(setup);
    if ((setup.options.evalSteps ?? 0) > 0 && !setup.evaluation) {
      session.note("evalSteps is set, but there is nothing to evaluate on");
    }
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
    const resolved = this.#setup.fingerprint();
    const own = { trainer, ...resolved };
    this.#fingerprint = await fingerprintOf(model, adapter, own, hasReference || adapter !== undefined);
    if (found) await this.#resume(found, resolved);
    else await recordRun(this.#setup, resolved);
    await this.#checkpoints.begin(found);
  }

  async #resume({ path }: FoundCheckpoint, resolved: Record<string, unknown>): Promise<void> {
    const { options, model, adapter } = this.#setup;
    const state = await readState(path);
    const changes = compareFingerprints(path, state.fingerprint, this.#fingerprint, options.resumeWithChanges ?? false);
    // Of a run that this is not, nothing is written over.
    await recordRun(this.#setup, resolved, true);
    await restoreCheckpoint(path, { model, adapter, optimizer: this.optimizer }, state.optimizerSteps);
    this.step = this.#savedStep = state.step;
    this.tokensSeen = state.numTokens;
    // With another seed the run goes on with draws of its own.
    if (this.random.save().origin.join() === state.random.origin.join()) this.random = Random.restore(state.random);
    this.keptLayers = state.keptLayers;
    this.#firstLoss = state.firstLoss;
    this.resumedFrom = path;
    this.note(`resumed from ${path} after step ${state.step}`);
    changes.forEach((change) => this.note(change));
    if (state.totalSteps !== this.totalSteps) {
      this.note(
        `the run was meant to have ${state.totalSteps} steps and now has ${this.totalSteps}: the learning rate follows the ` +
          "new length",
      );
    }
    await this.#evaluation.restore(state, (step) => this.#checkpoints.pathOf(step));
    if (this.finished) this.#sayNothingIsLeft();
  }

  /** No step will carry this note: a run that trains nothing should not look like one that did. */
  #sayNothingIsLeft(): void {
    const line = this.#evaluation.stoppedEarly
      ? `the run stopped early at step ${this.step}: nothing is left to train; a higher earlyStoppingPatience goes on`
      : `all ${this.totalSteps} steps are done: nothing is left to train; a higher maxSteps or numTrainEpochs goes on`;
    this.note(line);
    if (!this.#setup.options.onNote) console.warn(line);
  }

  /** Whether nothing is left to train. */
  get finished(): boolean {
    return this.step >= this.totalSteps || this.#evaluation.stoppedEarly;
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
    const { options, stepsPerEpoch } = this.#setup;
    const step = this.step + 1;
    const { loss } = metrics;
    const firstLoss = step === 1 ? loss : this.#firstLoss;
    const lossLimit = options.lossLimit ?? startingLimit(this.#setup.lossLimit, firstLoss);
    if (!Number.isFinite(loss)) throw await this.#diverged(step, `the loss is ${loss}`, data);
    if (loss > lossLimit) {
      const [value, limit] = [loss, lossLimit].map((number) => number.toPrecision(4));
      throw await this.#diverged(step, `the loss has exploded to ${value}, above the limit of ${limit},`, data);
    }
    const gradNorm = await this.optimizer.gradNorm();
    if (!Number.isFinite(gradNorm)) throw await this.#diverged(step, `the gradient's norm is ${gradNorm}`, data);
    // The weights of the step before have proved good: older checkpoints are no longer needed to go back to.
    await this.#checkpoints.removeOld(this.step, this.#evaluation.best?.step);

    const learningRate = learningRateAt(this.step, { ...options, totalSteps: this.totalSteps });
    this.#isComplete = false;
    this.#firstLoss = firstLoss;
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
    Object.assign(all, await this.guard(data, () => this.#evaluation.after(step)));
    this.#isComplete = true;
    const notes = this.#notes;
    this.#notes = [];
    return { step, totalSteps: this.totalSteps, metrics: all, ...(notes.length === 0 ? {} : { notes }) };
  }

  async #diverged(step: number, problem: string, data: StepData, cause?: unknown): Promise<DivergenceError> {
    const lastCheckpoint = await this.#checkpoints.lastGood(step);
    return divergenceError(problem, { ...data, step, lastCheckpoint, cause });
  }

  /** Saves a checkpoint if it is time for one. */
  async checkpoint(): Promise<void> {
    const { saveSteps = 500, loadBestModelAtEnd = false } = this.#setup.options;
    if (this.finished || this.step % saveSteps === 0 || (this.#evaluation.isBest && loadBestModelAtEnd)) {
      await this.#save();
    }
  }

  async #save(): Promise<void> {
    const { options, model, adapter, trainer, stepsPerEpoch, files } = this.#setup;
    const { outputDir, baseModel = "", processingClass, fileSystem } = options;
    if (outputDir === undefined || this.#savedStep === this.step) return;
    const state: TrainerState = {
      trainer,
      step: this.step,
      totalSteps: this.totalSteps,
      epoch: stepsPerEpoch === null ? 0 : this.step / stepsPerEpoch,
      numTokens: this.tokensSeen,
      ...this.#evaluation.state(),
      optimizerSteps: this.optimizer.steps,
      firstLoss: this.#firstLoss,
      random: this.random.save(),
      keptLayers: this.keptLayers,
      fingerprint: this.#fingerprint,
    };
    const { optimizer } = this;
    const contents = { model, adapter, baseModel, processingClass, optimizer, state, files: files?.() ?? {} };
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
    const { best } = this.#evaluation;
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
