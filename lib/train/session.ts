/**
 * One run of a trainer: the optimizer, the count of steps, and what happens around each of them: schedule, checks,
 * evaluation, checkpoints, resuming, stopping. Trainers only say what a step's batch is and how its gradient comes about.
 */
import type { LoraAdapter } from "../adapters/mod.ts";
import type { CausalLM } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { BestMetric } from "./best_metric.ts";
import {
  checkpointName,
  clearTemporaries,
  compareFingerprints,
  findCheckpoint,
  type Fingerprint,
  fingerprintOf,
  listCheckpoints,
  readState,
  removeOldCheckpoints,
  restoreCheckpoint,
  restoreParameters,
  saveCheckpoint,
  type TrainerState,
  verifyManifest,
} from "./checkpoint/mod.ts";
import { divergenceError } from "./divergence.ts";
import { AdamW } from "./optimizer.ts";
import { learningRateAt } from "./schedule.ts";
import type { Metrics, TrainingOptions, TrainingStep } from "./step.ts";

/** What a trainer tells its session. */
export interface SessionSetup {
  /** The trainer's name: a checkpoint of another one is refused. */
  trainer: string;
  model: CausalLM;
  adapter?: LoraAdapter;
  /** The options that decide the curve, with defaults filled in, and digests of the data; see `compareFingerprints`. */
  fingerprint: Fingerprint;
  options: TrainingOptions & { learningRate: number };
  totalSteps: number;
  /** For `epoch`; null for data without epochs. */
  stepsPerEpoch: number | null;
  /** A loss above it has exploded. */
  lossLimit: number;
  /** Gives the metrics of an evaluation, as `eval_NAME`. */
  evaluate?: () => Promise<Metrics>;
  /** JSON files that checkpoints hold besides. */
  files?: () => Record<string, unknown>;
}

