/**
 * Supervised fine-tuning on chains of thought, by two published recipes: what a row becomes, which tokens are learned, and
 * with which settings. The settings are presets that a caller may override one by one.
 */
import { MEDICAL_REASONING_PROMPT, REASONING_PREFILL } from "../data/mod.ts";
import type { WeightPrecision } from "../models/mod.ts";
import { chatMlTemplate, type Tokenizer } from "../tokenizer/mod.ts";
import type { TokenizedExample } from "./batch.ts";
import { alpacaChatTemplate } from "./alpaca_template.ts";
import { type PromptMessage, renderPrompt } from "./rollout/mod.ts";
import type { SchedulerType } from "./schedule.ts";
import { recipeSettings, type RecipeSettingsOptions } from "./recipe_settings.ts";

/** A question, the reasoning and the answer, under the names that medical-o1-reasoning-SFT gave them. */
export interface CotRow {
  Question: string;
  Complex_CoT: string;
  Response: string;
}

/** What a run takes from its recipe; names as in `SftOptions`, `LoraOptions` and `loadModel`. */
export interface CotSettings {
  /** Rows of the data set, before a tenth of them is held out. */
  rows: number;
  learningRate: number;
  lrSchedulerType: SchedulerType;
  warmupSteps: number;
  weightDecay: number;
  numTrainEpochs: number;
  /** -1: as many as the epochs have; else it decides. */
  maxSteps: number;
  perDeviceTrainBatchSize: number;
  gradientAccumulationSteps: number;
  maxLength: number;
  packing: boolean;
  loraRank: number;
  loraAlpha: number;
  precision: WeightPrecision;
}

/** A way to turn rows into texts, with the settings that go with it. */
export interface CotRecipe {
  /** Its source, in a few words. */
  description: string;
  /** The settings as they were published; what the source does not say is chosen here (see `COT_RECIPES`). */
  published: CotSettings;
  /** What is different for a model of a few million weights, and for texts as short as the vignettes. */
  small: Partial<CotSettings>;
  /** Which adapter training goes on from: the newest that reinforcement learning left, or none (see `earlierAdapter`). */
  adapter: "newest" | "none";
  /** The chat template, where the recipe brings its own. Default: the model's, or ChatML where that has none. */
  chatTemplate?: string;
  /** Text that the assistant's turn begins with: given to the model, never learned. */
  prefill: string;
  /** The question as a chat. */
  prompt(question: string): PromptMessage[];
  /** The rest of the assistant's turn, which is learned. The end token comes after it. */
  completion(row: CotRow): string;
}

/**
 * The recipes by name.
 * - `qwen`: the second stage of a math and medical reasoning model on Qwen2.5-3B. It goes on from the adapter that
 *   reinforcement learning left. Batches of 32 are published, how they are divided is not, and neither are length, rank and
 *   precision: those here are of the stage before, and lengths that all rows fit.
 * - `r1-distill`: the tutorial recipe for DeepSeek-R1-Distill-Llama-8B on one T4, a new adapter on a 4-bit base.
 */
export const COT_RECIPES = {
  qwen: {
    description: "ChatML, <think> and <answer> tags, on from an adapter",
    published: {
      rows: 10_000,
      learningRate: 3e-5,
      lrSchedulerType: "cosine",
      warmupSteps: 0.03,
      weightDecay: 0,
      numTrainEpochs: 2,
      maxSteps: -1,
      perDeviceTrainBatchSize: 4,
      gradientAccumulationSteps: 8,
      maxLength: 2048,
      packing: false,
      loraRank: 16,
      loraAlpha: 32,
      precision: "float16",
    },
    small: {
      rows: 4000,
      learningRate: 8e-3,
      perDeviceTrainBatchSize: 8,
      gradientAccumulationSteps: 1,
      maxLength: 512,
      packing: true,
      precision: "float32",
    },
    adapter: "newest",
    prefill: REASONING_PREFILL,
    prompt: (question) => [
      { role: "system", content: MEDICAL_REASONING_PROMPT },
      { role: "user", content: question.trim() },
    ],
    completion: ({ Complex_CoT, Response }) =>
      `${Complex_CoT.trim()}\n</think>\n<answer>\n${Response.trim()}\n</answer>`,
  },
  "r1-distill": {
    description: "Alpaca-style prompt, <think> tags, a new adapter on a 4-bit base",
    published: {
      rows: 500,
      learningRate: 2e-4,
      lrSchedulerType: "linear",
      warmupSteps: 5,
      weightDecay: 0.01,
      numTrainEpochs: 1,
      maxSteps: 60,
      perDeviceTrainBatchSize: 2,
      gradientAccumulationSteps: 4,
      maxLength: 2048,
      packing: false,
      loraRank: 16,
      loraAlpha: 16,
      precision: "4bit",
    },
    small: {
      rows: 4000,
      learningRate: 8e-3,
      maxSteps: -1,
      numTrainEpochs: 2,
      perDeviceTrainBatchSize: 8,
      gradientAccumulationSteps: 1,
      maxLength: 512,
      packing: true,
    },
    adapter: "none",
    chatTemplate: alpacaChatTemplate,
    prefill: "",
    prompt: (question) => [{ role: "user", content: question.trim() }],
    completion: ({ Complex_CoT, Response }) => `<think>\n${Complex_CoT.trim()}\n</think>\n${Response.trim()}`,
  },
} as const satisfies Record<string, CotRecipe>;

