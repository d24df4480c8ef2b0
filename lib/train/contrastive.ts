/**
 * Contrastive training of a text encoder: each query is drawn to its own passage and pushed from all others of the batch, and
 * from hard negatives where a pair brings some (InfoNCE; see kernels/info_nce.ts).
 */
import { MASKED } from "../kernels/mod.ts";
import { collateTexts, type ContrastBatch, type SentenceEncoder } from "../models/encoder/mod.ts";
import { divergenceError } from "./divergence.ts";
import { AdamW } from "./optimizer.ts";
import type { OptimizerOptions } from "./optimizer_options.ts";
import { checkSchedule, learningRateAt, type SchedulerType } from "./schedule.ts";
import { checkPositiveInteger, type Metrics, type TrainingStep } from "./step.ts";

/** A question and what answers it. */
export interface TextPair {
  query: string;
  passage: string;
  /** Passages that look right and are not. */
  negatives?: readonly string[];
  /** What it is about: passages of pairs of one topic are no negatives for each other's queries. Default: only equal texts. */
  topic?: string;
}

/** What to train on, and how. Names as in transformers' TrainingArguments where it has them. */
export interface ContrastiveOptions extends OptimizerOptions {
  encoder: SentenceEncoder;
  /** The pairs of a step, counted from 0; two or more, since they are each other's negatives. */
  pairsAt: (step: number) => readonly TextPair[];
  /** Optimizer steps. */
  maxSteps: number;
  /** Cosines are divided by it. Default 0.05. */
  temperature?: number;
  /** Ask passages for their queries too, which is half of the loss then. Default false. */
  symmetric?: boolean;
  /** Put before each query and passage, such as e5's `"query: "`. Default: nothing. */
  queryPrefix?: string;
  passagePrefix?: string;
  /** Tokens that are read of a text. Default: as many as the encoder reads. */
  maxLength?: number;
  /** The peak learning rate. Default 1e-3, for a small encoder that learns from nothing. */
  learningRate?: number;
  /** Default `"cosine"`. */
  lrSchedulerType?: SchedulerType;
  /** Default 0.05; below 1 it is a share of all steps. */
  warmupSteps?: number;
  /** Called every `evalSteps` steps and after the last one; its metrics join the step's, as `eval_NAME`. */
  evaluate?: () => Promise<Metrics>;
  /** Default 0: only after the last step. */
  evalSteps?: number;
  /** Stops the run between two steps; `for await` then throws the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Trains all weights of an encoder and yields each step's metrics: `loss`, `accuracy` (the share of queries whose own passage is
 * the closest of the batch), `grad_norm`, `learning_rate`, `num_tokens` (real ones, seen so far), `truncated` (texts of the
 * step that were cut), `step_time` in seconds. A run is minutes long: there are no checkpoints to resume from.
 *
 * @throws {RangeError} When an option is out of range, or a step has fewer than two pairs.
 * @throws {DivergenceError} When loss or gradient are not finite; the weights are those of the step before.
 */
export async function* contrastive(options: ContrastiveOptions): AsyncGenerator<TrainingStep> {
  const {
    encoder,
    pairsAt,
    maxSteps,
    temperature = 0.05,
    symmetric = false,
    learningRate: peak = 1e-3,
    lrSchedulerType = "cosine",
    warmupSteps = 0.05,
    evaluate,
    evalSteps = 0,
    signal,
  } = options;
  checkPositiveInteger({ maxSteps });
  const schedule = { lrSchedulerType, learningRate: peak, warmupSteps, totalSteps: maxSteps };
  checkSchedule(schedule);
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new RangeError(`temperature: expected a number above 0, got ${temperature}`);
  }
  const optimizer = new AdamW(encoder.engine, encoder.weights, options);
  let tokensSeen = 0;
  try {
    for (let step = 1; step <= maxSteps; step++) {
      signal?.throwIfAborted();
      const started = performance.now();
      const { batch, truncated } = contrastBatch(encoder, pairsAt(step - 1), options);
      const { loss, accuracy } = await encoder.contrast(batch, { temperature, symmetric }, optimizer.addGradient);
      const gradNorm = await optimizer.gradNorm();
      for (const [what, value] of [["loss", loss], ["gradient's norm", gradNorm]] as const) {
        if (Number.isFinite(value)) continue;
        const where = `the ${batch.queries} pairs of pairsAt(${step - 1})`;
        throw divergenceError(`the ${what} is ${value}`, { step, rows: [], where, lastCheckpoint: null });
      }
      const learningRate = learningRateAt(step - 1, schedule);
      await optimizer.step(learningRate, gradNorm);
      tokensSeen += batch.texts.realTokens;
      const metrics: Metrics = {
        loss,
        accuracy,
        grad_norm: gradNorm,
        learning_rate: learningRate,
        num_tokens: tokensSeen,
        truncated,
        step_time: (performance.now() - started) / 1000,
      };
      if (evaluate && (step === maxSteps || (evalSteps > 0 && step % evalSteps === 0))) {
        for (const [name, value] of Object.entries(await evaluate())) metrics[`eval_${name}`] = value;
      }
      yield { step, totalSteps: maxSteps, metrics };
    }
  } finally {
    await optimizer.dispose();
  }
}

/**
 * Pairs as the encoder compares them. What equals a query's own passage, or belongs to an equal query, is no negative for it.
 *
 * @throws {RangeError} When there are fewer than two pairs.
 */
export function contrastBatch(
  encoder: SentenceEncoder,
  pairs: readonly TextPair[],
  options: Pick<ContrastiveOptions, "queryPrefix" | "passagePrefix" | "maxLength"> = {},
): { batch: ContrastBatch; truncated: number } {
  const { queryPrefix = "", passagePrefix = "", maxLength } = options;
  if (pairs.length < 2) throw new RangeError(`a step of ${pairs.length} pairs: expected two or more`);
  const owner = pairs.map((_, pair) => pair);
  const passages = pairs.map(({ passage }) => passage);
  pairs.forEach(({ negatives = [] }, pair) => {
    passages.push(...negatives);
    owner.push(...negatives.map(() => pair));
  });
  const tokenized = [
    ...pairs.map(({ query }) => encoder.tokenize(queryPrefix + query, maxLength)),
    ...passages.map((passage) => encoder.tokenize(passagePrefix + passage, maxLength)),
  ];
  const own = new Float32Array(pairs.length * passages.length);
  const bias = new Float32Array(own.length);
  pairs.forEach(({ query, passage, topic }, i) => {
    const start = i * passages.length;
    own[start + i] = 1;
    for (let j = 0; j < passages.length; j++) {
      if (j === i) continue;
      const other = pairs[owner[j]];
      const isAlike = other.query === query || (topic !== undefined && other.topic === topic);
      // The passage of a like pair may answer this query too; its hard negatives may not, but who knows.
      const answers = passages[j] === passage || (isAlike && owner[j] !== i);
      if (answers) bias[start + j] = MASKED;
    }
  });
  const texts = collateTexts(tokenized.map(({ ids }) => ids), encoder.config, encoder.settings.pooling);
  const truncated = tokenized.filter((row) => row.truncated).length;
  return { batch: { texts, queries: pairs.length, own, bias }, truncated };
}
