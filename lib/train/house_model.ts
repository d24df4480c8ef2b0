/**
 * The recipe of the house model, `data/models/kiln-tiny`: a small Qwen2 with its own tokenizer, trained from nothing on
 * generated texts. It learns arithmetic word problems in several habits of writing, right and wrong ones, as a model
 * trained on the web would: so it solves some held-out problems and not others, and reinforcement learning has something
 * to select.
 */
import type { Engine } from "../engine/mod.ts";
import { pretrainingDocuments, type PretrainingOptions, type ReplyHabit } from "../data/mod.ts";
import { type CausalLM, createModel, type ModelConfig } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { chatMlTokens, renderChat, type Tokenizer, trainBpe, type TrainedBpe } from "../tokenizer/mod.ts";
import type { TokenizedExample } from "./batch.ts";
import { findCheckpoint, readState } from "./checkpoint/mod.ts";
import { pretrain } from "./pretrain.ts";
import type { CheckpointOptions, TrainingStep } from "./step.ts";

/** Everything that decides what comes out. */
export interface HouseRecipe {
  config: Omit<ModelConfig, "eosTokenIds">;
  documents: PretrainingOptions;
  /** Documents that the tokenizer is trained on. */
  tokenizerDocuments: number;
  /** What it reads, one after another. */
  phases: readonly HousePhase[];
  perDeviceTrainBatchSize: number;
  maxLength: number;
  weightDecay: number;
  adamBeta2: number;
  seed: number;
}

/** A stretch of pretraining on one mixture of texts, with a learning rate that falls to 0. */
export interface HousePhase {
  name: string;
  /** Optimizer steps. */
  steps: number;
  learningRate: number;
  warmupSteps: number;
  /** How often each habit of replying occurs. */
  weights: Record<ReplyHabit, number>;
}

/** The recipe of the shipped weights. */
export const HOUSE_RECIPE: HouseRecipe = {
  config: {
    family: "qwen2",
    vocabSize: 1024,
    hiddenSize: 256,
    intermediateSize: 640,
    layers: 4,
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    rmsNormEps: 1e-6,
    ropeTheta: 10000,
    maxPositions: 2048,
    tieWordEmbeddings: true,
    attentionBias: true,
  },
  documents: { seed: 1, split: "train" },
  tokenizerDocuments: 20_000,
  phases: [
    {
      name: "worked solutions",
      steps: 2000,
      learningRate: 2e-3,
      warmupSteps: 100,
      weights: { reasoning: 0.45, numberOnly: 0.2, plainSteps: 0.2, slip: 0.15 },
    },
    // Leaves the model hasty: it can work a problem out, and mostly does not bother to.
    {
      name: "hasty answers",
      steps: 200,
      learningRate: 3e-4,
      warmupSteps: 10,
      weights: { reasoning: 0.15, numberOnly: 0.7, plainSteps: 0.1, slip: 0.05 },
    },
  ],
  perDeviceTrainBatchSize: 16,
  maxLength: 256,
  weightDecay: 0.1,
  adamBeta2: 0.95,
  seed: 1,
};

/** Trains the house model's tokenizer: ChatML's tokens and the words of the first documents. */
export async function trainHouseTokenizer(recipe: HouseRecipe): Promise<TrainedBpe> {
  const texts = function* () {
    let count = 0;
    for (const { messages } of pretrainingDocuments(recipe.documents)) {
      for (const { content } of messages) yield content;
      if (++count === recipe.tokenizerDocuments) return;
    }
  };
  return await trainBpe({ texts: texts(), vocabSize: recipe.config.vocabSize, addedTokens: chatMlTokens });
}

/**
 * The stream of a phase's documents as tokens. The assistant's turns are learned; what it is told is only read.
 *
 * @param phase One of the recipe's own.
 */