/** What a recipe is called. */
export type CotRecipeName = keyof typeof COT_RECIPES;

/** The names of the recipes. */
export const COT_RECIPE_NAMES = Object.keys(COT_RECIPES) as [CotRecipeName, ...CotRecipeName[]];

/** Which values to take. */
export type CotSettingsOptions = RecipeSettingsOptions<CotSettings>;

/** The settings of a run: the recipe's for the model's size, with the caller's in their place. */
export function cotSettings(recipe: CotRecipe, options: CotSettingsOptions): CotSettings {
  return recipeSettings(recipe, options);
}

/**
 * The tokenizer with the recipe's chat template, which is kept in `chat_template.jinja` when it is saved: whoever loads the
 * adapter asks its questions as they were learned.
 */
export function cotTokenizer(tokenizer: Tokenizer, recipe: CotRecipe): Tokenizer {
  return tokenizer.withChatTemplate(recipe.chatTemplate ?? tokenizer.chatTemplate ?? chatMlTemplate);
}

/** How rows become tokens. */
export interface CotTokenizing {
  /** With the recipe's chat template: see `cotTokenizer`. */
  tokenizer: Tokenizer;
  recipe: CotRecipe;
}

/**
 * A row as tokens. The prompt with its prefill is masked; the completion and the end token are learned. Prompt and completion
 * are encoded apart, as when the model itself goes on from the prompt, and the prompt is the very one that `renderPrompt` makes for
 * generation.
 *
 * @throws When the tokenizer has no end token: a model that never sees one never learns to stop.
 */
export function tokenizeCot(row: CotRow, { tokenizer, recipe }: CotTokenizing): TokenizedExample {
  const { eosTokenId } = tokenizer;
  if (eosTokenId === undefined) throw new Error("the tokenizer names no end token, so that no end can be learned");
  const prompt = tokenizer.encode(renderPrompt({ prompt: recipe.prompt(row.Question) }, tokenizer, recipe.prefill));
  const completion = [...tokenizer.encode(recipe.completion(row)), eosTokenId];
  return {
    ids: [...prompt, ...completion],
    lossMask: [...prompt.map(() => false), ...completion.map(() => true)],
  };
}

/**
 * Makes the check for rows that are far too long, for a reader's `check`: such a row is a mistake in the data (a whole
 * book, a file read as one line) rather than a long answer, and cutting it would keep nothing of its end.
 *
 * @param maxTokens What a row may have at most, prompt and end token included.
 */
export function cotLengthCheck(
  { maxTokens, ...tokenizing }: CotTokenizing & { maxTokens: number },
): (row: CotRow) => string | null {
  const bytes = new TextEncoder();
  const bytesOf = (row: CotRow) => bytes.encode(row.Question + row.Complex_CoT + row.Response).length;
  const empty = { Question: "", Complex_CoT: "", Response: "" };
  const around = tokenizeCot(empty, tokenizing).ids.length;
  return (row) => {
    // A token is at least a byte: most rows need not be tokenized to be found short enough.
    if (bytesOf(row) + around <= maxTokens) return null;
    const { length } = tokenizeCot(row, tokenizing).ids;
    return length <= maxTokens
      ? null
      : `${length.toLocaleString("en")} tokens, more than ${maxTokens.toLocaleString("en")}`;
  };
}
