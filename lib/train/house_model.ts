/** The house model, `data/models/kiln-tiny`: a small Qwen2 with its own tokenizer, trained from nothing on generated texts. */
import type { Engine } from "../engine/mod.ts";
import { mixedExampleAt } from "../data/mod.ts";
import { type CausalLM, createModel } from "../models/mod.ts";
import { Random } from "../random/mod.ts";
import { type Tokenizer, trainBpe, type TrainedBpe } from "../tokenizer/mod.ts";
import type { TokenizedExample } from "./batch.ts";
import { tokenizeExample } from "./chat_tokens.ts";
import { findCheckpoint, readState } from "./checkpoint/mod.ts";
import { type HousePhase, type HouseRecipe, houseTokens, mixtureParts } from "./house_recipe.ts";
import { pretrain } from "./pretrain.ts";
import type { CheckpointOptions, TrainingStep } from "./step.ts";

/** Trains the house model's tokenizer: tags and the words of the first documents. */
export async function trainHouseTokenizer(recipe: HouseRecipe): Promise<TrainedBpe> {
  const mixture = mixtureParts(recipe.tokenizer);
  const texts = function* () {
    for (let index = 0; index < recipe.tokenizer.documents; index++) {
      const { messages, tools = [] } = mixedExampleAt(index, mixture, recipe.documents);
      for (const tool of tools) yield JSON.stringify(tool);
      for (const { role, content, tool_calls = [] } of messages) {
        yield role;
        if (typeof content === "string") yield content;
        for (const call of tool_calls) yield JSON.stringify(call.function);
      }
    }
  };
  return await trainBpe({ texts: texts(), vocabSize: recipe.config.vocabSize, addedTokens: houseTokens });
}

/**
 * The stream of a phase's documents as tokens. The assistant's turns are learned; what it is told is only read, but in the
 * share that is learned whole.
 *
 * @param phase One of the recipe's own.
 */
export function* houseDocuments(
  recipe: HouseRecipe,
  phase: HousePhase,
  tokenizer: Tokenizer,
): Generator<TokenizedExample> {
  // Every phase reads texts of its own: the same one never comes twice.
  const at = recipe.phases.indexOf(phase);
  if (at < 0) throw new Error(`phase "${phase.name}" is not one of the recipe's own: take it from recipe.phases`);
  const mixture = mixtureParts(phase);
  const random = new Random(recipe.documents.seed ?? 0).fork("learned whole");
  for (let index = at * PHASE_STRIDE;; index++) {
    const { ids, lossMask } = tokenizeExample(tokenizer, mixedExampleAt(index, mixture, recipe.documents));
    const isWhole = random.fork(index).chance(phase.learnedWhole);
    yield { ids, lossMask: isWhole ? ids.map(() => true) : lossMask };
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
      lrSchedulerType: phase.lrSchedulerType,
      warmupSteps: phase.warmupSteps,
      weightDecay: recipe.weightDecay,
      adamBeta2: recipe.adamBeta2,
      optim: recipe.optim,
      padTokenId: tokenizer.padTokenId,
      outputDir: folder,
      processingClass: tokenizer,
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