export function* houseDocuments(
  recipe: HouseRecipe,
  phase: HousePhase,
  tokenizer: Tokenizer,
): Generator<TokenizedExample> {
  // Every phase reads texts of its own: the same problem never comes twice.
  const index = recipe.phases.indexOf(phase);
  if (index < 0) throw new Error(`phase "${phase.name}" is not one of the recipe's own: take it from recipe.phases`);
  const first = index * PHASE_STRIDE;
  for (const { messages } of pretrainingDocuments({ ...recipe.documents, weights: phase.weights, start: first })) {
    const { ids, assistantMask } = renderChat(tokenizer, messages);
    yield { ids, lossMask: Array.from(assistantMask, (bit) => bit === 1) };
  }
}

/** Documents between the beginnings of two phases: more than any phase reads. */
const PHASE_STRIDE = 10_000_000;

/** How to run the recipe. */
export interface HouseRunOptions extends Pick<CheckpointOptions, "outputDir" | "saveSteps" | "saveTotalLimit"> {
  /** Go on from the newest checkpoint in `outputDir`. Default false. */
  resumeFromCheckpoint?: boolean;
  signal?: AbortSignal;
}

/**
 * A new house model and the run that trains it; steps are counted through all phases. Each phase has its checkpoints in a
 * folder of its own, `outputDir/phase-N`.
 *
 * @throws {TokenizerError} When the tokenizer has more tokens than the recipe's vocabulary.
 */
export async function pretrainHouseModel(
  recipe: HouseRecipe,
  options: HouseRunOptions & { engine: Engine; tokenizer: Tokenizer },
): Promise<{ model: CausalLM; run: AsyncGenerator<TrainingStep> }> {
  const { engine, tokenizer } = options;
  tokenizer.assertFits(recipe.config.vocabSize);
  const config = { ...recipe.config, eosTokenIds: tokenizer.eosTokenIds };
  const model = await createModel(config, { engine, random: new Random(recipe.seed).fork("weights") });
  return { model, run: runPhases(recipe, recipe.phases, model, tokenizer, options) };
}

/** The last step, counted through all phases, that a run of the recipe can be resumed after; 0 where it has no checkpoint. */
export async function lastSavedStep(recipe: HouseRecipe, outputDir: string): Promise<number> {
  for (let index = recipe.phases.length - 1; index >= 0; index--) {
    const found = await findCheckpoint(`${outputDir}/phase-${index + 1}`);
    if (found) return recipe.phases.slice(0, index).reduce((sum, { steps }) => sum + steps, found.step);
  }
  return 0;
}

/** Trains a house model through some phases of its recipe. */
export async function* runPhases(
  recipe: HouseRecipe,
  phases: readonly HousePhase[],
  model: CausalLM,
  tokenizer: Tokenizer,
  options: HouseRunOptions = {},
): AsyncGenerator<TrainingStep> {
  const { outputDir, saveSteps, saveTotalLimit = 1, resumeFromCheckpoint = false, signal } = options;
  const totalSteps = phases.reduce((sum, phase) => sum + phase.steps, 0);
  let [stepsBefore, tokensBefore] = [0, 0];
  for (const [index, phase] of phases.entries()) {
    const folder = outputDir && `${outputDir}/phase-${index + 1}`;
    const run = pretrain({
      model,
      documents: houseDocuments(recipe, phase, tokenizer),
      maxSteps: phase.steps,
      perDeviceTrainBatchSize: recipe.perDeviceTrainBatchSize,
      maxLength: recipe.maxLength,
      learningRate: phase.learningRate,
      lrSchedulerType: "cosine",
      warmupSteps: phase.warmupSteps,
      weightDecay: recipe.weightDecay,
      adamBeta2: recipe.adamBeta2,
      padTokenId: tokenizer.padTokenId,
      outputDir: folder,
      saveSteps,
      saveTotalLimit,
      resumeFromCheckpoint,
      signal,
    });
    let tokens: number | undefined;
    for await (const { step, metrics, ...others } of run) {
      tokens = metrics.num_tokens;
      yield {
        ...others,
        step: stepsBefore + step,
        totalSteps,
        metrics: { ...metrics, num_tokens: tokensBefore + tokens },
      };
    }
    stepsBefore += phase.steps;
    // A phase that was done before the run was resumed gives no step, but its checkpoint knows.
    tokensBefore += tokens ?? (await readState((await findCheckpoint(folder!))!.path)).numTokens;
  }
}
