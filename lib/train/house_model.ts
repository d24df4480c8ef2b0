/**
 * The recipe of the house model, `data/models/kiln-tiny`: a small Qwen2 with its own tokenizer, trained from nothing on
 * generated texts. It learns arithmetic word problems in several habits of writing, right and wrong ones, as a model
 * trained on the web would: so it solves some held-out problems and not others, and reinforcement learning has something
 * to select.
 */
import type { Engine } from "../engine/mod.ts";
import { pretrainingDocuments, type PretrainingOptions } from "../data/mod.ts";
import { type CausalLM, createModel, type ModelConfig } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { chatMlTokens, renderChat, type Tokenizer, trainBpe, type TrainedBpe } from "../tokenizer/mod.ts";
import type { TokenizedExample } from "./batch.ts";
import { pretrain } from "./pretrain.ts";
import type { TrainingStep } from "./step.ts";

/** Everything that decides what comes out. */
export interface HouseRecipe {
  config: Omit<ModelConfig, "eosTokenIds">;
  documents: PretrainingOptions;
  /** Documents that the tokenizer is trained on. */
  tokenizerDocuments: number;
  /** Optimizer steps. */
  steps: number;
  perDeviceTrainBatchSize: number;
  maxLength: number;
  learningRate: number;
  warmupSteps: number;
  weightDecay: number;
  adamBeta2: number;
  seed: number;
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
  steps: 2000,
  perDeviceTrainBatchSize: 16,
  maxLength: 256,
  learningRate: 2e-3,
  warmupSteps: 100,
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

/** The stream of training documents as tokens. The assistant's turns are learned; what it is told is only read. */
export function* houseDocuments(recipe: HouseRecipe, tokenizer: Tokenizer): Generator<TokenizedExample> {
  for (const { messages } of pretrainingDocuments(recipe.documents)) {
    const { ids, assistantMask } = renderChat(tokenizer, messages);
    yield { ids, lossMask: Array.from(assistantMask, (bit) => bit === 1) };
  }
}

/**
 * A new house model and the run that trains it.
 *
 * @throws {TokenizerError} when the tokenizer has more tokens than the recipe's vocabulary
 */
export async function pretrainHouseModel(
  recipe: HouseRecipe,
  options: { engine: Engine; tokenizer: Tokenizer; signal?: AbortSignal },
): Promise<{ model: CausalLM; run: AsyncGenerator<TrainingStep> }> {
  const { engine, tokenizer, signal } = options;
  tokenizer.assertFits(recipe.config.vocabSize);
  const config = { ...recipe.config, eosTokenIds: tokenizer.eosTokenIds };
  const model = await createModel(config, { engine, random: new Random(recipe.seed).fork("weights") });
  const run = pretrain({
    model,
    documents: houseDocuments(recipe, tokenizer),
    maxSteps: recipe.steps,
    perDeviceTrainBatchSize: recipe.perDeviceTrainBatchSize,
    maxLength: recipe.maxLength,
    learningRate: recipe.learningRate,
    lrSchedulerType: "cosine",
    warmupSteps: recipe.warmupSteps,
    weightDecay: recipe.weightDecay,
    adamBeta2: recipe.adamBeta2,
    padTokenId: tokenizer.padTokenId,
    signal,
  });
  return { model, run };
}