/** What a trainer says of a step whose gradients are with the optimizer. */
export interface StepResult {
  /** `loss` and whatever else was measured. */
  metrics: Metrics & { loss: number };
  /** The step's rows of the data set. */
  rows: readonly number[];
  /** Real tokens among them that have not been counted yet. */
  tokens: number;
  /** When the step began, by `performance.now()`. */
  started: number;
}

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
  #fingerprint: Fingerprint = {};
  #notes: string[] = [];
  #stoppedEarly = false;
  #isBest = false;
  #savedStep = -1;
  #lastCheckpoint: string | null = null;

  private constructor(setup: SessionSetup) {
    this.#setup = setup;
    this.totalSteps = setup.totalSteps;
    this.random = new Random(setup.options.seed ?? 42);
    this.#best = new BestMetric(setup.options);
    const { model, adapter, options } = setup;
    this.optimizer = new AdamW(model.engine, adapter ? adapter.factors : model.weights, options);
  }

  /**
   * Begins a run, or goes on with one where the options say so.
   *
   * @throws When `outputDir` holds checkpoints and the run is not to be resumed, there is no checkpoint at the path given,
   *   or it belongs to another run; the message says what to do.
   */
  static async open(setup: SessionSetup): Promise<TrainingSession> {
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
    const { options, model, adapter, trainer } = this.#setup;
    const { outputDir, resumeFromCheckpoint = false, fileSystem } = options;
    if (outputDir === undefined && resumeFromCheckpoint === false) return;
    this.#fingerprint = await fingerprintOf(model, adapter, { trainer, ...this.#setup.fingerprint });
    if (outputDir !== undefined) await clearTemporaries(outputDir, fileSystem);
    const path = await this.#checkpointToResume(outputDir, resumeFromCheckpoint);
    if (path === null) return;
    const state = await readState(path);
    compareFingerprints(path, state.fingerprint, this.#fingerprint);
    await restoreCheckpoint(path, { model, adapter, optimizer: this.optimizer }, state.optimizerSteps);
    this.step = this.#savedStep = state.step;
    this.tokensSeen = state.numTokens;
    this.random = Random.restore(state.random);
    this.keptLayers = state.keptLayers;
    this.#best.restore(state.best, state.evaluationsWithoutGain);
    this.#stoppedEarly = state.stoppedEarly;
    this.resumedFrom = this.#lastCheckpoint = path;
    this.note(`resumed from ${path} after step ${state.step}`);
    // The run before may have been killed while it was doing this.
    await this.#removeOld();
    if (state.totalSteps !== this.totalSteps) {
      this.note(
        `the run was meant to have ${state.totalSteps} steps and now has ${this.totalSteps}: the learning rate follows the new length`,
      );
    }
  }

  async #checkpointToResume(outputDir: string | undefined, resume: boolean | string): Promise<string | null> {
    if (typeof resume === "string") {
      const problem = await verifyManifest(resume);
      if (problem !== null) throw new Error(`resumeFromCheckpoint: ${resume} is not a whole checkpoint: ${problem}`);
      return resume;
    }
    if (resume) {
      const found = await findCheckpoint(
        outputDir!,
        ({ path }, problem) => this.note(`${path} is passed over: ${problem}`),
      );
      if (!found) this.note(`no checkpoint in ${outputDir}: the run begins at its first step`);
      return found && found.path;
    }
    const [old] = (await listCheckpoints(outputDir!)).slice(-1);
    if (old) {
      throw new Error(
        `outputDir holds ${old.path} of an earlier run: go on with it (resumeFromCheckpoint: true), or choose another folder`,
      );
    }
    return null;
  }

  /** Whether nothing is left to train. */
  get finished(): boolean {
    return this.step >= this.totalSteps || this.#stoppedEarly;
  }

  /** Adds a line to the next step's notes. */
  note(line: string): void {
    this.#notes.push(line);
  }

  /** Throws the signal's reason when it was aborted. */
  throwIfAborted(): void {
    this.#setup.options.signal?.throwIfAborted();
  }

  /**
   * Updates the weights with the gradients that the optimizer has, evaluates where it is time, and gives the step to be
   * yielded. Call `checkpoint` when the consumer asks for the next step: it has then seen, and perhaps logged, this one.
   *
   * @throws {DivergenceError} when loss or gradient are not finite or have exploded; the weights are unchanged
   */
  async update({ metrics, rows, tokens, started }: StepResult): Promise<TrainingStep> {
    const { options, stepsPerEpoch, lossLimit } = this.#setup;
    const step = this.step + 1;
    const failed = (problem: string, cause?: unknown) =>
      divergenceError(problem, { step, rows, lastCheckpoint: this.#lastCheckpoint, cause });
    if (!Number.isFinite(metrics.loss)) throw failed(`the loss is ${metrics.loss}`);
    if (metrics.loss > lossLimit) {
      throw failed(
        `the loss has exploded to ${metrics.loss.toPrecision(4)}, above the limit of ${lossLimit.toPrecision(4)},`,
      );
    }
    const learningRate = learningRateAt(this.step, { ...options, totalSteps: this.totalSteps });
    const gradNorm = await this.optimizer.gradNorm();
    if (!Number.isFinite(gradNorm)) throw failed(`the gradient's norm is ${gradNorm}`);
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
    Object.assign(all, await this.#evaluate());
    const notes = this.#notes;
    this.#notes = [];
    return { step, totalSteps: this.totalSteps, metrics: all, ...(notes.length === 0 ? {} : { notes }) };
  }

  async #evaluate(): Promise<Metrics> {
    const { evaluate, options: { evalSteps = 0, loadBestModelAtEnd = false, earlyStoppingPatience } } = this.#setup;
    const isDue = this.step === this.totalSteps || (evalSteps > 0 && this.step % evalSteps === 0);
    this.#isBest = false;
    if (!evaluate || !isDue) return {};
    const metrics = await evaluate();
    if (!loadBestModelAtEnd && earlyStoppingPatience === undefined) return metrics;
    this.#isBest = this.#best.add(this.step, metrics);
    const { best } = this.#best;
    if (this.#best.isExhausted && this.step < this.totalSteps) {
      this.#stoppedEarly = true;
      this.note(
        `stopped early: ${this.#best.metric} has not become better in ${this.#best.withoutGain} evaluations` +
          (best ? `; the best is ${best.value.toPrecision(6)} of step ${best.step}` : ""),
      );
    }
    if (this.finished && loadBestModelAtEnd && best && best.step !== this.step) {
      this.note(
        `the run ends with the weights of step ${best.step}, whose ${best.metric} of ${
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
    const { options, model, adapter, trainer, stepsPerEpoch, files } = this.#setup;
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
      optimizerSteps: this.optimizer.steps,
      random: this.random.save(),
      keptLayers: this.keptLayers,
      fingerprint: this.#fingerprint,
    };
    const path = `${outputDir}/${checkpointName(this.step)}`;
    const contents = { model, adapter, baseModel, optimizer: this.optimizer, state, files: files?.() ?? {} };
    await saveCheckpoint(path, contents, { fileSystem });
    this.#savedStep = this.step;
    this.#lastCheckpoint = path;
    this.note(`checkpoint saved: ${path}`);
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    const { outputDir, saveTotalLimit: limit, fileSystem } = this.#setup.options;
    if (outputDir === undefined || limit === undefined) return;
    const keep = this.#best.best ? [this.#best.best.step] : [];
    await removeOldCheckpoints(outputDir, { limit, keep, fileSystem });
  }

  /** Ends a run whose steps are done: the best weights take the place of the last ones where that was asked for. */
  async finish(): Promise<void> {
    const { options: { outputDir, loadBestModelAtEnd = false }, model, adapter } = this.#setup;
    const { best } = this.#best;
    if (!loadBestModelAtEnd || !best || best.step === this.step) return;
    await restoreParameters(`${outputDir}/${checkpointName(best.step)}`, model, adapter);
  }

  /** Saves what was learned when a run is ended by its signal. Call it when a step could not be done. */
  async interrupted(): Promise<void> {
    if (this.#setup.options.signal?.aborted && this.step > 0) await this.#save();
  }

  /** Frees the optimizer; weights and adapter stay. */
  async dispose(): Promise<void> {
    await this.optimizer.dispose();
  }
}
